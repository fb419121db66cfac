import { throwIfAborted, toErrorReport } from '../../preload/contract/errors.ts';
import { ticksToSeconds } from '../../preload/contract/frames.ts';
import type { DecodeContext } from './decode-arguments.ts';
import { DamageFinder } from './damage.ts';
import { readDecodeLog } from './decode-log.ts';
import { sameFormat, type FormatRun, type FrameFormat } from './frame-format.ts';
import { keyFrameBefore, nextKeyFrame, type FrameTable } from './frame-table.ts';

/** Damaged frames by group of pictures, as far as somebody had reason to look; kept as long as the table is. */
const looks = new WeakMap<FrameTable, Map<number, Promise<ReadonlySet<number>>>>();

/** Damaged frames of the group of frame `index`, if it has been looked at; else null. */
export async function knownDamage(
  table: FrameTable,
  index: number,
  signal?: AbortSignal,
): Promise<ReadonlySet<number> | null> {
  const look = looks.get(table)?.get(keyFrameBefore(table, index));
  return look ? resultOf(look, signal) : null;
}

/** Finds out once which frames in the group of frame `index` are damaged. */
export async function lookForDamage(
  context: DecodeContext,
  table: FrameTable,
  index: number,
  signal?: AbortSignal,
): Promise<void> {
  const key = keyFrameBefore(table, index);
  let ofTable = looks.get(table);
  if (!ofTable) looks.set(table, (ofTable = new Map<number, Promise<ReadonlySet<number>>>()));
  let look = ofTable.get(key);
  if (!look) {
    look = damageOfGroup(context, table, key, signal);
    ofTable.set(key, look);
    look.catch(() => ofTable.delete(key));
  }
  await resultOf(look, signal);
}

/** What a look found; null where whoever began it was stopped, so that who asks now may look again. */
async function resultOf(
  look: Promise<ReadonlySet<number>>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<number> | null> {
  try {
    return await look;
  } catch (error) {
    throwIfAborted(signal);
    if (toErrorReport(error).code === 'cancelled') return null;
    throw error;
  }
}

async function damageOfGroup(
  context: DecodeContext,
  table: FrameTable,
  key: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<number>> {
  const end = nextKeyFrame(table, key);
  const finder = new DamageFinder(true);
  const interval = around(table, key, end);
  for await (const entry of readDecodeLog(context, { interval, fromStart: key === 0, signal }))
    finder.add(entry);
  const damaged = new Set<number>();
  const times = finder.times();
  for (let index = key; index < end; index++) if (times.has(table.ticks[index] as number)) damaged.add(index);
  context.log.info('A group of pictures is damaged', { key, end, damaged: damaged.size });
  return damaged;
}

/**
 * Seconds that hold the group of key frame `key` and what is decoded with it. They begin well before it: what is wrong
 * there ends at the key frame, while a search that landed behind it would miss the key frame.
 */
function around(table: FrameTable, key: number, end: number): readonly [number, number] {
  const seconds = (ticks: number) => ticksToSeconds(ticks, table.timeBase);
  const after = end < table.ticks.length ? (table.ticks[end] as number) : table.endTicks;
  return [seconds(table.ticks[key] as number) - 1, seconds(after) + 2];
}

/** Finds out which formats the group of frame `index` has, where it turned out to have another than the table says. */
export async function learnFormats(
  context: DecodeContext,
  table: FrameTable,
  index: number,
  signal?: AbortSignal,
): Promise<void> {
  const key = keyFrameBefore(table, index);
  const end = nextKeyFrame(table, index);
  const found = new Map<number, FrameFormat>();
  for await (const entry of readDecodeLog(context, { interval: around(table, key, end), signal })) {
    if (entry.kind === 'frame' && entry.pts !== null) found.set(entry.pts, entry.format);
  }
  const formats: FormatRun[] = table.formats.filter(({ first }) => first < key || first >= end);
  for (let frame = key; frame < end; frame++) {
    const format = found.get(table.ticks[frame] as number);
    const before = formats.findLast(({ first }) => first <= frame)?.format;
    if (format && !(before && sameFormat(before, format))) formats.push({ first: frame, format });
  }
  formats.sort((a, b) => a.first - b.first);
  table.formats = formats.length > 0 ? formats : table.formats;
}
