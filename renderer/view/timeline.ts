import {
  formatTimecode,
  frameAtSeconds,
  frameOf,
  type EntrySummary,
  type FrameIndex,
  type FrameTimes,
  type Question,
  type Session,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { grouped } from './format.ts';
import { lengthOf, partIn, type TimeRange } from './time-range.ts';

/** Pure maths of the timeline. */

/** A frame by its recording and its number there. */
export interface FrameName {
  readonly videoId: VideoId;
  readonly index: FrameIndex;
}

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

/** Where a frame comes among all frames of the case; null where its recording is not one of the case. */
export type OrderOf = (frame: FrameName) => number | null;

/**
 * The entry that follows in time (1) or goes before (-1): after one of them, each once also where several are about one
 * frame, or after a place in the order of frames. `wanted`: others are passed over. Null where there is none.
 */
export function neighbour(
  entries: readonly EntrySummary[],
  from: EntrySummary | number,
  direction: -1 | 1,
  { orderOf, wanted = () => true }: { orderOf: OrderOf; wanted?: (entry: EntrySummary) => boolean },
): EntrySummary | null {
  const sorted = inTime(entries, orderOf);
  const at = typeof from === 'number' ? null : sorted.findIndex(({ entry }) => entry === from);
  const fits = ({ entry, order }: Ordered, index: number): boolean =>
    (at === null ? order - Number(from) : index - at) * direction > 0 && wanted(entry);
  return (direction > 0 ? sorted.find(fits) : sorted.findLast(fits))?.entry ?? null;
}

interface Ordered {
  readonly entry: EntrySummary;
  readonly order: number;
}

const inTime = (entries: readonly EntrySummary[], orderOf: OrderOf): Ordered[] =>
  entries
    .flatMap((entry) => {
      const order = orderOf(frameOf(entry.question));
      return order === null ? [] : [{ entry, order }];
    })
    .sort((one, other) => one.order - other.order);

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
