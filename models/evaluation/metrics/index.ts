import { iou } from '../../../preload/contract/boxes.ts';
import type { Corners } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';

/** The one definition of every figure that is reported about a model's answers. */

/** The class of a text that is on no label list. */
export const UNKNOWN = 'unknown';

const bare = (text: string): string =>
  text
    .trim()
    .replace(/^["'`]+|["'`.]+$/g, '')
    .trim();
const joined = (text: string): string => text.replace(/[\s_-]+/g, '_');

/**
 * Map what a model wrote to a label of the list: as written, then with spaces, hyphens and underscores taken
 * as one, then without regard to case. Case comes last because `Suction` (a state) and `suction` (a tool)
 * differ in nothing else; a text that then fits two labels, or none, is `unknown`.
 */
export function mapLabel(text: string | null, labels: readonly string[]): string {
  if (text === null) return UNKNOWN;
  const written = bare(text);
  if (labels.includes(written)) return written;
  const one = joined(written);
  const same = labels.filter((label) => joined(label) === one);
  if (same.length === 1 && same[0] !== undefined) return same[0];
  const folded = labels.filter((label) => joined(label).toLowerCase() === one.toLowerCase());
  return folded.length === 1 && folded[0] !== undefined ? folded[0] : UNKNOWN;
}

/** One scored answer: labels after mapping. */
export interface LabelPair {
  truth: string;
  prediction: string;
}

/** Part of the answers that are right, over all rows (micro); 0 of no rows. */
export function accuracy(pairs: readonly LabelPair[]): number {
  return mean(pairs.map(({ truth, prediction }) => (truth === prediction ? 1 : 0)));
}

export interface ClassScore {
  /** Rows whose true label this is. */
  support: number;
  predicted: number;
  precision: number;
  recall: number;
  f: number;
}

/** Precision, recall and F1 of every class present in truth or prediction; 0 where undefined. */
export function perClass(pairs: readonly LabelPair[]): Record<string, ClassScore> {
  const count = new Map<string, { support: number; predicted: number; right: number }>();
  const entry = (label: string): { support: number; predicted: number; right: number } => {
    let found = count.get(label);
    if (!found) count.set(label, (found = { support: 0, predicted: 0, right: 0 }));
    return found;
  };
  for (const { truth, prediction } of pairs) {
    entry(truth).support++;
    entry(prediction).predicted++;
    if (truth === prediction) entry(truth).right++;
  }
  return Object.fromEntries(
    [...count].map(([label, { support, predicted, right }]) => [
      label,
      {
        support,
        predicted,
        precision: predicted > 0 ? right / predicted : 0,
        recall: support > 0 ? right / support : 0,
        f: (2 * right) / (support + predicted),
      },
    ]),
  );
}

/** Macro F1: the mean of the classes' F1 over every class in truth or prediction, `unknown` among them. */
export function macroF(pairs: readonly LabelPair[]): number {
  return mean(Object.values(perClass(pairs)).map((score) => score.f));
}

/** A true box with the model's, both in pixels of the image of that size; null where the model gave none. */
export interface BoxPair {
  truth: Box;
  prediction: Corners | null;
  size: Size;
}

/** Mean true intersection over union; a row without a usable box counts 0. */
export function miou(pairs: readonly BoxPair[]): number {
  return mean(pairs.map(({ truth, prediction }) => (prediction ? iou(truth, prediction) : 0)));
}

/**
 * Overlap as the reference repository of Surgical-VQLA computes it: on coordinates in 0..1, with the "+1" of
 * integer pixels left in. The one added to each side outweighs the box itself and the guard against empty
 * overlap never acts, so a true 0.39 can read 0.76 and boxes that do not touch 0.2 to 0.35. For comparison with
 * figures published with that code, and with nothing else. Source: `mIoU_xyxy` in utils.py of
 * longbai1006/Surgical-VQLA; equal to it for boxes inside the image.
 */
export function iouReference(first: Corners, second: Corners, size: Size): number {
  const unit = ([x1, y1, x2, y2]: Corners): [number, number, number, number] => [
    x1 / size.width,
    y1 / size.height,
    x2 / size.width,
    y2 / size.height,
  ];
  const a = unit(first);
  const b = unit(second);
  const area = (box: Corners): number => (box[2] - box[0] + 1) * (box[3] - box[1] + 1);
  const overlap =
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]) + 1) *
    Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]) + 1);
  return overlap / (area(a) + area(b) - overlap);
}

