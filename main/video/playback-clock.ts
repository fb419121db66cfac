import { reviewClock } from '../../preload/contract/review-clock.ts';
import type { FrameTable } from './frame-table.ts';

/** Pieces that an expression may have: more would not fit into a command line of Windows. */
const mostPieces = 300;

/** From frame `first` of the stream on, an expression of `N` (frames since its beginning) and `PTS`. */
interface Piece {
  readonly first: number;
  readonly expression: string;
}

/**
 * Filters that give the frames of a converted stream the review clock's times, counted from frame `start`. The first frame
 * that they see must be that one.
 *
 * Where the clock is the file's own, its times are taken. Elsewhere an expression says by how much each stretch of the
 * file's times is moved; a file with more stretches than a command line holds gets straight lines through its times, as
 * close as they come.
 */
export function reviewTimes(table: FrameTable, start: number): string {
  const clock = reviewClock(table);
  if (clock.isOwn) return 'setpts=PTS-STARTPTS';
  const scale = clock.timeBase[1] / table.timeBase[1];
  const begin = clock.ticks[start] as number;
  const times = Float64Array.from(
    { length: table.ticks.length - start },
    (_, frame) => (clock.ticks[start + frame] as number) - begin,
  );
  const pieces = movedPieces(times, table.ticks.subarray(start), scale) ?? straightPieces(times);
  // Times of straight lines might meet where two lines do; encoders ask for times that rise.
  const rising = `if(gt(N,0),max(PREV_OUTPTS+1,${choice(pieces)}),0)`;
  return `settb=${clock.timeBase.join('/')},setpts='${rising}'`;
}

/** The file's own times, moved; null where there are too many moves. */
function movedPieces(times: Float64Array, own: Float64Array, scale: number): Piece[] | null {
  const pieces: Piece[] = [];
  for (let first = 0; first < times.length;) {
    if (pieces.length === mostPieces) return null;
    const moved = (times[first] as number) - (own[first] as number) * scale;
    let end = first + 1;
    while (end < times.length && (times[end] as number) - (own[end] as number) * scale === moved) end++;
    // A frame by itself may be one without a time of its own.
    pieces.push({ first, expression: end - first > 1 ? `PTS+${moved}` : `${times[first]}` });
    first = end;
  }
  return pieces;
}

function straightPieces(times: Float64Array): Piece[] {
  for (let tolerance = 0.5; ; tolerance *= 4) {
    const pieces = linesWithin(times, tolerance);
    if (pieces.length <= mostPieces) return pieces;
  }
}

/** Lines from frame to frame that miss no time by more than `tolerance` ticks. */
function linesWithin(times: Float64Array, tolerance: number): Piece[] {
  const pieces: Piece[] = [];
  for (let first = 0; first < times.length;) {
    const origin = times[first] as number;
    let [least, most] = [0, Infinity];
    let end = first + 1;
    for (; end < times.length; end++) {
      const rise = (times[end] as number) - origin;
      const [low, high] = [(rise - tolerance) / (end - first), (rise + tolerance) / (end - first)];
      if (low > most || high < least) break;
      [least, most] = [Math.max(least, low), Math.min(most, high)];
    }
    const slope = most === Infinity ? 0 : (least + most) / 2;
    // Half a tick, since the filter cuts fractions off.
    pieces.push({ first, expression: `${origin + 0.5}+(N-${first})*${slope.toFixed(6)}` });
    first = end;
  }
  return pieces;
}

/** Looks the piece of frame `N` up by halves. */
function choice(pieces: readonly Piece[]): string {
  if (pieces.length === 1) return (pieces[0] as Piece).expression;
  const middle = pieces.length >> 1;
  const { first } = pieces[middle] as Piece;
  return `if(lt(N,${first}),${choice(pieces.slice(0, middle))},${choice(pieces.slice(middle))})`;
}
