import { fitBlindLookup } from '../../evaluation/metrics.ts';
import type { BlindRow } from '../../evaluation/metrics.ts';
import type { Counts, DatasetRecord, RecordType } from './record.ts';

const more = (table: Record<string, number>, key: string): void => {
  table[key] = (table[key] ?? 0) + 1;
};

/** Counts the records of one split as they are written; its size depends on the wordings, not on the records. */
export class Tally {
  readonly counts: Counts = { frames: 0, records: 0, byKind: {}, byType: {}, byWording: {}, byLabel: {} };
  /** Question type, question and label, with how often they were asked together. */
  readonly #asked = new Map<string, { row: BlindRow; times: number }>();

  /** Records of one picture or more; a picture's lie together. */
  add(records: readonly DatasetRecord[]): void {
    const { counts } = this;
    let last = '';
    for (const { source, image, kind, questionType, wording, label, question, subject } of records) {
      const picture = `${source}/${image}`;
      if (picture !== last) counts.frames++;
      last = picture;
      counts.records++;
      more(counts.byKind, kind);
      more(counts.byType, questionType);
      more(counts.byWording, wording);
      more((counts.byLabel[questionType] ??= {}), label);
      const key = `${questionType}\n${question}\n${label}`;
      const asked = this.#asked.get(key);
      if (asked) asked.times++;
      else
        this.#asked.set(key, {
          row: {
            question,
            questionType,
            // Of an organ, the subject is the answer: no question names it.
            subject: questionType === 'organ' ? null : subject,
            answer: label,
          },
          times: 1,
        });
    }
  }

  /** Every question asked, repeated as often as it was. */
  #rows(): BlindRow[] {
    return [...this.#asked.values()].flatMap(({ row, times }) => Array<BlindRow>(times).fill(row));
  }

  /**
   * Share of this split's records that the most frequent label of their type and subject in `fitted` answers
   * rightly, with no picture: for each question type, and for all of them.
   */
  blindScore(fitted: Tally): Partial<Record<RecordType | 'all', number>> {
    const lookup = fitBlindLookup(fitted.#rows());
    const right: Record<string, { right: number; all: number }> = {};
    for (const { row, times } of this.#asked.values()) {
      const hit = lookup(row) === row.answer ? times : 0;
      for (const key of ['all', row.questionType]) {
        const score = (right[key] ??= { right: 0, all: 0 });
        score.right += hit;
        score.all += times;
      }
    }
    return Object.fromEntries(Object.entries(right).map(([key, score]) => [key, score.right / score.all]));
  }
}
