import type { Corners } from '../../../preload/contract/boxes.ts';
import type { Edit } from '../../../preload/contract/changes.ts';
import type { TrackCommand } from '../../../preload/contract/commands.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { mostMarkName, type Segment } from '../../../preload/contract/marks.ts';
import type { FrameLocation } from '../../../preload/contract/places.ts';
import { anotherEye, type StereoEye } from '../../../preload/contract/stereo.ts';
import {
  boxToGoOnFrom,
  keyFrameOn,
  mostKeyFrames,
  mostTracks,
  type KeyFrame,
  type Track,
} from '../../../preload/contract/tracks.ts';
import type { SegmentId, SessionId, Size, TrackId, VideoId } from '../../../preload/contract/values.ts';
import { mostLabelLength } from '../../../preload/contract/verdicts.ts';
import { checkedBox } from './boxes.ts';
import { planSegment, type SegmentState } from './segments.ts';
import { checkedName, refusal } from './texts.ts';

/** The frame that a command names, as it is shown now. */
export interface SeenFrame {
  readonly videoId: VideoId;
  readonly location: FrameLocation;
  readonly hash: string;
  readonly eye: StereoEye | null;
  readonly picture: Size;
}

/** The state from which a command on a track is planned. */
export interface TrackState {
  readonly sessionId: SessionId;
  readonly actor: ActorId;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly tracks: readonly Track[];
  readonly segments: readonly Segment[];
  /** The ids that a new track, and a segment that is made with it, are to get. */
  readonly newId: { readonly track: TrackId; readonly segment: SegmentId };
  /** The frames of a segment that is made with the track; null if there is none. */
  readonly stretch: SegmentState['stretch'];
  /** The frame that the command names; null if it names none. */
  readonly seen: SeenFrame | null;
}

/**
 * Plans the edits of a command on a track. An edit that changes nothing is not recorded.
 *
 * @throws WorkstationError `invalid-input` with what is wrong, `not-found` for a track or segment that is not there
 */
export function planTrack(state: TrackState, command: TrackCommand): Edit[] {
  if (command.name === 'track.add') return addition(state, command);
  const before = state.tracks.find(({ id }) => id === command.trackId);
  if (before === undefined) throw gone();
  const after = changed(state, before, command);
  return [{ entity: 'track', id: before.id, before, after }];
}

/** The tracks of a segment that is deleted, which go with it and come back with it. */
export const tracksGone = (tracks: readonly Track[], segmentId: SegmentId): Edit[] =>
  tracks
    .filter((track) => track.segmentId === segmentId)
    .map((before) => ({ entity: 'track', id: before.id, before, after: null }));

function addition(state: TrackState, command: Extract<TrackCommand, { name: 'track.add' }>): Edit[] {
  const { sessionId, actor, now, tracks, segments } = state;
  if (tracks.length >= mostTracks) {
    throw refusal(
      `This session has ${mostTracks} boxes over frames, which is as many as can be kept apart.`,
      'Delete some that you no longer need, or start another session.',
    );
  }
  const seen = frameOf(state);
  const label = labelOf(command.label);
  const { within } = command;
  const made =
    'from' in within
      ? planSegment(
          { sessionId, actor, now, segments, stretch: state.stretch, newId: state.newId.segment },
          { name: 'segment.add', videoId: seen.videoId, ...within, title: label.slice(0, mostMarkName) },
        )
      : [];
  const segment =
    'segmentId' in within
      ? segments.find(({ id }) => id === within.segmentId)
      : made.flatMap((edit) => (edit.entity === 'segment' && edit.after ? [edit.after] : []))[0];
  if (segment === undefined) throw segmentGone();
  const track: Track = {
    ...{ id: state.newId.track, sessionId, videoId: seen.videoId, segmentId: segment.id, label },
    ...{ eye: seen.eye, picture: seen.picture, keyFrames: [], actor, createdAt: now },
  };
  const keyFrames = [keyFrame(track, segment, seen, { box: command.box, isVisible: true })];
  return [...made, { entity: 'track', id: track.id, before: null, after: { ...track, keyFrames } }];
}

function changed(
  state: TrackState,
  track: Track,
  command: Exclude<TrackCommand, { name: 'track.add' }>,
): Track | null {
  switch (command.name) {
    case 'track.delete':
      return null;
    case 'track.rename':
      return { ...track, label: labelOf(command.label) };
    case 'track.remove-key-frame':
      if (keyFrameOn(track.keyFrames, command.frameIndex) === null) throw noKeyFrame(command.frameIndex);
      return withKeyFrames(track, without(track.keyFrames, command.frameIndex));
    case 'track.move-key-frame':
      return moved(state, track, command.from);
    case 'track.set-key-frame':
      return set(state, track, command.box);
  }
}

