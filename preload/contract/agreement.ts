import { iou } from './boxes.ts';
import { isUnderWay, type Answer } from './domain.ts';
import type { Box } from './values.ts';

/** How far answers to one question on one frame agree, if they were drawn with different seeds. */
export interface Agreement {
  /** Answers that are complete; only these count. */
  readonly complete: number;
  /** Every label with how often it was given, the most frequent first; null for an answer without one. */
  readonly labels: readonly { readonly label: string | null; readonly count: number }[];
  /** Share of the most frequent label; null without a complete answer. */
  readonly share: number | null;
  readonly boxes: number;
  /**
   * Mean overlap (intersection over union) of every two answers with a box; null if there are fewer than two. Of answers that
   * name several things, those with the same label are compared, and one that only one of the two has counts as 0.
   */
  readonly meanIou: number | null;
}

type Sampled = Pick<Answer, 'status' | 'label' | 'box'> & Partial<Pick<Answer, 'items'>>;

type Placed = { readonly label: string | null; readonly box: Box };

export function agreementOf(answers: readonly Sampled[]): Agreement {
  const complete = answers.filter(({ status }) =>
    ['answered', 'answered-without-location', 'not-visible'].includes(status),
  );
  const counts = new Map<string | null, number>();
  for (const { label } of complete) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = Array.from(counts, ([label, count]) => ({ label, count })).sort(
    (first, second) => second.count - first.count,
  );
  const placed = complete.map(placedIn).filter((things) => things.length > 0);
  const overlaps = placed.flatMap((one, index) =>
    placed.slice(index + 1).map((other) => overlapOf(one, other)),
  );
  return {
    complete: complete.length,
    labels,
    share: labels[0] === undefined ? null : labels[0].count / complete.length,
    boxes: placed.reduce((sum, things) => sum + things.length, 0),
    meanIou:
      overlaps.length === 0 ? null : overlaps.reduce((sum, overlap) => sum + overlap, 0) / overlaps.length,
  };
}

/** The boxes of an answer. What its one label says is compared by the labels, and so does not matter here. */
const placedIn = ({ box, items = [] }: Sampled): Placed[] =>
  items.length > 0
    ? items.flatMap((item) => (item.box === null ? [] : [{ label: item.label, box: item.box }]))
    : box === null
      ? []
      : [{ label: null, box }];

/** The mean overlap of two answers' boxes, each with the nearest one of its label that is not taken yet. */
function overlapOf(one: readonly Placed[], other: readonly Placed[]): number {
  const pairs = one.flatMap((first, row) =>
    other.flatMap((second, column) =>
      first.label === second.label ? [{ row, column, overlap: iou(first.box, second.box) }] : [],
    ),
  );
  const rows = new Set<number>();
  const columns = new Set<number>();
  let sum = 0;
  for (const { row, column, overlap } of pairs.sort((first, second) => second.overlap - first.overlap)) {
    if (rows.has(row) || columns.has(column)) continue;
    rows.add(row);
    columns.add(column);
    sum += overlap;
  }
  return sum / Math.max(one.length, other.length);
}

/** The samples of a question's answer with the one on show among them, and how far they agree. */
export interface Samples extends Agreement {
  /** How many samples ended by themselves, even without a readable answer. */
  readonly ended: number;
  /** How many samples wait or are being written. */
  readonly underWay: number;
}

type Drawn = Sampled & Pick<Answer, 'settings' | 'model' | 'frame' | 'items'>;

/**
 * Finds the samples among the versions of an answer: those that the model of the one on show gave for the same picture, and
 * that were drawn at random, since greedy ones are all the same. Failed and stopped versions do not count.
 */
export function samplesDrawn(versions: readonly Drawn[], shown: Drawn): Samples {
  const isSample = ({ settings, model, frame }: Drawn): boolean =>
    settings.temperature > 0 &&
    frame?.hash === shown.frame?.hash &&
    (model === null ||
      shown.model === null ||
      (model.id === shown.model.id && model.sha256 === shown.model.sha256));
  const samples = versions.filter(isSample);
  const ended = samples.filter(
    ({ status }) => !isUnderWay(status) && status !== 'stopped' && status !== 'failed',
  );
  return {
    ...agreementOf(ended),
    ended: ended.length,
    underWay: samples.filter(({ status }) => isUnderWay(status)).length,
  };
}

/** "4 of 5 samples agree", where samples without a readable answer count too; null while there are fewer than two. */
export function samplesInWords({ labels, ended, underWay }: Samples): string | null {
  if (ended < 2) return null;
  const most = labels[0]?.count ?? 0;
  const rest = underWay === 0 ? '' : `, ${underWay} more to come`;
  if (most < 2) return `No two of ${ended} samples agree${rest}`;
  return most === ended ? `All ${ended} samples agree${rest}` : `${most} of ${ended} samples agree${rest}`;
}

/** Tells a person how many samples say what, and how far their boxes overlap. */
export function agreementInWords(agreement: Agreement): string[] {
  const { labels, complete, boxes, meanIou } = agreement;
  const said = labels.map(({ label, count }) => `${label ?? 'no label'} ${count} of ${complete}`).join(', ');
  return [
    `Agreement ${said === '' ? 'no answer is complete' : said}`,
    ...(meanIou === null
      ? []
      : [`          ${boxes} boxes, which overlap by ${meanIou.toFixed(2)} (mean IoU)`]),
  ];
}
