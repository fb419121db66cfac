import { withoutName, wordsOf } from '../../../preload/contract/teaching.ts';
import type { ModelTeaching } from '../../../preload/contract/teaching.ts';
import { fitBlindLookup } from '../../evaluation/metrics.ts';
import type { BlindRow } from '../../evaluation/metrics.ts';
import { WORDINGS_OF } from './grammar.ts';
import { RECORD_TYPES } from './record.ts';
import type { Counts, DatasetRecord, RecordType } from './record.ts';

const more = (table: Record<string, number>, key: string): void => {
  table[key] = (table[key] ?? 0) + 1;
};

/** Of one kind of question: the words that its wordings begin with, all their words, and what they ask about. */
interface Heard {
  readonly openings: Set<string>;
  readonly words: Set<string>;
  readonly subjects: Set<string>;
}

/** Counts the records of one split as they are written; its size depends on the wordings, not on the records. */
export class Tally {
  readonly counts: Counts = { frames: 0, records: 0, byKind: {}, byType: {}, byWording: {}, byLabel: {} };
  /** Question type, question and label, with how often they were asked together. */
  readonly #asked = new Map<string, { row: BlindRow; times: number }>();

  readonly #heard = new Map<RecordType, Heard>();

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
      else {
        this.#hear(questionType, question, subject);
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
  }

  #hear(type: RecordType, question: string, subject: string): void {
    const heard = this.#heard.get(type) ?? { openings: new Set(), words: new Set(), subjects: new Set() };
    this.#heard.set(type, heard);
    // An organ's question does not name it: its subject is the answer.
    const named = type === 'organ' ? null : subject;
    if (named !== null) heard.subjects.add(named);
    const words = named === null ? wordsOf(question) : withoutName(wordsOf(question), wordsOf(named));
    for (const word of words) heard.words.add(word);
    const [opening] = words;
    if (opening !== undefined) heard.openings.add(opening);
  }

  /** What a model that learns from these records is taught of questions; null where there are none. */
  teaching(): ModelTeaching | null {
    const kinds = RECORD_TYPES.flatMap((kind) => {
      const heard = this.#heard.get(kind);
      if (heard === undefined || heard.words.size === 0) return [];
      const sorted = (set: ReadonlySet<string>): string[] => [...set].sort();
      return {
        kind,
        example: WORDINGS_OF[kind][0],
        openings: sorted(heard.openings),
        words: sorted(heard.words),
        subjects: sorted(heard.subjects),
      };
    });
    return kinds.length > 0 ? { kinds } : null;
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
