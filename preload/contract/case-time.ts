import { z } from 'zod';
import { frameAtSeconds, secondsOfFrame, timeToleranceSeconds, type FrameTimes } from './frames.ts';
import type { FrameIndex } from './values.ts';
import { Timestamp, type VideoId } from './values.ts';

/**
 * The time of a case: one line on which all of its recordings lie in their order, since a recorder writes an operation into
 * several files. It begins at 0 with the first frame of the first recording, and is counted in seconds.
 *
 * It is the only place where that is decided. A frame is still named by its recording and its index there (`FrameRef`); the time
 * of the case is computed from it and never stored, because another order or another clock changes it. The rules:
 *
 * 1. Recordings follow each other in the case's order, each as long as its own review clock says.
 * 2. Between two of them lies a gap if it is known how long it was: a person stated it, or both recordings state when they
 *    began. Otherwise they follow each other without a gap, and windows say that its length is unknown.
 * 3. Clocks that contradict the order (a recording would begin before the end of the one before it) state no gap.
 * 4. Picture streams of one file were recorded together, so they lie beside each other in the same stretch.
 */

/** The longest gap that a person can state, in seconds. */
const mostGapSeconds = 7 * 24 * 3600;

/** What a person states about the beginning of a recording: when that was, or how long after the end of the one before. */
export const RecordingStart = z.union([
  z.strictObject({ at: Timestamp }),
  z.strictObject({ gapSeconds: z.number().min(0).max(mostGapSeconds) }),
]);
export type RecordingStart = z.infer<typeof RecordingStart>;

/** What decides where a recording lies in the time of its case. */
export interface TimedRecording {
  readonly id: VideoId;
  readonly fingerprint: string;
  readonly streamIndex: number | null;
  /** Its length; null, which counts as 0, if nothing states it. */
  readonly durationSeconds: number | null;
  /** When it began by its file's own words, in milliseconds since the Unix epoch. */
  readonly recordedAt: number | null;
  readonly start?: RecordingStart | undefined;
}

/**
 * The gap before a recording. `first`: there is none before it. `stated`: a person stated it, or a clock that it follows from.
 * `clock`: the files state it. `unknown`: nothing states it. `contradiction`: the clocks contradict the order. `apart`: it is
 * longer than an operation, so it is told but takes no room.
 */
export type GapKind = 'first' | 'stated' | 'clock' | 'unknown' | 'contradiction' | 'apart';

/** Where one recording lies in the time of its case. */
export interface CaseStretch {
  readonly id: VideoId;
  readonly from: number;
  readonly to: number;
  readonly gap: {
    readonly kind: GapKind;
    /** How much of the case's time it takes. */
    readonly seconds: number;
    /** Its length as stated, which is negative for a contradiction; null if nothing states it. */
    readonly statedSeconds: number | null;
  };
  /** The file and stream that it is of; stretches of one file have the same times. */
  readonly content: string;
  readonly streamIndex: number | null;
}

export interface CaseTime {
  /** One for each recording, in their order; those of one file stand together. */
  readonly stretches: readonly CaseStretch[];
  readonly duration: number;
}

/** The hash of a file's content, without its picture stream. */
export const contentOf = (fingerprint: string): string => fingerprint.split(':')[0] as string;

/** Gaps up to this many seconds count as none, because recorders state the time in whole seconds. */
const clockToleranceSeconds = 1;
/** A longer gap than this takes no room, because what lies between is not of this operation. */
export const longestGapSeconds = 6 * 3600;

/** Places recordings, which come in the case's order, in the time of the case. */
export function caseTimeOf(recordings: readonly TimedRecording[]): CaseTime {
  const stretches: CaseStretch[] = [];
  let end = 0;
  /** When the last stretch ended, in milliseconds since the Unix epoch; null if nothing states it. */
  let endClock: number | null = null;
  let endIsStated = false;
  for (const files of byFile(recordings)) {
    const lengths = files.map(({ durationSeconds }) => durationSeconds ?? 0);
    const length = Math.max(0, ...lengths);
    // The choice of one stream of a file counts for all of them.
    const start = files.find((file) => file.start !== undefined)?.start;
    const recordedAt = files.find((file) => file.recordedAt !== null)?.recordedAt ?? null;
    const given = start !== undefined && 'at' in start ? start.at : null;
    const clock = given ?? recordedAt;
    const gap = stretches.length === 0 ? firstGap : gapBefore({ start, clock, endClock });
    const isStated = given !== null || endIsStated;
    const told = gap.kind === 'clock' && isStated ? { ...gap, kind: 'stated' as const } : gap;
    const from = end + gap.seconds;
    files.forEach(({ id, fingerprint, streamIndex }, at) =>
      stretches.push({
        ...{ id, from, to: from + Math.max(0, lengths[at] as number), gap: told },
        ...{ content: contentOf(fingerprint), streamIndex },
      }),
    );
    const began: number | null =
      start !== undefined && 'gapSeconds' in start && endClock !== null && stretches.length > files.length
        ? endClock + start.gapSeconds * 1000
        : clock;
    endClock = began === null ? null : began + length * 1000;
    endIsStated = given !== null;
    end = from + length;
  }
  return { stretches, duration: end };
}

const firstGap = { kind: 'first', seconds: 0, statedSeconds: null } as const;

