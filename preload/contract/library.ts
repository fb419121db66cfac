import { z } from 'zod';
import { ActorId } from './context.ts';
import { Case } from './domain.ts';
import { CaseId, SessionId, Timestamp } from './values.ts';
import { ShownName } from './visible-text.ts';

/** A name of a session holds no more characters than this. */
export const mostSessionName = 120;

/** A case with what the library says of it. */
export const CaseSummary = Case.extend({
  /** How many recordings it has, and how many of their files are not where they were, or are others now. */
  recordings: z.int().min(0),
  away: z.int().min(0),
  sessions: z.int().min(0),
  questions: z.int().min(0),
  /** Answers on which the caller has still to decide. */
  open: z.int().min(0),
  /** When something was last changed in one of its sessions; when it was made, where it has none. */
  updatedAt: Timestamp,
});
export type CaseSummary = z.infer<typeof CaseSummary>;

const common = {
  caseId: CaseId,
  casePseudonym: ShownName,
  deletedAt: Timestamp,
  /** Null where that was not written down. */
  deletedBy: ActorId.nullable(),
  /** How many questions come back with it. */
  questions: z.int().min(0),
};

/** A case in the bin, with all that it holds. */
export const BinCase = z.object({ kind: z.literal('case'), ...common, sessions: z.int().min(0) });
export type BinCase = z.infer<typeof BinCase>;

/** One session in the bin. */
export const BinSession = z.object({
  kind: z.literal('session'),
  ...common,
  sessionId: SessionId,
  sessionNumber: z.int().positive(),
  sessionName: ShownName.nullable(),
  /** Its case lies in the bin, too, and comes back with it. */
  withCase: z.boolean(),
});
export type BinSession = z.infer<typeof BinSession>;

/** What lies in the bin. */
export const BinItem = z.discriminatedUnion('kind', [BinCase, BinSession]);
export type BinItem = z.infer<typeof BinItem>;
