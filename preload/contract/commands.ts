import { z } from 'zod';
import { SegmentLook } from './marks.ts';
import { StereoEye } from './stereo.ts';
import {
  AnswerId,
  BookmarkId,
  CaseId,
  FrameIndex,
  SegmentId,
  SessionId,
  Timestamp,
  VideoId,
} from './values.ts';
import { RejectReason, StepMark } from './verdicts.ts';

/** Four numbers as a person gave them: whether they are a box of the frame is for the command to say, in words. */
const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** What is longer than any limit that a command states in words is not looked at. */
const mostText = 20_000;

/**
 * When the decision was taken that the person had before their eyes, null for none: another one that they took meanwhile, in another
 * window, is not passed over. Left out, whatever is there is put aside.
 */
const Since = Timestamp.nullable().exactOptional();

/** What a person says of an answer. */
export const VerdictCommand = z.discriminatedUnion('name', [
  /** The answer is right as it stands. */
  z.strictObject({ name: z.literal('verdict.accept'), answerId: AnswerId }),
  z.strictObject({ name: z.literal('verdict.reject'), answerId: AnswerId, reason: RejectReason }),
  /** What is true instead: both label and box; a box of null says that there is nothing to point at. */
  z.strictObject({
    name: z.literal('verdict.correct'),
    answerId: AnswerId,
    label: z.string().max(mostText),
    box: Corners.nullable(),
    since: Since,
  }),
  /** The same of an answer that names several things: all that are there, the model's own among them where they are right. */
  z.strictObject({
    name: z.literal('verdict.correct-things'),
    answerId: AnswerId,
    things: z
      .array(
        z.strictObject({
          label: z.string().max(mostText),
          box: Corners.nullable(),
          /** Which of the model's things it stands for, from 0; null for another one. */
          from: z.int().min(0).nullable(),
        }),
      )
      .max(1000),
    since: Since,
  }),
  /** Of the step with this number, from 0, of the answer's reasoning; null takes its mark away. */
  z.strictObject({
    name: z.literal('verdict.mark'),
    answerId: AnswerId,
    step: z.int().min(0),
    mark: StepMark.nullable(),
  }),
  /** An empty note is none. */
  z.strictObject({ name: z.literal('verdict.note'), answerId: AnswerId, note: z.string().max(mostText) }),
  /** Takes the decision away, and leaves marks and note. */
  z.strictObject({ name: z.literal('verdict.reopen'), answerId: AnswerId }),
]);
export type VerdictCommand = z.infer<typeof VerdictCommand>;

/** More recordings than an operation has. */
const mostRecordings = 1000;

/** What a person does with the recordings of the session's case; `addRecording` adds one, since it takes a file. */
export const RecordingCommand = z.discriminatedUnion('name', [
  /** Takes a recording out of the case, whose questions about it stay. Refused for the last one. */
  z.strictObject({ name: z.literal('recording.remove'), videoId: VideoId }),
  /** Puts them in another order, which names each once. Refused with `changed-since` where it names others than there are. */
  z.strictObject({
    name: z.literal('recording.reorder'),
    videoIds: z.array(VideoId).min(1).max(mostRecordings),
  }),
  /** From now on one eye of a stereo recording is reviewed everywhere; null: the whole picture. Answers of before stay. */
  z.strictObject({ name: z.literal('recording.choose-eye'), videoId: VideoId, eye: StereoEye.nullable() }),
]);
export type RecordingCommand = z.infer<typeof RecordingCommand>;

/** Text as a person typed it: whether it is short enough is for the command to say, in words. */
const Typed = z.string().max(mostText);
const Tags = z.array(Typed).max(1000);

/** What a person does with bookmarks. A name or note of `''` is none. */
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
 * What a person does with segments. They may overlap, as a step lies within its phase, but for two of one name, which would be
 * one segment: that is refused with `invalid-input`.
 */
export const SegmentCommand = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('segment.add'),
    videoId: VideoId,
    /** Its first and its last frame. */
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

/**
 * What a person does with whole cases and sessions. What is deleted lies in the bin and comes back whole; restoring a session
 * restores its case, too. A `title` of `''` takes the name of a session away, which then has its number alone.
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
 * What a person does, as data: each command is planned by a pure function and goes through one `apply`, where it is checked,
 * recorded, told to all windows, and can be undone and done again.
 */
export const Command = z.discriminatedUnion('name', [
  ...VerdictCommand.options,
  ...RecordingCommand.options,
  ...BookmarkCommand.options,
  ...SegmentCommand.options,
]);
export type Command = z.infer<typeof Command>;
