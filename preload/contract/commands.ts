import { z } from 'zod';
import { RecordingStart } from './case-time.ts';
import { SegmentLook } from './marks.ts';
import { StereoEye } from './stereo.ts';
import {
  AnswerId,
  BookmarkId,
  CaseId,
  FrameIndex,
  SegmentId,
  SessionId,
  Sha256,
  Timestamp,
  TrackId,
  VideoId,
} from './values.ts';
import { RejectReason, StepMark } from './verdicts.ts';

/** Four numbers as a person gave them. Whether they are a box of the frame is checked later, where the error can explain it. */
const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** No text may be longer than this. Commands have lower limits of their own, whose errors explain them. */
const mostText = 20_000;

/**
 * When the decision that the person saw was taken; null if they saw none. A command is refused if they took another decision
 * meanwhile in another window. If left out, any decision is replaced.
 */
const Since = Timestamp.nullable().exactOptional();

/** Commands by which a person judges an answer. */
export const VerdictCommand = z.discriminatedUnion('name', [
  /** The answer is right as it stands. */
  z.strictObject({ name: z.literal('verdict.accept'), answerId: AnswerId }),
  z.strictObject({
    name: z.literal('verdict.reject'),
    answerId: AnswerId,
    reason: RejectReason,
    /** The site's own words for the reason. */
    words: z.string().max(mostText).exactOptional(),
  }),
  /** States what is true instead, with both label and box. A box of null means that there is nothing to point at. */
  z.strictObject({
    name: z.literal('verdict.correct'),
    answerId: AnswerId,
    label: z.string().max(mostText),
    box: Corners.nullable(),
    since: Since,
  }),
  /** Corrects an answer that names several things. The list has everything that is there, with the model's right ones. */
  z.strictObject({
    name: z.literal('verdict.correct-things'),
    answerId: AnswerId,
    things: z
      .array(
        z.strictObject({
          label: z.string().max(mostText),
          box: Corners.nullable(),
          /** Which of the model's things it stands for, counted from 0; null for one that the model did not name. */
          from: z.int().min(0).nullable(),
        }),
      )
      .max(1000),
    since: Since,
  }),
  /** Marks the step of the reasoning with this number, counted from 0; null removes its mark. */
  z.strictObject({
    name: z.literal('verdict.mark'),
    answerId: AnswerId,
    step: z.int().min(0),
    mark: StepMark.nullable(),
  }),
  /** Sets the note; an empty one removes it. */
  z.strictObject({ name: z.literal('verdict.note'), answerId: AnswerId, note: z.string().max(mostText) }),
  /** Removes the decision, but not marks and note. */
  z.strictObject({ name: z.literal('verdict.reopen'), answerId: AnswerId }),
]);
export type VerdictCommand = z.infer<typeof VerdictCommand>;

/** More recordings than an operation has. */
const mostRecordings = 1000;

/** Commands on the recordings of the session's case. Adding one needs a file, so it is a call of its own, `addRecording`. */
export const RecordingCommand = z.discriminatedUnion('name', [
  /** Takes a recording out of the case, but keeps the questions about it. Refused for the last recording. */
  z.strictObject({ name: z.literal('recording.remove'), videoId: VideoId }),
  /** Reorders the recordings; the order names each once. Refused with `changed-since` if it does not name the present ones. */
  z.strictObject({
    name: z.literal('recording.reorder'),
    videoIds: z.array(VideoId).min(1).max(mostRecordings),
  }),
  /** Chooses one eye of a stereo recording for review; null for the whole picture. Earlier answers stay as they are. */
  z.strictObject({ name: z.literal('recording.choose-eye'), videoId: VideoId, eye: StereoEye.nullable() }),
  /**
   * States when a recording began, or how long after the one before it; null for what the files themselves state. A gap before
   * the first recording is refused.
   */
  z.strictObject({
    name: z.literal('recording.set-start'),
    videoId: VideoId,
    start: RecordingStart.nullable(),
  }),
]);
export type RecordingCommand = z.infer<typeof RecordingCommand>;

/** Text as a person typed it. Whether it is short enough is checked later, where the error can explain it. */
const Typed = z.string().max(mostText);
const Tags = z.array(Typed).max(1000);

/** Commands on bookmarks. A name or note of `''` means none. */
export const BookmarkCommand = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('bookmark.add'),
    videoId: VideoId,
    frameIndex: FrameIndex,
    title: Typed.exactOptional(),
    note: Typed.exactOptional(),
  }),
  z.strictObject({
    name: z.literal('bookmark.edit'),
    bookmarkId: BookmarkId,
    title: Typed.exactOptional(),
    note: Typed.exactOptional(),
  }),
  z.strictObject({ name: z.literal('bookmark.delete'), bookmarkId: BookmarkId }),
]);
export type BookmarkCommand = z.infer<typeof BookmarkCommand>;

