import type { CaseId, SessionId } from '../../../preload/contract/values.ts';

/** The columns of the search index that hold words of people and models. */
export const textFields = ['name', 'question', 'label', 'own', 'reasoning', 'note'] as const;
export type TextField = (typeof textFields)[number];

/** Something that the search can find, with everything by which it is found. */
export interface SearchDocument {
  readonly caseId: CaseId;
  /** Null if it belongs to the case as a whole. */
  readonly sessionId: SessionId | null;
  /** A text that is left out counts as empty. */
  readonly texts: Readonly<Partial<Record<TextField, string>>>;
  /** The models that answered. */
  readonly model?: string;
  /** The workstation's own words for which filters ask; see {@link factOf}. */
  readonly facts?: readonly string[];
}

/** Joins parts, such as a decision and whose it is, into one word of letters and digits for the index's column of facts. */
export const factOf = (...parts: readonly string[]): string =>
  parts.map((part) => part.replace(/[^A-Za-z0-9]/g, '').toLowerCase()).join('x');
