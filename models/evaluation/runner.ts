import type { Corners } from '../../preload/contract/boxes.ts';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import { ANSWERS_26, QUESTION_TYPES } from '../data/labels.ts';
import type { QuestionType } from '../data/labels.ts';
import type { QuestionRow } from '../data/endovis.ts';
import { accuracy, fitBlindLookup, macroF, mapLabel, miou, miouReference, perClass } from './metrics.ts';
import type { BoxPair, ClassScore, LabelPair } from './metrics.ts';

/**
 * Runs a model over questions with known answers. It knows rows and a function that answers one of them:
 * no video, no engine, no host.
 */

/** What a model said to one row; the box in pixels of the row's image. */
export interface RowAnswer {
  label: string | null;
  box: readonly number[] | null;
  status: string;
  probability?: number | null;
}

export interface EvaluateOptions {
  rows: readonly QuestionRow[];
  answer: (row: QuestionRow, signal: AbortSignal) => Promise<RowAnswer>;
  /** Rows for fitting the blind lookup; the evaluated set itself when absent. */
  trainRows?: readonly QuestionRow[];
  /** Labels that free text is mapped to. */
  labels?: readonly string[];
  /** Ask at most so many questions: whole frames, spread evenly over the set. */
  limit?: number;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface Figures {
  questions: number;
  /** Micro accuracy, 0..1. */
  accuracy: number;
  macroF: number;
  /** True mean IoU over the rows that have a true box; no box given counts 0. */
  miou: number;
  /** Mean IoU as the reference repository computes it: compatible with published figures, inflated. */
  miouReference: number;
  /** Accuracy of the most frequent answer to each wording, with no image. */
  blindFloor: number;
}

export interface Evaluation extends Figures {
  blindFloorFittedOn: 'training rows' | 'the evaluated set';
  byType: Partial<Record<QuestionType, Figures>>;
  /**
   * Rows whose answer has no usable label or no usable box. "Not visible" is an answer that can be read, if a
   * wrong one for a row with a box; it is counted in `byStatus`.
   */
  unparsable: number;
  byStatus: Record<string, number>;
  perClass: Record<string, ClassScore>;
}

interface Scored {
  row: QuestionRow;
  label: LabelPair;
  box: BoxPair | null;
  blind: LabelPair;
}

/**
 * Ask every row and compute the figures. Errors of `answer` end the run: a model that cannot answer one row has
 * no figures over all of them.
 *
 * @throws WorkstationError `cancelled` when the signal is raised.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const labels = options.labels ?? ANSWERS_26;
  const signal = options.signal ?? new AbortController().signal;
  const rows = options.limit === undefined ? options.rows : spread(options.rows, options.limit);
  const blind = fitBlindLookup(options.trainRows ?? options.rows);
  const scored: Scored[] = [];
  const byStatus: Record<string, number> = {};
  let unparsable = 0;
  options.onProgress?.({ done: 0, total: rows.length });
  for (const row of rows) {
    throwIfAborted(signal);
    const said = await options.answer(row, signal);
    const box = corners(said.box);
    byStatus[said.status] = (byStatus[said.status] ?? 0) + 1;
    const usable = said.status === 'not-visible' || (box !== null && (said.label ?? '').trim() !== '');
    if (!usable) unparsable++;
    scored.push({
      row,
      label: { truth: row.answer, prediction: mapLabel(said.label, labels) },
      box: row.box && { truth: row.box, prediction: box, size: { width: row.width, height: row.height } },
      blind: { truth: row.answer, prediction: blind(row) },
    });
    options.onProgress?.({ done: scored.length, total: rows.length });
  }
  const byType: Evaluation['byType'] = {};
  for (const type of QUESTION_TYPES) {
    const part = scored.filter(({ row }) => row.questionType === type);
    if (part.length > 0) byType[type] = figures(part);
  }
  return {
    ...figures(scored),
    blindFloorFittedOn: options.trainRows ? 'training rows' : 'the evaluated set',
    byType,
    unparsable,
    byStatus,
    perClass: perClass(scored.map(({ label }) => label)),
  };
}

function figures(scored: readonly Scored[]): Figures {
  const labels = scored.map(({ label }) => label);
  const boxes = scored.flatMap(({ box }) => box ?? []);
  return {
    questions: scored.length,
    accuracy: accuracy(labels),
    macroF: macroF(labels),
    miou: miou(boxes),
    miouReference: miouReference(boxes),
    blindFloor: accuracy(scored.map(({ blind }) => blind)),
  };
}

function corners(box: readonly number[] | null): Corners | null {
  if (box?.length !== 4 || box.some((value) => !Number.isFinite(value))) return null;
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null;
}

/** At most `limit` rows: all questions of frames spread evenly over the set, in the set's order. */
export function spread(rows: readonly QuestionRow[], limit: number): QuestionRow[] {
  if (limit >= rows.length) return [...rows];
  const frames = new Map<string, QuestionRow[]>();
  for (const row of rows) {
    const found = frames.get(row.image);
    if (found) found.push(row);
    else frames.set(row.image, [row]);
  }
  const groups = [...frames.values()];
  const wanted = Math.min(groups.length, Math.ceil((limit * groups.length) / rows.length));
  const chosen = new Set(Array.from({ length: wanted }, (_, i) => Math.floor((i * groups.length) / wanted)));
  let total = 0;
  for (const i of chosen) total += groups[i]?.length ?? 0;
  // Frames have one to seven questions: take further frames until there are enough.
  for (let i = 0; i < groups.length && total < limit; i++) {
    if (chosen.has(i)) continue;
    chosen.add(i);
    total += groups[i]?.length ?? 0;
  }
  return groups
    .filter((_, i) => chosen.has(i))
    .flat()
    .slice(0, limit);
}
