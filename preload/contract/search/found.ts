import { z } from 'zod';
import { CaseId, FrameIndex, QuestionId, SessionId, Timestamp, VideoId } from '../values.ts';
import { EntrySummary } from '../entries.ts';
import { ShownName } from '../visible-text.ts';

/** The most characters of a query, as a person may paste anything. Only its first words are searched for. */
export const mostSearchLength = 100_000;

export const FoundKind = z.enum(['answer', 'bookmark', 'segment', 'track', 'session', 'case']);
export type FoundKind = z.infer<typeof FoundKind>;
export const foundKinds = FoundKind.options;

/** The place of a result in the order. The next page begins before the place of the last result on this one. */
export const FoundPlace = z.int().positive();

/** A text in which something was found, and where: ranges in UTF-16 units. */
export const FoundText = z.object({
  field: z.enum(['name', 'question', 'label', 'own-label', 'reasoning', 'note']),
  text: z.string(),
  ranges: z.array(z.tuple([z.int().min(0), z.int().min(0)])),
});
export type FoundText = z.infer<typeof FoundText>;

const common = {
  place: FoundPlace,
  caseId: CaseId,
  casePseudonym: ShownName,
  /** The texts in which something was found. The first one names the result, even if nothing was found in it. */
  texts: z.array(FoundText),
};

const ofSession = {
  sessionId: SessionId,
  sessionNumber: z.int().positive(),
  sessionName: ShownName.nullable(),
};

export const FoundAnswer = z.object({
  kind: z.literal('answer'),
  ...common,
  ...ofSession,
  questionId: QuestionId,
  entry: EntrySummary,
});
export type FoundAnswer = z.infer<typeof FoundAnswer>;

/** A bookmark, a segment by its first frame, or a box over frames by its first key frame. */
export const FoundMark = z.object({
  kind: z.enum(['bookmark', 'segment', 'track']),
  ...common,
  ...ofSession,
  id: z.string(),
  videoId: VideoId,
  frameIndex: FrameIndex,
  seconds: z.number(),
});
export type FoundMark = z.infer<typeof FoundMark>;

export const FoundSession = z.object({
  kind: z.literal('session'),
  ...common,
  ...ofSession,
  updatedAt: Timestamp,
});
export type FoundSession = z.infer<typeof FoundSession>;

export const FoundCase = z.object({ kind: z.literal('case'), ...common });
export type FoundCase = z.infer<typeof FoundCase>;

export const Found = z.discriminatedUnion('kind', [FoundAnswer, FoundMark, FoundSession, FoundCase]);
export type Found = z.infer<typeof Found>;

/** Results of one kind, the newest first. */
export const FoundGroup = z.object({
  kind: FoundKind,
  list: z.array(Found),
  /** Where the next page begins; null if this is the last one. */
  next: FoundPlace.nullable(),
  /** How many there are in all, or at least that many if `atLeast` is set. */
  count: z.int().min(0),
  atLeast: z.boolean(),
});
export type FoundGroup = z.infer<typeof FoundGroup>;

export const FindResult = z.object({
  groups: z.array(FoundGroup),
  /** Whether words were left out, because more were given than are searched for. */
  cut: z.boolean(),
  /** While the index is still being filled, how many things of how many it holds; otherwise null. */
  index: z.object({ done: z.int().min(0), of: z.int().min(0) }).nullable(),
});
export type FindResult = z.infer<typeof FindResult>;
