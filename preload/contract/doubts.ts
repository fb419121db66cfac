import { z } from 'zod';
import type { Answer } from './domain.ts';
import { probabilityInWords, surenessOf } from './sureness.ts';

/**
 * Reasons, known from the model itself, why an answer needs a closer look: the model was not taught this kind of question,
 * the picture is unlike those that it was taught with, or it was unsure. In the first two cases its probability is
 * meaningless.
 */
export const Doubt = z.enum(['question-untaught', 'picture-unlike', 'unsure']);
export type Doubt = z.infer<typeof Doubt>;

type Told = Pick<Answer, 'status' | 'label' | 'probability' | 'evidence'>;

/** Whether the picture is more different from those that the model was taught with than its threshold allows. */
export const isUnlike = ({ evidence }: Pick<Answer, 'evidence'>): boolean =>
  evidence?.picture !== undefined && isTooFar(evidence.picture);

type PictureDistance = NonNullable<NonNullable<Answer['evidence']>['picture']>;

export const isTooFar = ({ distance, threshold }: PictureDistance): boolean => distance > threshold;

/** The doubts about an answer that has ended, the weightiest first. */
export function doubtsOf(answer: Told): Doubt[] {
  return [
    ...(answer.evidence?.question === undefined ? [] : (['question-untaught'] as const)),
    ...(isUnlike(answer) ? (['picture-unlike'] as const) : []),
    ...(surenessOf(answer)?.unsure === true ? (['unsure'] as const) : []),
  ];
}

/**
 * Whether the model was kept from answering, because it was not taught such a question, or because the picture is unlike those
 * that it was taught with and the site wants no answer then. Nothing was asked, so there is nothing to draw anew. A
 * model that itself declines has answered, with a label.
 */
export const wasKeptBack = ({ status, label }: Pick<Answer, 'status' | 'label'>): boolean =>
  status === 'refused' && label === null;

/** What a refusal says of a question that the model was kept from since it was not taught such; undefined for any other answer. */
export const refusalOf = (
  answer: Pick<Answer, 'status' | 'label' | 'evidence'>,
): NonNullable<Answer['evidence']>['question'] =>
  wasKeptBack(answer) ? answer.evidence?.question : undefined;

/** An answer, or its summary in a list. */
interface Ended extends Pick<Answer, 'status' | 'label'> {
  readonly evidence?: Answer['evidence'];
  readonly doubts?: readonly Doubt[];
}

/** Whether the model was kept from answering because of the picture alone. */
export function wasKeptBackForPicture({ status, label, evidence = null, doubts }: Ended): boolean {
  if (!wasKeptBack({ status, label })) return false;
  return doubts
    ? doubts.includes('picture-unlike') && !doubts.includes('question-untaught')
    : evidence?.question === undefined && isUnlike({ evidence });
}

/** Each doubt in two or three words, for lists, pictures and single lines. */
export const doubtWords: Readonly<Record<Doubt, string>> = {
  'question-untaught': 'question not taught',
  'picture-unlike': 'unlike picture',
  unsure: 'unsure',
};

/** What each doubt means for the person who has to check the answer. */
export const doubtMeanings: Readonly<Record<Doubt, string>> = {
  'question-untaught':
    'The model was not taught this kind of question. It answers all the same, and nothing tells how likely it is right.',
  'picture-unlike':
    'This picture is unlike those that the model was taught with. Nothing tells how likely the answer is right.',
  unsure: 'The model was unsure of this answer.',
};

/** "0.87", "0.32, unsure" or "question not taught"; empty if there is nothing to tell. */
export function surenessInWords(answer: Told): string {
  const sureness = surenessOf(answer);
  const doubts = doubtsOf(answer).map((doubt) => doubtWords[doubt]);
  return [...(sureness === null ? [] : [probabilityInWords(sureness.probability)]), ...doubts].join(', ');
}