/** Mean of {@link iouReference}; a row without a usable box counts 0 here too. */
export function miouReference(pairs: readonly BoxPair[]): number {
  return mean(
    pairs.map(({ truth, prediction, size }) => (prediction ? iouReference(truth, prediction, size) : 0)),
  );
}

/** What a blind lookup needs of a row. */
export interface BlindRow {
  question: string;
  questionType: string;
  /** The tool or organ that the question names; null where it names none. */
  subject?: string | null;
  answer: string;
}

/**
 * The best answer without an image: for each question its most frequent answer in `rows` (of equally frequent
 * ones, the first met). A question is what is asked about which tool, so that paraphrases share their counts;
 * where the row does not say which, it is the text. One that was never met gets the most frequent answer of its type.
 */
export function fitBlindLookup(rows: readonly BlindRow[]): (row: Omit<BlindRow, 'answer'>) => string {
  const byQuestion = new Map<string, Map<string, number>>();
  const byType = new Map<string, Map<string, number>>();
  const count = (table: Map<string, Map<string, number>>, key: string, answer: string): void => {
    const answers = table.get(key) ?? new Map<string, number>();
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    table.set(key, answers);
  };
  for (const row of rows) {
    count(byQuestion, questionKey(row), row.answer);
    count(byType, row.questionType, row.answer);
  }
  const most = (answers: Map<string, number> | undefined): string | undefined => {
    let best: string | undefined;
    let times = 0;
    for (const [answer, n] of answers ?? []) {
      if (n > times) {
        best = answer;
        times = n;
      }
    }
    return best;
  };
  return (row) => most(byQuestion.get(questionKey(row))) ?? most(byType.get(row.questionType)) ?? UNKNOWN;
}

const questionKey = ({ question, questionType, subject }: Omit<BlindRow, 'answer'>): string =>
  subject === undefined ? question : `${questionType}\0${subject ?? ''}`;

/** Counts of predicted labels for each true label: `counts[truth][prediction]`, both in the order of `labels`. */
export interface ConfusionMatrix {
  labels: string[];
  counts: number[][];
}

/**
 * Confusion matrix over the labels present in truth or prediction: those of `order` first, in that order, then
 * any others by name, then `unknown`.
 */
export function confusionMatrix(pairs: readonly LabelPair[], order: readonly string[]): ConfusionMatrix {
  const present = new Set(pairs.flatMap(({ truth, prediction }) => [truth, prediction]));
  const others = [...present].filter((label) => label !== UNKNOWN && !order.includes(label)).sort();
  const labels = [...new Set([...order, ...others, UNKNOWN])].filter((label) => present.has(label));
  const index = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const { truth, prediction } of pairs) {
    const row = counts[index.get(truth) ?? -1];
    const column = index.get(prediction);
    if (row && column !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return { labels, counts };
}

/** The stated probability of an answer, and whether the answer was right. */
export interface StatedProbability {
  probability: number;
  right: boolean;
}

export interface ReliabilityBin {
  /** The bin holds probabilities above `from` (the first: from 0 on) and up to `to`. */
  from: number;
  to: number;
  count: number;
  /** Mean stated probability and part that was right; null in an empty bin. */
  confidence: number | null;
  accuracy: number | null;
}

export interface Calibration {
  count: number;
  /** Expected calibration error: the bins' |accuracy - confidence|, weighted by their counts. */
  error: number;
  bins: ReliabilityBin[];
}

/**
 * Expected calibration error with `bins` equal-width bins, each open below and closed above, as in Guo et al.,
 * "On Calibration of Modern Neural Networks" (ICML 2017), equations 2 and 3.
 */
export function calibration(answers: readonly StatedProbability[], bins = 10): Calibration {
  const sums = Array.from({ length: bins }, () => ({ count: 0, probability: 0, right: 0 }));
  for (const { probability, right } of answers) {
    let bin = 0;
    while (bin < bins - 1 && probability > (bin + 1) / bins) bin++;
    const sum = sums[bin];
    if (!sum) continue;
    sum.count++;
    sum.probability += probability;
    if (right) sum.right++;
  }
  const table = sums.map(({ count, probability, right }, i): ReliabilityBin => ({
    from: i / bins,
    to: (i + 1) / bins,
    count,
    confidence: count > 0 ? probability / count : null,
    accuracy: count > 0 ? right / count : null,
  }));
  const gaps = table.reduce(
    (sum, bin) => sum + bin.count * Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)),
    0,
  );
  return { count: answers.length, error: answers.length > 0 ? gaps / answers.length : 0, bins: table };
}

