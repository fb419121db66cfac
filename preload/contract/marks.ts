import { z } from 'zod';
import { ActorId } from './context.ts';
import { Note } from './notes.ts';
import { FrameLocation } from './places.ts';
import { Track } from './tracks.ts';
import { BookmarkId, SegmentId, SessionId, Span, Timestamp, VideoId, type FrameRef } from './values.ts';

/** The most marks of one kind in a session, since nobody can keep more apart. */
export const mostMarks = 5000;
export const mostMarkName = 200;
export const mostTags = 12;
export const mostTagLength = 40;

/** A frame to which a person means to come back, with their name and note for it. */
export const Bookmark = z.object({
  id: BookmarkId,
  sessionId: SessionId,
  videoId: VideoId,
  /** The place of its frame; `frameOfBookmark` gives the `FrameRef`. */
  location: FrameLocation,
  /** Empty if it has no name. */
  name: z.string().max(mostMarkName),
  note: Note,
  /** The person who set it. Everybody who reviews the session may rename or delete it. */
  actor: ActorId,
  createdAt: Timestamp,
});
export type Bookmark = z.infer<typeof Bookmark>;

/**
 * How a segment is drawn. Each colour has a pattern of its own, so that people can tell segments apart without colour.
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
export const Marks = z.object({
  bookmarks: z.array(Bookmark),
  segments: z.array(Segment),
  tracks: z.array(Track),
});
export type Marks = z.infer<typeof Marks>;

export const frameOfBookmark = ({ videoId, location: { index, pts } }: Bookmark): FrameRef => ({
  ...{ videoId, index, pts },
});

/** Whether two names count as the same, without regard to case and spaces. */
export const isSameName = (one: string, other: string): boolean =>
  one.replace(/\s+/g, ' ').trim().toLowerCase() === other.replace(/\s+/g, ' ').trim().toLowerCase();

/** Whether two stretches have a frame in common. */
export const overlap = (one: Span, other: Span): boolean =>
  one.videoId === other.videoId && one.from <= other.to && other.from <= one.to;

/** Sorts bookmarks by their frames, and those on the same frame by when they were set. */
export const bookmarksInOrder = (bookmarks: readonly Bookmark[]): Bookmark[] =>
  [...bookmarks].sort(
    (one, other) =>
      one.location.index - other.location.index ||
      one.createdAt - other.createdAt ||
      byText(one.id, other.id),
  );

/** Sorts segments by their beginnings, and those that begin together by length, so that a phase comes before its steps. */
export const segmentsInOrder = (segments: readonly Segment[]): Segment[] =>
  [...segments].sort(
    ({ span: one, id }, { span: other, id: otherId }) =>
      one.from - other.from || other.to - one.to || byText(id, otherId),
  );

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
