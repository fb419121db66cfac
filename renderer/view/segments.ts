import {
  caseSeconds,
  isSameName,
  overlap,
  segmentsInOrder,
  type CaseTime,
  type FrameIndex,
  type Segment,
  type Span,
} from '../../preload/contract/index.ts';
import { partIn, type TimeRange } from './time-range.ts';

export type Edge = 'from' | 'to';

/**
 * Where an edge of a segment may lie, both of them allowed: a segment keeps one frame at least, lies in its recording, and does
 * not overlap another of its name.
 */
export function edgeLimits(
  segments: readonly Segment[],
  { id, name, span }: Pick<Segment, 'id' | 'name' | 'span'>,
  { edge, lastIndex }: { edge: Edge; lastIndex: number },
): { readonly least: number; readonly most: number } {
  const others = segments.filter(
    (other) => other.id !== id && other.span.videoId === span.videoId && isSameName(other.name, name),
  );
  const before = others.filter((other) => other.span.to < span.from).map((other) => other.span.to + 1);
  const behind = others.filter((other) => other.span.from > span.to).map((other) => other.span.from - 1);
  return edge === 'from'
    ? { least: Math.max(0, ...before), most: span.to }
    : { least: span.from, most: Math.min(lastIndex, ...behind) };
}

/** A segment's span with one edge elsewhere, as near to there as it may lie. */
export function withEdge(
  segments: readonly Segment[],
  segment: Pick<Segment, 'id' | 'name' | 'span'>,
  { edge, index, lastIndex }: { edge: Edge; index: number; lastIndex: number },
): Span {
  const { least, most } = edgeLimits(segments, segment, { edge, lastIndex });
  return { ...segment.span, [edge]: Math.min(most, Math.max(least, index)) as FrameIndex };
}

export interface SegmentBar {
  readonly segment: Segment;
  /** Both as parts of the lane's width. */
  readonly left: number;
  readonly width: number;
  /** Counted from the top, from 0. */
  readonly row: number;
}

/** Rows that a lane has room for; further segments lie over one another in the last one. */
const mostRows = 3;

/** Bars narrower than this, in CSS pixels, can't be told from their neighbours. */
const leastPixels = 3;

/** A segment with its times in that of the case, and its row. */
interface PlacedSegment {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
  readonly row: number;
}

/** Segments in the order of their beginnings, with the row of each: those that overlap lie below one another. */
export interface SegmentRows {
  readonly placed: readonly PlacedSegment[];
  readonly count: number;
}

/**
 * Depends on the segments alone, so that a bar keeps its row while the lane is zoomed. Those of a recording that is none of the
 * case's are left out.
 */
export function segmentRows(segments: readonly Segment[], time: CaseTime): SegmentRows {
  const lastOfRow: PlacedSegment[] = [];
  const timed = segmentsInOrder(segments).flatMap((segment) => {
    const offset = caseSeconds(time, segment.span.videoId, 0);
    const { from, to } = segment.seconds;
    return offset === null ? [] : [{ segment, from: offset + from, to: offset + to }];
  });
  timed.sort((one, other) => one.from - other.from);
  const placed = timed.map((one): PlacedSegment => {
    const free = Array.from({ length: mostRows }, (_, row) => row).find((row) => {
      const last = lastOfRow[row];
      return last === undefined || !overlap(last.segment.span, one.segment.span);
    });
    const row = free ?? mostRows - 1;
    const last = lastOfRow[row];
    if (last === undefined || last.to < one.to) lastOfRow[row] = { ...one, row };
    return { ...one, row };
  });
  return { placed, count: Math.max(1, lastOfRow.length) };
}

/** The bars of a lane that shows a range; those too narrow to be seen apart are left out. */
export function segmentBars({ placed }: SegmentRows, range: TimeRange, laneWidth: number): SegmentBar[] {
  const drawnTo: number[] = [];
  const bars: SegmentBar[] = [];
  for (const { segment, from, to, row } of placed) {
    const left = partIn(range, from);
    const right = partIn(range, to);
    const isHidden = laneWidth > 0 && (right - (drawnTo[row] ?? -1)) * laneWidth < leastPixels;
    if (isHidden || right < 0 || left > 1) continue;
    drawnTo[row] = right;
    // Cut at the lane's ends, so that its name stays in sight.
    const begin = Math.max(0, left);
    bars.push({ segment, left: begin, width: Math.min(1, right) - begin, row });
  }
  return bars;
}

/** The names of segments, each once, the last one first. */
export function lastNames(segments: readonly Segment[], most = 30): string[] {
  const names: string[] = [];
  for (const { name } of [...segments].sort((one, other) => other.createdAt - one.createdAt)) {
    if (names.length === most) break;
    if (!names.some((known) => isSameName(known, name))) names.push(name);
  }
  return names;
}

/** What was typed into a line of tags, between commas. */
export const tagsOf = (text: string): string[] =>
  text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
