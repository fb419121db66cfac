import type { Answer, AnswerEvidence } from './domain.ts';

/** A label with a smaller share was no serious alternative. */
const worthSaying = 0.05;
const mostShown = 2;

/** The other labels to which the model gave a share worth telling, the likeliest first. */
export function alsoConsidered(answer: Pick<Answer, 'label' | 'evidence'>): AnswerEvidence['choices'] {
  return (answer.evidence?.choices ?? [])
    .filter(({ label, probability }) => label !== answer.label && probability >= worthSaying)
    .slice(0, mostShown);
}
