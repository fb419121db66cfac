import type { Edit } from '../../../preload/contract/changes.ts';
import type { SegmentAcrossCommand, SegmentCommand } from '../../../preload/contract/commands.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import {
  isSameName,
  mostMarkName,
  mostMarks,
  mostTagLength,
  mostTags,
  overlap,
  SegmentLook,
  type Segment,
} from '../../../preload/contract/marks.ts';
import type { FrameLocation } from '../../../preload/contract/places.ts';
import { Span, type SegmentId, type SessionId } from '../../../preload/contract/values.ts';
import { checkedName, checkedNote, refusal } from './texts.ts';

/** The first and last frame that a command names, with their times in the recording. */
export interface Stretch {
  readonly from: FrameLocation;
  readonly to: FrameLocation;
  /** When the last frame ends, in seconds since the first frame of the recording. */
  readonly endSeconds: number;
}

/** The state from which a command on a segment is planned. */
export interface SegmentState {
  readonly sessionId: SessionId;
  readonly actor: ActorId;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** All segments of the session, among which there may be no doubles. */
  readonly segments: readonly Segment[];
  /** The id that a new segment is to get. */
  readonly newId: SegmentId;
  /** The frames that the command names; null if it names none. */
  readonly stretch: Stretch | null;
}

/**
 * Plans the edits of a command on a segment. An edit that changes nothing is not recorded.
 *
 * @throws WorkstationError `invalid-input` with what is wrong, `not-found` for a segment that is not there
 */
export function planSegment(state: SegmentState, command: SegmentCommand): Edit[] {
  if (command.name === 'segment.add') return addition(state, command);
  const before = state.segments.find(({ id }) => id === command.segmentId);
  if (before === undefined) throw gone();
  const { id } = before;
  if (command.name === 'segment.delete') return [{ entity: 'segment', id, before, after: null }];
  const after = { ...before, ...changed(state, before, command) };
  refuseDouble(state.segments, after);
  return [{ entity: 'segment', id, before, after }];
}

/**
 * Plans one segment for each recording that a stretch over a join reaches into, with the frames of each in `stretches`.
 *
 * @throws WorkstationError as `planSegment` does
 */
export function planAcross(
  state: Omit<SegmentState, 'stretch' | 'newId'> & { stretches: readonly Stretch[]; newId: () => SegmentId },
  command: SegmentAcrossCommand,
): Edit[] {
  const { spans, ...said } = command;
  let { segments } = state;
  return spans.flatMap((span, at) => {
    const one = { ...state, segments, stretch: state.stretches[at] ?? null, newId: state.newId() };
    const edits = addition(one, { ...said, ...span, name: 'segment.add' });
    // The next one is checked against this one, and has its look.
    segments = [...segments, ...edits.flatMap((edit) => (edit.after as Segment | null) ?? [])];
    return edits;
  });
}

function addition(state: SegmentState, command: Extract<SegmentCommand, { name: 'segment.add' }>): Edit[] {
  const { sessionId, actor, now, segments, newId: id } = state;
  if (segments.length >= mostMarks) {
    throw refusal(
      `This session has ${mostMarks} segments, which is as many as can be kept apart.`,
      'Delete some that you no longer need, or start another session.',
    );
  }
  const name = nameOf(command.title);
  const after: Segment = {
    ...{ id, sessionId, ...placed(state, command.videoId), name },
    note: checkedNote(command.note ?? ''),
    tags: checkedTags(command.tags ?? []),
    look: command.look ?? lookFor(segments, name),
    ...{ actor, createdAt: now },
  };
  refuseDouble(segments, after);
  return [{ entity: 'segment', id, before: null, after }];
}

function changed(
  state: SegmentState,
  before: Segment,
  command: Extract<SegmentCommand, { name: 'segment.edit' | 'segment.move' }>,
): Partial<Segment> {
  if (command.name === 'segment.move') return placed(state, before.span.videoId);
  const { title, note, tags, look } = command;
  return {
    ...(title !== undefined && { name: nameOf(title) }),
    ...(note !== undefined && { note: checkedNote(note) }),
    ...(tags !== undefined && { tags: checkedTags(tags) }),
    ...(look !== undefined && { look }),
  };
}

function placed({ stretch }: SegmentState, videoId: Span['videoId']): Pick<Segment, 'span' | 'seconds'> {
  if (stretch === null) throw new Error('a segment has no frames');
  const { from, to, endSeconds } = stretch;
  if (from.index > to.index) {
    throw refusal(
      `This segment would end, at frame ${to.index}, before it begins, at frame ${from.index}.`,
      'A segment has one frame at least: set its end behind its beginning.',
    );
  }
  return {
    span: Span.parse({ videoId, from: from.index, to: to.index }),
    seconds: { from: from.seconds, to: endSeconds },
  };
}

function nameOf(given: string): string {
  const name = checkedName(given, mostMarkName, 'A segment’s name');
  if (name === '') throw refusal('A segment needs a name.', 'Type one, or choose one of the last.');
  return name;
}

/** Tags without doubles, in the order in which they were given. */
function checkedTags(given: readonly string[]): string[] {
  const tags: string[] = [];
  for (const one of given) {
    const tag = checkedName(one, mostTagLength, 'A tag');
    if (tag !== '' && !tags.some((other) => isSameName(other, tag))) tags.push(tag);
  }
  if (tags.length <= mostTags) return tags;
  throw refusal(
    `A segment has ${mostTags} tags at most, and these are ${tags.length}.`,
    'Leave some out, or write them into its note.',
  );
}

/** The look of the last segment with this name, so that a name keeps its look, or else the look that is used least. */
function lookFor(segments: readonly Segment[], name: string): SegmentLook {
  const last = segments.filter((segment) => isSameName(segment.name, name)).at(-1);
  if (last !== undefined) return last.look;
  const used = (look: SegmentLook): number => segments.filter((segment) => segment.look === look).length;
  return SegmentLook.options.reduce((best, look) => (used(look) < used(best) ? look : best));
}

/** Refuses a segment that shares a frame with another one of its name, because the two could not be told apart. */
function refuseDouble(segments: readonly Segment[], after: Segment): void {
  const other = segments.find(
    ({ id, name, span }) => id !== after.id && isSameName(name, after.name) && overlap(span, after.span),
  );
  if (other === undefined) return;
  throw refusal(
    `“${other.name}” is there already from frame ${other.span.from} to ${other.span.to}, and two segments of one name can’t overlap.`,
    'Give this one another name, end it before the other begins, or move the other’s edge instead.',
  );
}

const gone = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'This segment was deleted.',
    'Undo that first, or name another one. Nothing was changed.',
  );
