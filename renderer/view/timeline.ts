import {
  formatTimecode,
  frameAtSeconds,
  type EntrySummary,
  type FrameIndex,
  type FrameTimes,
  type Question,
  type Session,
  type Video,
} from '../../preload/contract/index.ts';
import { grouped } from './format.ts';
import { lengthOf, partIn, type TimeRange } from './time-range.ts';

/** Pure maths of the timeline. */

export interface Thumbnail {
  /** Its place in the row of pictures that the whole recording would have: the same wherever the lane begins. */
  readonly place: number;
  /** Frame index that the picture is taken near. */
  readonly index: number;
  /** When it begins, in seconds since the first frame. */
  readonly seconds: number;
}

/**
 * One picture for each stretch of `pictureSeconds`, of the frame in its middle, as far as a range reaches. Where the times of
 * the frames are not known, a steady rate stands in for them, which thumbnails may and frames may not.
 */
export function thumbnailsFor(
  range: TimeRange,
  pictureSeconds: number,
  { duration, frameCount, times }: { duration: number; frameCount: number; times: FrameTimes | null },
): Thumbnail[] {
  if (!(pictureSeconds > 0) || !(lengthOf(range) > 0) || frameCount < 1) return [];
  const first = Math.max(0, Math.floor(range.from / pictureSeconds));
  const end = Math.ceil(Math.min(range.to, duration) / pictureSeconds);
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => {
    const seconds = (first + at) * pictureSeconds;
    const middle = Math.min(duration, seconds + pictureSeconds / 2);
    const index = times ? frameAtSeconds(times, middle) : Math.floor((middle / duration) * frameCount);
    return { place: first + at, index: Math.min(frameCount - 1, index), seconds };
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

/** One mark for each place of a lane at which the file's own clock begins anew or jumps, as far as it shows a range. */
export function joinMarks(joins: Video['joins'], range: TimeRange, laneWidth: number): JoinMark[] {
  const groups: { left: number; members: Video['joins'] }[] = [];
  for (const join of joins) {
    const left = partIn(range, join.seconds);
    if (left < 0 || left > 1) continue;
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
