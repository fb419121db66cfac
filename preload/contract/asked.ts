import type { Answer } from './domain.ts';

/** The words that the model was asked: those that a person typed, unless they were put in words that it was taught. */
export const askedOf = ({ evidence }: Partial<Pick<Answer, 'evidence'>>, typed: string): string =>
  evidence?.askedAs ?? typed;

/** What is said of it wherever an answer is shown; null where the model was asked as it was typed. */
export const understoodAs = ({ evidence }: Pick<Answer, 'evidence'>): string | null =>
  evidence?.askedAs === undefined ? null : `Understood as: ${evidence.askedAs}`;