function set(state: TrackState, track: Track, box: Corners | null): Track {
  const seen = frameOf(state);
  const { keyFrames } = track;
  const { index } = seen.location;
  const first = keyFrames[0]?.location.index ?? index;
  if (box === null && index <= first) {
    throw refusal(
      `“${track.label}” is first seen on frame ${first}, so before that there is nothing that could go out of sight.`,
      'Go to a later frame, or remove the key frame.',
    );
  }
  const others = without(keyFrames, index);
  if (others.length >= mostKeyFrames) {
    throw refusal(
      `“${track.label}” has ${mostKeyFrames} key frames, which is as many as one box can have.`,
      'Remove some that you no longer need, or go on with another box.',
    );
  }
  const stays = boxToGoOnFrom(keyFrames, seen.location);
  const placed = box ?? stays;
  if (placed === null) throw new Error('a track has no key frame');
  const added = keyFrame(track, segmentOf(state, track), seen, { box: placed, isVisible: box !== null });
  return { ...track, keyFrames: inOrder([...others, added]) };
}

function moved(state: TrackState, track: Track, from: number): Track {
  const seen = frameOf(state);
  const { index } = seen.location;
  const moving = keyFrameOn(track.keyFrames, from);
  if (moving === null) throw noKeyFrame(from);
  const others = without(track.keyFrames, from);
  if (keyFrameOn(others, index) !== null) {
    throw refusal(
      `“${track.label}” has a key frame on frame ${index} already.`,
      'Remove that one first, or move this one elsewhere.',
    );
  }
  const { box, isVisible } = moving;
  const placed = keyFrame(track, segmentOf(state, track), seen, { box, isVisible });
  const keyFrames = inOrder([...others, placed]);
  if (!keyFrames[0]?.isVisible) {
    throw refusal(
      `“${track.label}” would be out of sight before it is first seen.`,
      'Leave the first key frame one on which it is seen.',
    );
  }
  return { ...track, keyFrames };
}

/** A track with other key frames; null if none is left on which the thing is seen. */
function withKeyFrames(track: Track, keyFrames: readonly KeyFrame[]): Track | null {
  const seen = keyFrames.findIndex(({ isVisible }) => isVisible);
  return seen < 0 ? null : { ...track, keyFrames: keyFrames.slice(seen) };
}

function keyFrame(
  track: Track,
  { name, span }: Segment,
  { videoId, location, hash, eye, picture }: SeenFrame,
  { box, isVisible }: { box: Corners; isVisible: boolean },
): KeyFrame {
  if (videoId !== span.videoId) {
    throw refusal(
      'This frame is of another recording: a box is carried over the frames of one.',
      `Go to the recording of “${name}”, or begin another box here.`,
    );
  }
  if (location.index < span.from || location.index > span.to) {
    throw refusal(
      `Frame ${location.index} lies outside the segment “${name}”, frames ${span.from} to ${span.to}.`,
      'Move the segment’s edge first, or go to a frame within it.',
    );
  }
  const other = anotherEye(track.eye, eye);
  if (other !== null) {
    throw refusal(
      `The key frames of “${track.label}” lie in another picture. ${other.replace('This answer is', 'They are')}`,
      'Choose that picture again, under the picture’s controls, or begin another box here.',
    );
  }
  if (track.picture.width !== picture.width || track.picture.height !== picture.height) {
    throw refusal(
      `This frame is ${picture.width} × ${picture.height}, and those of “${track.label}” are ${track.picture.width} × ${track.picture.height}: their boxes can’t be joined.`,
      'Begin another box here.',
    );
  }
  return { location, hash, box: checkedBox(box, picture), isVisible };
}

const without = (keyFrames: readonly KeyFrame[], index: number): KeyFrame[] =>
  keyFrames.filter(({ location }) => location.index !== index);

const inOrder = (keyFrames: readonly KeyFrame[]): KeyFrame[] =>
  [...keyFrames].sort((one, other) => one.location.index - other.location.index);

function frameOf({ seen }: TrackState): SeenFrame {
  if (seen === null) throw new Error('a key frame has no frame');
  return seen;
}

function segmentOf({ segments }: TrackState, { segmentId }: Track): Segment {
  const segment = segments.find(({ id }) => id === segmentId);
  if (segment === undefined) throw segmentGone();
  return segment;
}

function labelOf(given: string): string {
  const label = checkedName(given, mostLabelLength, 'A label');
  if (label !== '') return label;
  throw refusal('A box needs a label.', 'Type what the thing in it is.');
}

const gone = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'This box was deleted.',
    'Undo that first, or name another one. Nothing was changed.',
  );

const segmentGone = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'The segment of this box was deleted.',
    'Undo that first. Nothing was changed.',
  );

const noKeyFrame = (index: number): WorkstationError =>
  new WorkstationError(
    'not-found',
    `There is no key frame on frame ${index} any more.`,
    'It was moved or removed. Look at the box as it is now. Nothing was changed.',
  );
