import { iou, type Answer } from '../../../preload/contract/index.ts';

/** How far answers to one question on one frame, drawn with different seeds, say the same. */
export interface Agreement {
  /** Answers that are complete; only these count. */
  readonly complete: number;
  /** Every label with how often it was given, the most frequent first; null for an answer without one. */
  readonly labels: readonly { readonly label: string | null; readonly count: number }[];
  /** Share of the most frequent label; null without a complete answer. */
  readonly share: number | null;
  readonly boxes: number;
  /** Mean overlap (intersection over union) of every two boxes; null where there are fewer than two. */
  readonly meanIou: number | null;
}

export function agreementOf(answers: readonly Answer[]): Agreement {
  const complete = answers.filter(({ status }) =>
    ['answered', 'answered-without-location', 'not-visible'].includes(status),
  );
  const counts = new Map<string | null, number>();
  for (const { label } of complete) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = Array.from(counts, ([label, count]) => ({ label, count })).sort(
    (first, second) => second.count - first.count,
  );
  const boxes = complete.flatMap(({ box }) => (box === null ? [] : [box]));
  const overlaps = boxes.flatMap((box, index) => boxes.slice(index + 1).map((other) => iou(box, other)));
  return {
    complete: complete.length,
    labels,
    share: labels[0] === undefined ? null : labels[0].count / complete.length,
    boxes: boxes.length,
    meanIou:
      overlaps.length === 0 ? null : overlaps.reduce((sum, overlap) => sum + overlap, 0) / overlaps.length,
  };
}

/** For people: how many samples say what, and how far their boxes lie on one another. */
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
