import type { Answer, AnswerEvidence } from './domain.ts';

/** Below this share a label was no rival. */
const worthSaying = 0.05;
const mostShown = 2;

/** The other labels that the model gave a share worth saying, the likeliest first. */
export function alsoConsidered(answer: Pick<Answer, 'label' | 'evidence'>): AnswerEvidence['choices'] {
  return (answer.evidence?.choices ?? [])
    .filter(({ label, probability }) => label !== answer.label && probability >= worthSaying)
    .slice(0, mostShown);
}
