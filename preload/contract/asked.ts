import type { Answer } from './domain.ts';

/** The words that the model was asked, which are the typed ones unless they were put into words that it was taught. */
export const askedOf = ({ evidence }: Partial<Pick<Answer, 'evidence'>>, typed: string): string =>
  evidence?.askedAs ?? typed;

/** What to show with an answer if the model was asked in other words than the typed ones; otherwise null. */
export const understoodAs = ({ evidence }: Pick<Answer, 'evidence'>): string | null =>
  evidence?.askedAs === undefined ? null : `Understood as: ${evidence.askedAs}`;