const segmentFields = {
  note: Typed.exactOptional(),
  tags: Tags.exactOptional(),
  look: SegmentLook.exactOptional(),
};

/**
 * Commands on segments. Segments may overlap, as a step lies within its phase, except two of the same name, which could not be
 * told apart: that is refused with `invalid-input`.
 */
export const SegmentCommand = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('segment.add'),
    videoId: VideoId,
    /** The first and the last frame, which both belong to it. */
    from: FrameIndex,
    to: FrameIndex,
    title: Typed,
    ...segmentFields,
  }),
  z.strictObject({
    name: z.literal('segment.edit'),
    segmentId: SegmentId,
    title: Typed.exactOptional(),
    ...segmentFields,
  }),
  z.strictObject({ name: z.literal('segment.move'), segmentId: SegmentId, from: FrameIndex, to: FrameIndex }),
  z.strictObject({ name: z.literal('segment.delete'), segmentId: SegmentId }),
]);
export type SegmentCommand = z.infer<typeof SegmentCommand>;

/** The frame on which a person sets a box, with the hash of the picture that they saw there. */
const frameSeen = { videoId: VideoId, frameIndex: FrameIndex, frameHash: Sha256 };

/**
 * Commands on tracks, which carry a box over the frames of a segment. A box that is too small or reaches out of the frame, a
 * frame outside the segment or of another recording, and a picture of another eye or size are refused with `invalid-input`.
 */
export const TrackCommand = z.discriminatedUnion('name', [
  /** Begins a track with its first key frame, in a segment or between two frames, which then become a segment of its label. */
  z.strictObject({
    name: z.literal('track.add'),
    ...frameSeen,
    label: Typed,
    box: Corners,
    within: z.union([
      z.strictObject({ segmentId: SegmentId }),
      z.strictObject({ from: FrameIndex, to: FrameIndex }),
    ]),
  }),
  /** Sets a key frame, or replaces the one on this frame. A box of null says that the thing is not visible from here on. */
  z.strictObject({
    name: z.literal('track.set-key-frame'),
    trackId: TrackId,
    ...frameSeen,
    box: Corners.nullable(),
  }),
  /** Moves a key frame to another frame, which is named by the hash of its picture. */
  z.strictObject({
    name: z.literal('track.move-key-frame'),
    trackId: TrackId,
    from: FrameIndex,
    ...frameSeen,
  }),
  /** Removes a key frame. A track of which nothing visible is left goes with it. */
  z.strictObject({ name: z.literal('track.remove-key-frame'), trackId: TrackId, frameIndex: FrameIndex }),
  z.strictObject({ name: z.literal('track.rename'), trackId: TrackId, label: Typed }),
  z.strictObject({ name: z.literal('track.delete'), trackId: TrackId }),
]);
export type TrackCommand = z.infer<typeof TrackCommand>;

/** Adds one segment to each of several recordings, for a stretch that goes over a join; all of them or none. */
export const SegmentAcrossCommand = z.strictObject({
  name: z.literal('segment.add-across'),
  spans: z
    .array(z.strictObject({ videoId: VideoId, from: FrameIndex, to: FrameIndex }))
    .min(2)
    .max(100),
  title: Typed,
  ...segmentFields,
});
export type SegmentAcrossCommand = z.infer<typeof SegmentAcrossCommand>;

/**
 * Commands on whole cases and sessions. What is deleted lies in the bin and can be restored completely; restoring a session
 * also restores its case. A `title` of `''` removes the name of a session, which is then known by its number.
 */
export const LibraryCommand = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('case.delete'), caseId: CaseId }),
  z.strictObject({ name: z.literal('case.restore'), caseId: CaseId }),
  z.strictObject({ name: z.literal('session.rename'), sessionId: SessionId, title: Typed }),
  z.strictObject({ name: z.literal('session.delete'), sessionId: SessionId }),
  z.strictObject({ name: z.literal('session.restore'), sessionId: SessionId }),
]);
export type LibraryCommand = z.infer<typeof LibraryCommand>;

/**
 * A person's command as data. Each command is planned by a pure function and carried out by the one call `apply`, so that all
 * of them are checked, recorded, told to every window, and can be undone and redone.
 */
export const Command = z.discriminatedUnion('name', [
  ...VerdictCommand.options,
  ...RecordingCommand.options,
  ...BookmarkCommand.options,
  ...SegmentCommand.options,
  ...TrackCommand.options,
  SegmentAcrossCommand,
]);
export type Command = z.infer<typeof Command>;