function gapBefore({
  start,
  clock,
  endClock,
}: {
  start: RecordingStart | undefined;
  clock: number | null;
  endClock: number | null;
}): CaseStretch['gap'] {
  if (start !== undefined && 'gapSeconds' in start) return withRoom('stated', start.gapSeconds);
  if (clock === null || endClock === null) return { kind: 'unknown', seconds: 0, statedSeconds: null };
  const seconds = (clock - endClock) / 1000;
  if (seconds < -clockToleranceSeconds) return { kind: 'contradiction', seconds: 0, statedSeconds: seconds };
  return withRoom('clock', seconds <= clockToleranceSeconds ? 0 : seconds);
}

const withRoom = (kind: GapKind, seconds: number): CaseStretch['gap'] =>
  seconds > longestGapSeconds
    ? { kind: 'apart', seconds: 0, statedSeconds: seconds }
    : { kind, seconds, statedSeconds: seconds };

/** Recordings of the same file stand together, at the place of the first. */
function byFile(recordings: readonly TimedRecording[]): TimedRecording[][] {
  const files = new Map<string, TimedRecording[]>();
  for (const recording of recordings) {
    const content = contentOf(recording.fingerprint);
    const known = files.get(content);
    if (known === undefined) files.set(content, [recording]);
    else known.push(recording);
  }
  return [...files.values()];
}

/** The stretch of a recording; null if it is not one of the case. */
export const stretchOf = ({ stretches }: CaseTime, id: VideoId): CaseStretch | null =>
  stretches.find((stretch) => stretch.id === id) ?? null;

/** The time of the case `seconds` after the first frame of a recording; null if that is not one of the case. */
export function caseSeconds(time: CaseTime, id: VideoId, seconds: number): number | null {
  const stretch = stretchOf(time, id);
  return stretch && stretch.from + seconds;
}

/** A place in the time of a case: in a recording, or in the gap before it. */
export interface CasePlace {
  readonly stretch: CaseStretch;
  /** Seconds since the first frame of the recording; 0 in the gap before it. */
  readonly seconds: number;
  readonly isGap: boolean;
}

/**
 * What lies at a time of the case; null if the case has no recordings. Times before the beginning and after the end count as
 * the beginning and the end. Of several streams of one file it is the one of recording `like`, or else that of the same number.
 */
export function placeInCase(time: CaseTime, seconds: number, like?: VideoId): CasePlace | null {
  const { stretches } = time;
  const wanted = Math.max(0, Number.isFinite(seconds) ? seconds : 0);
  // The last one that begins at or before the time, which rounding may have put a little early.
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stretches[middle] as CaseStretch).from <= wanted + timeToleranceSeconds) low = middle + 1;
    else high = middle;
  }
  const found = stretches[Math.max(0, low - 1)];
  if (found === undefined) return null;
  const end = endOf(stretches, found.content);
  const next = stretches[low];
  if (next !== undefined && next.from > end && wanted >= end) {
    return { stretch: chosenStream(time, next.content, like), seconds: 0, isGap: true };
  }
  const stretch = chosenStream(time, found.content, like);
  const within = Math.min(stretch.to - stretch.from, wanted - stretch.from);
  return { stretch, seconds: Math.max(0, within), isGap: false };
}

/** The streams of one file may differ in length by a frame. */
const endOf = (stretches: readonly CaseStretch[], content: string): number =>
  stretches.reduce((end, stretch) => (stretch.content === content ? Math.max(end, stretch.to) : end), 0);

function chosenStream({ stretches }: CaseTime, content: string, like: VideoId | undefined): CaseStretch {
  const streams = stretches.filter((stretch) => stretch.content === content);
  const stream = stretches.find(({ id }) => id === like)?.streamIndex ?? null;
  return (streams.find(({ id }) => id === like) ??
    streams.find(({ streamIndex }) => stream !== null && streamIndex === stream) ??
    streams[0]) as CaseStretch;
}

/** The recordings before (-1) or behind (1) a recording, the nearest first and one of each file. */
export function neighboursOf(time: CaseTime, id: VideoId, direction: -1 | 1): CaseStretch[] {
  const files = [...new Set(time.stretches.map(({ content }) => content))];
  const at = files.indexOf(stretchOf(time, id)?.content ?? '');
  if (at < 0) return [];
  const beyond = direction > 0 ? files.slice(at + 1) : files.slice(0, at).reverse();
  return beyond.map((content) => chosenStream(time, content, id));
}

/** The frame at a time of the case; null in a gap, and in a recording whose frame times are not in `tables`. */
export function frameInCase(
  time: CaseTime,
  tables: ReadonlyMap<VideoId, FrameTimes>,
  seconds: number,
  like?: VideoId,
): { videoId: VideoId; index: FrameIndex } | null {
  const place = placeInCase(time, seconds, like);
  if (place === null || place.isGap) return null;
  const times = tables.get(place.stretch.id);
  if (times === undefined || times.ticks.length === 0) return null;
  return { videoId: place.stretch.id, index: frameAtSeconds(times, place.seconds) };
}

/** When a frame begins in the time of the case; null if its recording is not one of the case. Throws `frame-out-of-range`. */
export const caseSecondsOfFrame = (
  time: CaseTime,
  times: FrameTimes,
  { videoId, index }: { videoId: VideoId; index: number },
): number | null => caseSeconds(time, videoId, secondsOfFrame(times, index));

/** A number that rises with every frame of a case, through its recordings in their order; null outside of the case. */
export function frameOrder(
  { stretches }: CaseTime,
  { videoId, index }: { videoId: VideoId; index: number },
): number | null {
  const rank = stretches.findIndex(({ id }) => id === videoId);
  return rank < 0 ? null : rank * 2 ** 32 + index;
}