/** What is left when the least probable answers are withheld, down to a share of all. */
export interface CoveragePoint {
  coverage: number;
  /** Answers with at least this probability are kept. */
  threshold: number;
  accuracy: number;
}

/** How well the stated probability tells right answers from wrong ones. */
export interface Selection {
  count: number;
  /** Chance that a right answer has a higher probability than a wrong one, ties half; null without both. */
  auroc: number | null;
  /** Area under the curve of risk against coverage: the mean error rate of the k surest answers, over all k. */
  aurc: number;
  points: CoveragePoint[];
}

/** Shares of the answers that a reader of the curve asks for first. */
export const COVERAGES = [1, 0.95, 0.9, 0.8, 0.7, 0.5] as const;

/**
 * Selective answering: AUROC as Mann and Whitney's U, and the risk-coverage curve with its area (AURC) after Geifman,
 * Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation" (ICLR 2019), section 2. Answers of one probability cannot
 * be told apart, so each place among them counts their mean error.
 */
export function selection(answers: readonly StatedProbability[]): Selection {
  const groups = new Map<number, { count: number; wrong: number }>();
  for (const { probability, right } of answers) {
    const group = groups.get(probability) ?? { count: 0, wrong: 0 };
    groups.set(probability, { count: group.count + 1, wrong: group.wrong + (right ? 0 : 1) });
  }
  const surest = [...groups].sort(([a], [b]) => b - a);
  const wrong = surest.reduce((sum, [, group]) => sum + group.wrong, 0);
  const right = answers.length - wrong;
  let kept = 0;
  let errors = 0;
  let area = 0;
  let wins = 0;
  const curve: { kept: number; errors: number; threshold: number }[] = [];
  for (const [threshold, group] of surest) {
    // A right answer of this group beats every wrong one that is less probable, and half of those as probable.
    wins += (group.count - group.wrong) * (wrong - errors - group.wrong + group.wrong / 2);
    for (let i = 1; i <= group.count; i++) area += (errors + (i * group.wrong) / group.count) / (kept + i);
    kept += group.count;
    errors += group.wrong;
    curve.push({ kept, errors, threshold });
  }
  const points = COVERAGES.flatMap((coverage) => {
    const found = curve.find((point) => point.kept >= coverage * answers.length - 1e-9);
    if (found === undefined) return [];
    return {
      coverage: found.kept / answers.length,
      threshold: found.threshold,
      accuracy: 1 - found.errors / found.kept,
    };
  });
  return {
    count: answers.length,
    auroc: right > 0 && wrong > 0 ? wins / (right * wrong) : null,
    aurc: answers.length > 0 ? area / answers.length : 0,
    points,
  };
}

/**
 * Half the width of a 95 % interval around the mean of values that come in clusters: questions about one frame
 * share its picture, so they count as one draw. Linearised variance of a ratio of sums over clusters (Cochran,
 * Sampling Techniques, 1977, section 9A.1): with `c` clusters and `n` values,
 * `1.96 * sqrt(c / (c - 1) * sum over clusters of (sum of (value - mean))^2) / n`. Null for fewer than two.
 */
export function clusteredHalfWidth(values: readonly { cluster: string; value: number }[]): number | null {
  const average = mean(values.map(({ value }) => value));
  const sums = new Map<string, number>();
  for (const { cluster, value } of values) sums.set(cluster, (sums.get(cluster) ?? 0) + value - average);
  if (sums.size < 2) return null;
  const squares = [...sums.values()].reduce((total, sum) => total + sum * sum, 0);
  return (1.96 * Math.sqrt((sums.size / (sums.size - 1)) * squares)) / values.length;
}

/** Arithmetic mean; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
