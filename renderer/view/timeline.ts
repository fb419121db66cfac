import {
  formatTimecode,
  type EntrySummary,
  type FrameIndex,
  type Question,
  type Session,
  type Video,
} from '../../preload/contract/index.ts';
import { grouped } from './format.ts';

/** Pure maths of the timeline: seconds since the first frame against parts of the lane's width, 0..1. */

/** Part of the lane's width at which a time lies; 0 where there is no length to measure against. */
export function partAt(seconds: number, durationSeconds: number): number {
  if (!(durationSeconds > 0)) return 0;
  return Math.min(1, Math.max(0, seconds / durationSeconds));
}

/** The time at a horizontal place of the lane; places beyond its ends count as the ends. */
export function secondsAt(x: number, width: number, durationSeconds: number): number {
  if (!(width > 0) || !(durationSeconds > 0)) return 0;
  return Math.min(1, Math.max(0, x / width)) * durationSeconds;
}

export interface Thumbnail {
  /** Frame index that the picture is taken near. */
  readonly index: number;
  /** Left edge, as part of the lane's width. */
  readonly left: number;
}

/**
 * One picture for each `pictureWidth` of a lane, of the frame in its middle. Frame indexes stand in for
 * times: in variable frame rate a picture may lie a little off, which thumbnails may and frames may not.
 */
export function thumbnailsFor(laneWidth: number, pictureWidth: number, frameCount: number): Thumbnail[] {
  if (!(laneWidth > 0) || !(pictureWidth > 0) || frameCount < 1) return [];
  const count = Math.ceil(laneWidth / pictureWidth);
  return Array.from({ length: count }, (_, position) => {
    const left = (position * pictureWidth) / laneWidth;
    const middle = Math.min(1, left + pictureWidth / laneWidth / 2);
    return { index: Math.min(frameCount - 1, Math.floor(middle * frameCount)), left };
  });
}

/** Whether a question is about the frame on which somebody stands. */
export const isAbout = (question: Question, at: Pick<Session, 'videoId' | 'frameIndex'>): boolean =>
  question.videoId === at.videoId && question.location.index === at.frameIndex;

/** The frame that a question is about, in one recording; null where it is about another one, or there is none. */
export const indexIn = ({ id }: Pick<Video, 'id'>, question: Question | undefined): FrameIndex | null =>
  question?.videoId === id ? question.location.index : null;

/** Those about one recording of the case: only they have a place on its timeline. */
export const entriesAbout = (
  entries: readonly EntrySummary[],
  { id }: Pick<Video, 'id'>,
): readonly EntrySummary[] => entries.filter(({ question }) => question.videoId === id);

/**
 * The entry that follows in the video (1) or goes before (-1): after one of them, each once also where several are about
 * one frame, or after a frame. `wanted`: others are passed over. Null where there is none.
 */
export function neighbour(
  entries: readonly EntrySummary[],
  from: EntrySummary | number,
  direction: -1 | 1,
  wanted: (entry: EntrySummary) => boolean = () => true,
): EntrySummary | null {
  const sorted = inTime(entries);
  const at = typeof from === 'number' ? null : sorted.indexOf(from);
  const lies = (entry: EntrySummary, index: number): number =>
    at === null ? place(entry) - Number(from) : index - at;
  const fits = (entry: EntrySummary, index: number): boolean =>
    lies(entry, index) * direction > 0 && wanted(entry);
  return (direction > 0 ? sorted.find(fits) : sorted.findLast(fits)) ?? null;
}

const place = ({ question }: EntrySummary): number => question.location.index;

const inTime = (entries: readonly EntrySummary[]): EntrySummary[] =>
  [...entries].sort((one, other) => place(one) - place(other));

/** Joins nearer to one another than this, in CSS pixels, are one mark. */
const joinPixels = 6;

export interface JoinMark {
  /** As part of the lane's width. */
  readonly left: number;
  readonly name: string;
}

/** One mark for each place of the lane at which the file's own clock begins anew or jumps. */
export function joinMarks(joins: Video['joins'], durationSeconds: number, laneWidth: number): JoinMark[] {
  const groups: { left: number; members: Video['joins'] }[] = [];
  for (const join of joins) {
    const left = partAt(join.seconds, durationSeconds);
    const last = groups.at(-1);
    if (last && (left - last.left) * laneWidth < joinPixels) last.members.push(join);
    else groups.push({ left, members: [join] });
  }
  return groups.map(({ left, members }) => {
    const [first, ...others] = members;
    const place = `${formatTimecode(first?.seconds ?? 0)}, frame ${grouped(first?.index ?? 0)}`;
    const what = 'the file’s own clock starts again or jumps here; the time shown goes on';
    return {
      left,
      name:
        others.length === 0 ? `Join at ${place}: ${what}` : `${members.length} joins from ${place}: ${what}`,
    };
  });
}

/** Answers nearer to one another than this, in CSS pixels, share a mark: marks that lie on one another can't be told apart. */
const markPixels = 16;
/** The same behind a mark with a count of two figures or more, which needs room to be read. */
const countedPixels = 44;

export interface LaneMark<Member> {
  /** Of its first member, as part of the lane's width. */
  readonly left: number;
  /** In the order of their frames; those of one frame as they were given. */
  readonly members: readonly Member[];
}

/** The marks of a lane: one for each frame that something is on, or for several that lie close together. */
export function laneMarks<Member>(
  members: readonly Member[],
  placeOf: (member: Member) => { readonly index: number; readonly seconds: number },
  { durationSeconds, width }: { durationSeconds: number; width: number },
): LaneMark<Member>[] {
  const marks: { left: number; index: number; members: Member[] }[] = [];
  for (const member of [...members].sort((one, other) => placeOf(one).index - placeOf(other).index)) {
    const { index, seconds } = placeOf(member);
    const left = partAt(seconds, durationSeconds);
    const last = marks.at(-1);
    const room = (last?.members.length ?? 0) > 9 ? countedPixels : markPixels;
    if (last && (last.index === index || (width > 0 && (left - last.left) * width < room)))
      last.members.push(member);
    else marks.push({ left, index, members: [member] });
  }
  return marks;
}

export interface AnswerMark {
  /** Of its first frame, as part of the lane's width. */
  readonly left: number;
  /** In the order of their frames, and of asking where several are about one. */
  readonly entries: readonly EntrySummary[];
}

/** The marks of a lane of answers. */
export const answerMarks = (
  entries: readonly EntrySummary[],
  durationSeconds: number,
  laneWidth: number,
): AnswerMark[] =>
  laneMarks(entries, ({ question }) => question.location, { durationSeconds, width: laneWidth }).map(
    ({ left, members }) => ({ left, entries: members }),
  );
