import { z } from 'zod';
import type { Corners } from '../../preload/contract/boxes.ts';
import { absentLabel } from '../../preload/contract/coherence.ts';
import { Box, Size } from '../../preload/contract/values.ts';
import { ALL_TYPES, ANSWERS_26, NO, REFUSALS, WORDINGS, YES } from '../data/index.ts';

/** What a question asks for. `grounding` names the thing and asks for its box alone. */
export const EvaluationType = z.enum(ALL_TYPES);
export type EvaluationType = z.infer<typeof EvaluationType>;
export const EVALUATION_TYPES = EvaluationType.options;

/** How a question is worded: as in the data set, otherwise, or otherwise in words kept out of training. */
export const Wording = z.enum(WORDINGS);
export type Wording = z.infer<typeof Wording>;

/** One question about one picture, with its true answer. */
export const EvaluationRow = z.object({
  /** Unique in its set. */
  id: z.string().min(1),
  /** Path of the image file. */
  image: z.string().min(1),
  question: z.string().min(1),
  questionType: EvaluationType,
  /** The tool or organ that the question names; null where it names none, as in "What organ is shown?". */
  subject: z.string().nullable(),
  wording: Wording,
  /** The true label as the set spells it; `absentLabel` where the thing is not in the picture. */
  label: z.string().min(1),
  /** In pixels of the image; null for an absent thing, for what has no place, and in sets without boxes. */
  box: Box.nullable(),
  /** Of a question whose answer names several things: each with its box. */
  items: z.array(z.object({ label: z.string().min(1), box: Box })).optional(),
  ...Size.shape,
});
export type EvaluationRow = z.infer<typeof EvaluationRow>;

/** What a model answered to a row. */
export interface RowAnswer {
  label: string | null;
  /** In pixels of the row's image; whether it has an area is not promised. */
  box: Corners | null;
  /** Of a list answer: each thing that it names. */
  items?: readonly { label: string; box: Corners | null }[];
  reasoning: string;
  /** Whether the text has the form that the model declares. */
  wellFormed: boolean;
  /** Probability that the model gave to its label, 0..1; null where it is not known. */
  probability: number | null;
  /** Probability that the model gave to its box, where it is known. */
  boxProbability?: number | null;
}

export interface AnsweredRow {
  row: EvaluationRow;
  answer: RowAnswer;
}

/** Something that could not be measured, and where it stands. */
export interface Problem {
  /** A file with its line, or the id of a row. */
  where: string;
  what: string;
}

export const isAbsent = (row: EvaluationRow): boolean => row.label === absentLabel;

/**
 * The labels that free text is mapped to: the 26 of Surgical-VQLA++, what the set's answers are besides, what
 * the model declares, and `absentLabel`.
 */
export function labelsFor(rows: readonly EvaluationRow[], declared: readonly string[] = []): string[] {
  // A list of names is no label of its own; its names are.
  const said = rows.flatMap(({ label, items }) => {
    const names = (items ?? []).map((item) => item.label);
    return names.join(', ') === label ? names : [label, ...names];
  });
  // One of two answers that never came up as a truth is an answer of its kind all the same.
  const kinds = new Set(rows.map(({ questionType }) => questionType));
  const ofKind = [
    ...(kinds.has('presence') ? [YES, NO] : []),
    ...(kinds.has('refusal') ? Object.values(REFUSALS) : []),
  ];
  const others = [...new Set([...said, ...ofKind, ...declared])].filter(
    (label) => label !== absentLabel && !(ANSWERS_26 as readonly string[]).includes(label),
  );
  return [...ANSWERS_26, ...others.sort(), absentLabel];
}

/**
 * Rows that ask the same of the same picture once: a set may hold a question with and without reasoning, and a
 * model's greedy answer to both is one. The first of them stays; `repeats` has the ids of the others by its id.
 */
export function withoutRepeats(rows: readonly EvaluationRow[]): {
  rows: EvaluationRow[];
  repeats: Map<string, string[]>;
} {
  const kept = new Map<string, EvaluationRow>();
  const repeats = new Map<string, string[]>();
  for (const row of rows) {
    const key = `${row.image}\0${row.question}`;
    const first = kept.get(key);
    if (!first) kept.set(key, row);
    else repeats.set(first.id, [...(repeats.get(first.id) ?? []), row.id]);
  }
  return { rows: [...kept.values()], repeats };
}

/** Rows of one picture after one another, pictures in the order of their first row. */
export function byPicture(rows: readonly EvaluationRow[]): EvaluationRow[] {
  return [...Map.groupBy(rows, ({ image }) => image).values()].flat();
}

/** At most `limit` rows: all questions of frames spread evenly over the set, in the set's order. */
export function spread(rows: readonly EvaluationRow[], limit: number): EvaluationRow[] {
  if (limit >= rows.length) return [...rows];
  const groups = [...Map.groupBy(rows, ({ image }) => image).values()];
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

/** Four finite numbers of positive area, or null. */
export function usableBox(box: readonly number[] | null): Corners | null {
  if (box?.length !== 4 || !box.every((value) => Number.isFinite(value))) return null;
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null;
}
