import { z } from 'zod';
import { ActorId } from './context.ts';
import { Case } from './domain.ts';
import { CaseId, SessionId, Timestamp } from './values.ts';
import { ShownName } from './visible-text.ts';

/** The most characters of a session's name. */
export const mostSessionName = 120;

/** A case with what the library shows of it. */
export const CaseSummary = Case.extend({
  /** How many recordings it has, and how many of their files are missing or changed. */
  recordings: z.int().min(0),
  away: z.int().min(0),
  sessions: z.int().min(0),
  questions: z.int().min(0),
  /** How many answers still wait for the caller's decision. */
  open: z.int().min(0),
  /** When something in one of its sessions was last changed; without sessions, when the case was made. */
  updatedAt: Timestamp,
});
export type CaseSummary = z.infer<typeof CaseSummary>;

const common = {
  caseId: CaseId,
  casePseudonym: ShownName,
  deletedAt: Timestamp,
  /** Null if that was not recorded. */
  deletedBy: ActorId.nullable(),
  /** How many questions come back with it. */
  questions: z.int().min(0),
};

/** A case in the bin, together with everything in it. */
export const BinCase = z.object({ kind: z.literal('case'), ...common, sessions: z.int().min(0) });
export type BinCase = z.infer<typeof BinCase>;

/** One session in the bin. */
export const BinSession = z.object({
  kind: z.literal('session'),
  ...common,
  sessionId: SessionId,
  sessionNumber: z.int().positive(),
  sessionName: ShownName.nullable(),
  /** Whether its case lies in the bin, too, and is restored with it. */
  withCase: z.boolean(),
});
export type BinSession = z.infer<typeof BinSession>;

/** What lies in the bin. */
export const BinItem = z.discriminatedUnion('kind', [BinCase, BinSession]);
export type BinItem = z.infer<typeof BinItem>;
