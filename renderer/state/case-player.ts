import {
  formatTimecode,
  frameAtTimecode,
  neighboursOf,
  parseTimecode,
  placeInCase,
  stretchOf,
  toErrorReport,
  WorkstationError,
  type CasePlace,
  type ErrorReport,
  type FrameTimes,
  type PlaceInVideo,
  type Video,
} from '../../preload/contract/index.ts';
import type { FrameName } from '../view/timeline.ts';
import { isShowable, type Reel } from './recordings.svelte.ts';

/** How a player goes over the recordings of a case: what is shown next, whichever file it lies in. */

/** A frame of a recording. */
export interface FrameAt {
  readonly video: Video;
  readonly index: number;
}

/** Whether its file is there and its frames will be known soon. */
const isBeingCounted = ({ availability, index }: Video): boolean =>
  availability === 'available' && index === 'building';

/**
 * The nearest recordings in a direction whose frames can be shown. Those that are away are passed over; where one is still being
 * counted, the way ends.
 */
export const showableFrom = (reel: Reel, video: Video, direction: -1 | 1): Video[] => {
  const all = neighboursOf(reel.time, video.id, direction).flatMap(({ id }) => reel.find(id) ?? []);
  const end = all.findIndex(isBeingCounted);
  return (end < 0 ? all : all.slice(0, end)).filter(isShowable);
};

/** The recording whose frames have to be counted before one can go so many frames further on; null where none has. */
export function countedFirst(reel: Reel, from: FrameAt, by: number): Video | null {
  const direction = by < 0 ? -1 : 1;
  const all = neighboursOf(reel.time, from.video.id, direction).flatMap(({ id }) => reel.find(id) ?? []);
  const first = all.find(isBeingCounted);
  if (first === undefined) return null;
  const within = [from.video, ...showableFrom(reel, from.video, direction)].filter(isShowable);
  const frames = within.reduce((sum, video) => sum + lastIndexOf(video) + 1, 0);
  const before = !isShowable(from.video)
    ? 0
    : direction > 0
      ? from.index + 1
      : lastIndexOf(from.video) + 1 - from.index;
  return Math.abs(by) > frames - before ? first : null;
}

const lastIndexOf = (video: Video): number => Math.max(0, (video.frameCount ?? 1) - 1);

/** The last frame of a recording in a direction. */
export const endOf = (video: Video, direction: -1 | 1): number => (direction > 0 ? lastIndexOf(video) : 0);

/** The frame so many frames further on, over joins; the last or first one of all where there are not so many. */
export function framesOn(reel: Reel, from: FrameAt, by: number): FrameAt {
  const direction = by < 0 ? -1 : 1;
  let { video } = from;
  // Of a recording that is away no frame is left behind: its neighbour's first one is the next.
  let index = isShowable(video) ? from.index + by : direction > 0 ? lastIndexOf(video) + by : by;
  for (const next of showableFrom(reel, video, direction)) {
    if (index >= 0 && index <= lastIndexOf(video)) break;
    index = direction > 0 ? index - lastIndexOf(video) - 1 : index + lastIndexOf(next) + 1;
    video = next;
  }
  return { video, index: Math.min(lastIndexOf(video), Math.max(0, index)) };
}

/** Where one stands at a time of the case. In a gap that is the nearer end of it, or the one in the direction of a jump. */
export function placeToGo(reel: Reel, seconds: number, direction: -1 | 0 | 1 = 0): CasePlace | null {
  const place = placeInCase(reel.time, seconds, reel.shown.id);
  if (place === null) return null;
  const found = reel.find(place.stretch.id);
  const isAway = found !== null && !isShowable(found) && direction !== 0 && found.id !== reel.shown.id;
  if (!place.isGap && !isAway) return place;
  const { stretch } = place;
  const ends = (['before', 'behind'] as const).map((side) => endBeside(reel, place, side));
  const [before, behind] = ends;
  if (direction !== 0) return (direction < 0 ? before : behind) ?? place;
  const isNearerBefore = before != null && seconds - before.stretch.to < stretch.from - seconds;
  return isNearerBefore ? before : { stretch, seconds: 0, isGap: false };
}

/** The end of the recording before a place, or the beginning of the one behind it. */
function endBeside(reel: Reel, { stretch, isGap }: CasePlace, side: 'before' | 'behind'): CasePlace | null {
  const here = reel.find(stretch.id);
  if (side === 'behind' && isGap && here !== null && isShowable(here))
    return { stretch, seconds: 0, isGap: false };
  const [video] = here === null ? [] : showableFrom(reel, here, side === 'before' ? -1 : 1);
  const found = video === undefined ? null : stretchOf(reel.time, video.id);
  if (found === null) return null;
  return { stretch: found, seconds: side === 'before' ? found.to - found.from : 0, isGap: false };
}

interface Going {
  readonly times: { get: (video: Video) => Promise<FrameTimes> };
  fault: ErrorReport | null;
  seek: (seconds: number) => Promise<void>;
  goTo: (place: PlaceInVideo) => Promise<void>;
  goToFrame: (frame: FrameName) => Promise<void>;
}

/** Goes to a place as a person writes it: a frame is one of the recording on show, a time that of the case. */
export async function goToPlace(player: Going, reel: Reel, place: PlaceInVideo): Promise<void> {
  if (!('timecode' in place) || !reel.areSeveral) return player.goTo(place);
  try {
    await goToTimecode(player, reel, place.timecode);
  } catch (error) {
    player.fault = toErrorReport(error);
  }
}

/** A time as it is shown names one frame. Throws what is wrong with it. */
async function goToTimecode(player: Going, reel: Reel, text: string): Promise<void> {
  const { seconds, tolerance } = parseTimecode(text);
  if (seconds > reel.time.duration + tolerance) throw afterTheEnd(text, reel.time.duration);
  const place = placeInCase(reel.time, seconds + tolerance, reel.shown.id);
  const video = place && reel.find(place.stretch.id);
  if (!place || place.isGap || !video || !isShowable(video)) return player.seek(seconds);
  const index = frameAtTimecode(await player.times.get(video), text, place.stretch.from);
  await player.goToFrame({ videoId: video.id, index });
}

const afterTheEnd = (text: string, duration: number): WorkstationError =>
  new WorkstationError(
    'frame-out-of-range',
    `${text.trim()} is after the end of the case’s recordings.`,
    `They end at ${formatTimecode(duration)}.`,
  );
