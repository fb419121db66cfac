import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { placesSaid } from '../../../preload/contract/coherence.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { recordFaults } from './check-record.ts';
import { words } from './grammar.ts';
import type { DatasetRecord, Span, SpanRole } from './record.ts';

/** A site's own writer of reasoning: text for a record, or null to keep what the grammar wrote. */
export type Writer = (record: DatasetRecord) => string | null | Promise<string | null>;

/**
 * A JavaScript module that exports `write(record)`.
 *
 * @throws WorkstationError `invalid-input` when it cannot be loaded or exports no such function.
 */
export async function loadWriter(path: string): Promise<Writer> {
  let module: { write?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as { write?: unknown };
  } catch (error) {
    throw new WorkstationError(
      'invalid-input',
      `The writer ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`,
      'Give a JavaScript module that exports write(record), which returns text or null.',
      { cause: error },
    );
  }
  if (typeof module.write !== 'function') {
    throw new WorkstationError(
      'invalid-input',
      `The writer ${path} exports no function write.`,
      'Export write(record), which returns text or null.',
    );
  }
  return module.write as Writer;
}

const letter = /[\p{L}\p{N}_]/u;

/** Marks the first word, the places that the text names, and the label where it is said. */
export function spansOf(text: string, label: string, question: string): Span[] {
  const first = /^[\p{L}\p{N}]+/u.exec(text)?.[0] ?? '';
  const found: Span[] = first === '' ? [] : [[0, first.length, 'presence']];
  const add = (from: number, to: number, role: SpanRole): void => {
    const begin = text[from - 1] === ' ' ? from - 1 : from;
    const whole = letter.test(text[to - 1] ?? '') && !letter.test(text[to] ?? '');
    if (begin === from || !whole || found.some(([a, b]) => begin < b && to > a)) return;
    found.push([begin, to, role]);
  };
  for (const { range } of placesSaid(text, question)) add(range[0], range[1], 'place');
  const lower = text.toLowerCase();
  const said = words(label).toLowerCase();
  for (let at = lower.indexOf(said); at >= 0; at = lower.indexOf(said, at + said.length)) {
    add(at, at + said.length, 'label');
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/**
 * The record with the writer's reasoning, checked like every other; or the reasons why it cannot be used.
 *
 * @throws WorkstationError `data-malformed` with the record's id when the writer fails or returns neither text nor null.
 */
export async function rewritten(
  record: DatasetRecord,
  write: Writer,
): Promise<DatasetRecord | { faults: string[] }> {
  if (record.reasoning === null) return record;
  let text: unknown;
  try {
    text = await write(structuredClone(record));
  } catch (error) {
    throw new WorkstationError(
      'data-malformed',
      `The writer failed on record ${record.id}: ${error instanceof Error ? error.message : String(error)}.`,
      'Correct the writer; it may return null for a record that it has no words for.',
      { cause: error },
    );
  }
  if (text === null) return record;
  if (typeof text !== 'string') {
    throw new WorkstationError(
      'data-malformed',
      `The writer returned ${typeof text} for record ${record.id}.`,
      'It must return text, or null to keep the reasoning of the grammar.',
    );
  }
  const reasoning = text.trim();
  if (reasoning === '') return { faults: ['the writer returned an empty text'] };
  const own = { ...record, reasoning, spans: spansOf(reasoning, record.label, record.question) };
  const faults = recordFaults(own);
  return faults.length === 0 ? own : { faults: faults.map((fault) => `the writer's reasoning: ${fault}`) };
}
