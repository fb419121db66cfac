import { z } from 'zod';

/** Position of a frame in presentation order, counted from 0. Never a time. */
export const FrameIndex = z.int().min(0).brand<'FrameIndex'>();
export type FrameIndex = z.infer<typeof FrameIndex>;

/** Presentation time in units of the stream's time base; may be negative in files with edit lists. */
export const Ticks = z.int().brand<'Ticks'>();
export type Ticks = z.infer<typeof Ticks>;

/** Seconds per tick, as an exact fraction: [numerator, denominator]. */
export const TimeBase = z.tuple([z.int().positive(), z.int().positive()]);
export type TimeBase = z.infer<typeof TimeBase>;

const Id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const CaseId = Id.brand<'CaseId'>();
export type CaseId = z.infer<typeof CaseId>;
export const VideoId = Id.brand<'VideoId'>();
export type VideoId = z.infer<typeof VideoId>;
export const SessionId = Id.brand<'SessionId'>();
export type SessionId = z.infer<typeof SessionId>;
export const QuestionId = Id.brand<'QuestionId'>();
export type QuestionId = z.infer<typeof QuestionId>;
export const AnswerId = Id.brand<'AnswerId'>();
export type AnswerId = z.infer<typeof AnswerId>;
export const BookmarkId = Id.brand<'BookmarkId'>();
export type BookmarkId = z.infer<typeof BookmarkId>;
export const SegmentId = Id.brand<'SegmentId'>();
export type SegmentId = z.infer<typeof SegmentId>;
export const TrackId = Id.brand<'TrackId'>();
export type TrackId = z.infer<typeof TrackId>;
export const JobId = Id.brand<'JobId'>();
export type JobId = z.infer<typeof JobId>;
/**
 * The id of a model: the name of its folder if it was imported, or its name on a server. Almost all characters are allowed,
 * except those that end a line, control a terminal, or lead out of a folder as part of a path.
 */
export const ModelId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}\p{Cs}\\]+$/u)
  .refine((id) => !id.startsWith('/') && !id.split('/').some((part) => part === '.' || part === '..'))
  .brand<'ModelId'>();
export type ModelId = z.infer<typeof ModelId>;
/** Stands for the path of a file that a person picked, which the renderer never sees. */
export const GrantId = Id.brand<'GrantId'>();
export type GrantId = z.infer<typeof GrantId>;

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Milliseconds since the Unix epoch. */
export const Timestamp = z.int().min(0);

/** [x1, y1, x2, y2] in pixels of the source frame, 0-based continuous coordinates, x2 > x1, y2 > y1. */
export const Box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .refine(([x1, y1, x2, y2]) => x2 > x1 && y2 > y1, 'a box needs x2 > x1 and y2 > y1');
export type Box = z.infer<typeof Box>;

export const Size = z.object({ width: z.int().positive(), height: z.int().positive() });
export type Size = z.infer<typeof Size>;

/** Names a frame by its recording, its place there, and when it is shown. */
export const FrameRef = z.object({ videoId: VideoId, index: FrameIndex, pts: Ticks });
export type FrameRef = z.infer<typeof FrameRef>;

/** A stretch of a recording, from one frame to another and including both. */
export const Span = z
  .object({ videoId: VideoId, from: FrameIndex, to: FrameIndex })
  .refine(({ from, to }) => from <= to, 'a span ends where it begins, or later');
export type Span = z.infer<typeof Span>;
