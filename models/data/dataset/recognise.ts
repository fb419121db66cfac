import { SCENE_ORGANS, TOOLS } from '../labels.ts';
import { HELD_OUT_WORDINGS, WORDINGS_OF, words } from './grammar.ts';
import { RECORD_TYPES } from './record.ts';
import type { RecordType, Wording } from './record.ts';

export interface Recognised {
  questionType: RecordType;
  /** The instrument or organ that the question names; null for a question about the organ. */
  subject: string | null;
  wording: Wording;
}

const plain = (text: string): string => words(text).toLowerCase().replaceAll(/\s+/g, ' ').trim();

let known: Map<string, Recognised> | null = null;

/** Every question that the grammar can ask, in small letters and without underscores. */
function everyQuestion(): Map<string, Recognised> {
  const found = new Map<string, Recognised>();
  for (const questionType of RECORD_TYPES) {
    const subjects =
      questionType === 'organ' ? [null] : questionType === 'grounding' ? [...TOOLS, ...SCENE_ORGANS] : TOOLS;
    const wordings: [string, Wording][] = [
      ...WORDINGS_OF[questionType].map((text, i): [string, Wording] => [
        text,
        i === 0 ? 'dataset' : 'paraphrase',
      ]),
      ...HELD_OUT_WORDINGS[questionType].map((text): [string, Wording] => [text, 'held-out']),
    ];
    for (const [text, wording] of wordings) {
      for (const subject of subjects)
        found.set(plain(text.replace('{subject}', subject ?? '')), { questionType, subject, wording });
    }
  }
  return found;
}

/** What a question asks for, if it is one that the grammar knows, however its names are spelt. */
export function recogniseQuestion(text: string): Recognised | null {
  known ??= everyQuestion();
  return known.get(plain(text)) ?? null;
}
