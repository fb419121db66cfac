import type { CaseId, SessionId } from '../../../preload/contract/values.ts';

/** The columns of the index that hold words of people and models. */
export const textFields = ['name', 'question', 'label', 'own', 'reasoning', 'note'] as const;
export type TextField = (typeof textFields)[number];

/** Something that can be found, with all that it is found by. */
export interface SearchDocument {
  readonly caseId: CaseId;
  /** Null for what belongs to the case as a whole. */
  readonly sessionId: SessionId | null;
  /** A text that is not there is empty. */
  readonly texts: Readonly<Partial<Record<TextField, string>>>;
  /** The models that answered. */
  readonly model?: string;
  /** Words of the workstation's own that filters ask for: see {@link factOf}. */
  readonly facts?: readonly string[];
}

/** A word for the index's column of facts, which holds letters and digits alone: `decided accepted`, of whom. */
export const factOf = (...parts: readonly string[]): string =>
  parts.map((part) => part.replace(/[^A-Za-z0-9]/g, '').toLowerCase()).join('x');
