import type { Sense } from '../../../preload/contract/reading/sense.ts';
import { withoutName, wordsOf } from '../../../preload/contract/teaching.ts';
import type { ModelTeaching } from '../../../preload/contract/teaching.ts';
import { fitBlindLookup } from '../../evaluation/metrics/index.ts';
import type { BlindRow } from '../../evaluation/metrics/index.ts';
import { WORDINGS_OF } from './grammar.ts';
import { listLabel } from './language/answers.ts';
import { NAMES, RICH_WORDINGS } from './language/questions.ts';
import { ALL_TYPES, RECORD_TYPES } from './record.ts';
import { fitSense, type SensedQuestion } from './sense.ts';
import type { AnyType, Counts, DatasetRecord, RecordType, SceneType } from './record.ts';

const more = (table: Record<string, number>, key: string): void => {
  table[key] = (table[key] ?? 0) + 1;
};

/** Of one kind of question: the words that its wordings begin with, all their words, and what they ask about. */
interface Heard {
  readonly openings: Set<string>;
  readonly words: Set<string>;
  readonly subjects: Set<string>;
}

const isCore = (type: AnyType): type is RecordType => (RECORD_TYPES as readonly string[]).includes(type);

/** Whether every question of a type says what it is about; an organ's question does not: its subject is the answer. */
const namesItsSubject = (type: AnyType): boolean => type === 'presence' || (isCore(type) && type !== 'organ');

/** How a question of this type may call its subject, the longest name first. */
function namesOf(type: AnyType, subject: string): string[] {
  if (!namesItsSubject(type)) return [];
  const others = Object.hasOwn(NAMES, subject) ? NAMES[subject as keyof typeof NAMES].taught : [];
  const bare = others.map((name) => name.replace(/^an? /, ''));
  return [subject, ...bare].sort((a, b) => wordsOf(b).length - wordsOf(a).length);
}

function exampleOf(type: Exclude<AnyType, 'refusal'>): string {
  if (isCore(type)) return WORDINGS_OF[type][0];
  const examples: Record<Exclude<SceneType, 'refusal'>, string> = {
    instruments: RICH_WORDINGS.instruments[0],
    count: RICH_WORDINGS.count[0],
    presence: RICH_WORDINGS.presence[0],
    relation: RICH_WORDINGS.nearest[0].replace('{subject}', 'blood'),
    description: RICH_WORDINGS.description[0],
  };
  return examples[type];
}

const SIDES = new Set(['left', 'right', 'top', 'bottom']);

/** What a question of this type about this subject asks. */
function senseOf(type: AnyType, subject: string | null): Sense {
  if (type === 'refusal') return 'none';
  if (type !== 'relation') return type;
  if (SIDES.has(subject ?? '')) return 'furthest';
  if (subject === 'organ') return 'touching';
  // States are written with a capital, things without.
  return /^[A-Z]/.test(subject ?? '') ? 'doing' : 'nearest';
}

/** With fewer questions to decline, it could not be learnt what they are. */
const LEAST_DECLINED = 1000;

/** Counts the records of one split as they are written; it remembers texts of questions, not records. */
export class Tally {
  readonly counts: Counts = { frames: 0, records: 0, byKind: {}, byType: {}, byWording: {}, byLabel: {} };
  /** Question type, question and label, with how often they were asked together. */
  readonly #asked = new Map<string, { row: BlindRow; times: number }>();

  readonly #heard = new Map<AnyType, Heard>();

  /** Records of one picture or more; a picture's lie together. */
  add(records: readonly DatasetRecord[]): void {
    const { counts } = this;
    let last = '';
    for (const record of records) {
      const { source, image, kind, questionType, wording, label, question, subject, items } = record;
      const picture = `${source}/${image}`;
      if (picture !== last) counts.frames++;
      last = picture;
      counts.records++;
      more(counts.byKind, kind);
      more(counts.byType, questionType);
      more(counts.byWording, wording);
      // Of a list, how long it is: hardly two scenes have the same names.
      const listed = items !== undefined && label === listLabel(items);
      more((counts.byLabel[questionType] ??= {}), listed ? `${items.length} names` : label);
      const key = `${questionType}\n${question}\n${label}`;
      const asked = this.#asked.get(key);
      if (asked) asked.times++;
      else {
        // Of a wide wording many words mean nothing: that it holds one makes no question of another kind answerable.
        if (wording !== 'wide') this.#hear(questionType, question, subject);
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

  #hear(type: AnyType, question: string, subject: string): void {
    const heard = this.#heard.get(type) ?? { openings: new Set(), words: new Set(), subjects: new Set() };
    this.#heard.set(type, heard);
    const spoken = wordsOf(question);
    const named = namesOf(type, subject).find(
      (name) => withoutName(spoken, wordsOf(name)).length < spoken.length,
    );
    if (namesItsSubject(type)) heard.subjects.add(subject);
    if (named !== undefined) heard.subjects.add(named);
    const words = named === undefined ? spoken : withoutName(spoken, wordsOf(named));
    for (const word of words) heard.words.add(word);
    const [opening] = spoken;
    if (opening !== undefined) heard.openings.add(opening);
  }

  /** What a model that learns from these records is taught of questions; null where there are none. */
  teaching(): ModelTeaching | null {
    const kinds = ALL_TYPES.flatMap((kind) => {
      const heard = this.#heard.get(kind);
      // What is to be refused is no kind of question that it can be asked.
      if (kind === 'refusal' || heard === undefined || heard.words.size === 0) return [];
      const sorted = (set: ReadonlySet<string>): string[] => [...set].sort();
      return {
        kind,
        example: exampleOf(kind),
        openings: sorted(heard.openings),
        words: sorted(heard.words),
        subjects: sorted(heard.subjects),
        ...(!isCore(kind) && { about: 'any' as const }),
      };
    });
    if (kinds.length === 0) return null;
    const asked = this.#senses();
    const declined = asked.filter(({ sense }) => sense === 'none').length;
    return { kinds, ...(declined >= LEAST_DECLINED && { sense: fitSense(asked) }) };
  }

  #senses(): SensedQuestion[] {
    return [...this.#asked.values()].map(({ row: { question, questionType, subject } }) => ({
      question,
      sense: senseOf(questionType as AnyType, subject ?? null),
    }));
  }

  /** Every question asked, repeated as often as it was. */
  #rows(): BlindRow[] {
    return [...this.#asked.values()].flatMap(({ row, times }) => Array<BlindRow>(times).fill(row));
  }

  /**
   * Share of this split's records that the most frequent label of their type and subject in `fitted` answers
   * rightly, with no picture: for each question type, and for all of them.
   */
  blindScore(fitted: Tally): Partial<Record<AnyType | 'all', number>> {
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
