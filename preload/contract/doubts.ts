import { z } from 'zod';
import type { Answer } from './domain.ts';
import { probabilityInWords, surenessOf } from './sureness.ts';

/**
 * What makes an answer one that nobody should read past, by the model's own means: its question is of no kind that the
 * model was taught, its picture is unlike those that it was taught with, or the model was unsure. The first two make
 * its probability say nothing.
 */
export const Doubt = z.enum(['question-untaught', 'picture-unlike', 'unsure']);
export type Doubt = z.infer<typeof Doubt>;

type Told = Pick<Answer, 'status' | 'label' | 'probability' | 'evidence'>;

/** Whether the picture lies farther from those that the model was taught with than they lie from each other. */
export const isUnlike = ({ evidence }: Pick<Answer, 'evidence'>): boolean =>
  evidence?.picture !== undefined && evidence.picture.distance > evidence.picture.threshold;

/** Of an answer that has ended, the weightiest first. */
export function doubtsOf(answer: Told): Doubt[] {
  return [
    ...(answer.evidence?.question === undefined ? [] : (['question-untaught'] as const)),
    ...(isUnlike(answer) ? (['picture-unlike'] as const) : []),
    ...(surenessOf(answer)?.unsure === true ? (['unsure'] as const) : []),
  ];
}

/** Two or three words each, for a list, a picture, a line. */
export const doubtWords: Readonly<Record<Doubt, string>> = {
  'question-untaught': 'question not taught',
  'picture-unlike': 'unlike picture',
  unsure: 'unsure',
};

/** What a doubt means, for the person who has to check the answer. */
export const doubtMeanings: Readonly<Record<Doubt, string>> = {
  'question-untaught':
    'The model was not taught this kind of question. It answers all the same, and nothing tells how likely it is right.',
  'picture-unlike':
    'This picture is unlike those that the model was taught with. Nothing tells how likely the answer is right.',
  unsure: 'The model was unsure of this answer.',
};

/** "0.87", "0.32, unsure", "question not taught"; empty where there is nothing to tell. */
export function surenessInWords(answer: Told): string {
  const sureness = surenessOf(answer);
  const doubts = doubtsOf(answer).map((doubt) => doubtWords[doubt]);
  return [...(sureness === null ? [] : [probabilityInWords(sureness.probability)]), ...doubts].join(', ');
}
