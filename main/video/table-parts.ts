import type { DecodeContext } from './decode-arguments.ts';
import { formatAt, type FormatRun } from './frame-format.ts';
import { partFacts, type FrameTable, type PartFacts, type PartHead, type TablePart } from './frame-table.ts';
import type { VideoProbe } from './probe.ts';
import type { TransportPart } from './transport-parts.ts';

/** The table of one part before all parts are joined. */
export interface CountedPart {
  readonly part: TransportPart;
  readonly probe: VideoProbe;
  readonly table: FrameTable;
}

/** Joins the tables of parts, all of the same time base, each of which was decoded as a whole. */
export function joinParts(counted: readonly CountedPart[], lostParts: number): FrameTable {
  const tables = counted.map(({ table }) => table);
  const [opening, closing] = [tables[0], tables.at(-1)] as [FrameTable, FrameTable];
  let first = 0;
  const heads: PartHead[] = [];
  const formats: FormatRun[] = [];
  for (const { part, probe, table } of counted) {
    const facts = Object.fromEntries(partFacts.map((name) => [name, probe[name]])) as unknown as PartFacts;
    const { endTicks, seekable, singleThread } = table;
    heads.push({ ...part, first, facts, endTicks, seekable, singleThread });
    for (const run of table.formats) formats.push({ ...run, first: run.first + first });
    first += table.ticks.length;
  }
  const flags = (name: 'keys' | 'damaged') =>
    joined(
      tables.map((table) => table[name] as Uint8Array),
      Uint8Array,
    );
  const whole: Omit<FrameTable, 'parts'> = {
    ...opening,
    ticks: joined(
      tables.map(({ ticks }) => ticks),
      Float64Array,
    ),
    endTicks: closing.endTicks,
    keys: flags('keys'),
    damaged: flags('damaged'),
    checksums: joined(
      tables.map(({ checksums }) => checksums as Uint32Array),
      Uint32Array,
    ),
    formats,
    singleThread: tables.some(({ singleThread }) => singleThread),
    // Each part is looked for in its own stream; across them times may be those of several clocks.
    seekable: false,
    lostParts,
  };
  return withParts(whole, heads);
}

function joined<Numbers extends Uint8Array | Uint32Array | Float64Array>(
  pieces: readonly Numbers[],
  Kind: new (length: number) => Numbers,
): Numbers {
  const all = new Kind(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The table with views of its parts. */
export function withParts(whole: Omit<FrameTable, 'parts'>, heads: readonly PartHead[]): FrameTable {
  const parts = heads.map((head, place): TablePart => {
    const { first, endTicks, seekable, singleThread } = head;
    const end = heads[place + 1]?.first ?? whole.ticks.length;
    const formats = [
      { first: 0, format: formatAt(whole, first) },
      ...whole.formats
        .filter((run) => run.first > first && run.first < end)
        .map((run) => ({ ...run, first: run.first - first })),
    ];
    const table: FrameTable = {
      ...whole,
      ticks: whole.ticks.subarray(first, end),
      keys: whole.keys.subarray(first, end),
      damaged: whole.damaged?.subarray(first, end) ?? null,
      checksums: whole.checksums?.subarray(first, end) ?? null,
      ...{ endTicks, seekable, singleThread, formats },
      parts: [],
    };
    return { ...head, table };
  });
  return { ...whole, parts };
}

/** Where a frame is decoded: in what of the file, by which table, and the number that its first frame has in the whole. */
export interface FramePart {
  readonly context: DecodeContext;
  readonly table: FrameTable;
  readonly first: number;
}

/** The part that frame `index` lies in; all of the file where it has none. */
export function partAt(context: DecodeContext, table: FrameTable, index: number): FramePart {
  const part = table.parts.findLast(({ first }) => first <= index);
  if (!part) return { context, table, first: 0 };
  return { context: contextOfPart(context, part), table: part.table, first: part.first };
}

function contextOfPart(context: DecodeContext, { start, end, facts }: TablePart): DecodeContext {
  const { probe } = context;
  return { ...context, probe: { ...probe, ...facts, input: { ...probe.input, pieces: [{ start, end }] } } };
}
