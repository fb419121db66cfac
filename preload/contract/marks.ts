import { z } from 'zod';
import { ActorId } from './context.ts';
import { Note } from './notes.ts';
import { FrameLocation } from './places.ts';
import { BookmarkId, SegmentId, SessionId, Span, Timestamp, VideoId, type FrameRef } from './values.ts';

/** A session that has more of one kind than this can't be read any more. */
export const mostMarks = 5000;
export const mostMarkName = 200;
export const mostTags = 12;
export const mostTagLength = 40;

/** A frame that a person means to come back to, with what they say of it. */
export const Bookmark = z.object({
  id: BookmarkId,
  sessionId: SessionId,
  videoId: VideoId,
  /** With the `FrameRef` that it hangs on; see `frameOfBookmark`. */
  location: FrameLocation,
  /** Empty where it has none. */
  name: z.string().max(mostMarkName),
  note: Note,
  /** Who set it. Whoever reviews the session may rename or delete it. */
  actor: ActorId,
  createdAt: Timestamp,
});
export type Bookmark = z.infer<typeof Bookmark>;

/**
 * How a segment is drawn. Each colour has a pattern of its own, so that segments are told apart without colour, too.
 */
export const SegmentLook = z.enum(['teal', 'amber', 'violet', 'green', 'red', 'blue']);
export type SegmentLook = z.infer<typeof SegmentLook>;

/** A named stretch of a recording, such as a phase or a step of the operation. Both of its frames belong to it. */
export const Segment = z.object({
  id: SegmentId,
  sessionId: SessionId,
  span: Span,
  /** When its first frame begins and its last one ends, in seconds since the recording's first frame. */
  seconds: z.object({ from: z.number(), to: z.number() }),
  name: z.string().min(1).max(mostMarkName),
  note: Note,
  tags: z.array(z.string().min(1).max(mostTagLength)).max(mostTags),
  look: SegmentLook,
  actor: ActorId,
  createdAt: Timestamp,
});
export type Segment = z.infer<typeof Segment>;

/** What people marked in a session, in the order of the marks' frames. */
export const Marks = z.object({ bookmarks: z.array(Bookmark), segments: z.array(Segment) });
export type Marks = z.infer<typeof Marks>;

export const frameOfBookmark = ({ videoId, location: { index, pts } }: Bookmark): FrameRef => ({
  ...{ videoId, index, pts },
});

/** Whether two names are read as one: letters' case and spaces aside. */
export const isSameName = (one: string, other: string): boolean =>
  one.replace(/\s+/g, ' ').trim().toLowerCase() === other.replace(/\s+/g, ' ').trim().toLowerCase();

/** Whether two stretches have a frame in common. */
export const overlap = (one: Span, other: Span): boolean =>
  one.videoId === other.videoId && one.from <= other.to && other.from <= one.to;

/** In the order of their frames, and of setting where several are on one. */
export const bookmarksInOrder = (bookmarks: readonly Bookmark[]): Bookmark[] =>
  [...bookmarks].sort(
    (one, other) =>
      one.location.index - other.location.index ||
      one.createdAt - other.createdAt ||
      byText(one.id, other.id),
  );

/** In the order of their beginnings; of those that begin together the longest first, as a phase goes before its steps. */
export const segmentsInOrder = (segments: readonly Segment[]): Segment[] =>
  [...segments].sort(
    ({ span: one, id }, { span: other, id: otherId }) =>
      one.from - other.from || other.to - one.to || byText(id, otherId),
  );

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
