import {
  frameOrder,
  type Bookmark,
  type CaseTime,
  type EntrySummary,
  type FrameIndex,
  type QuestionId,
  type Segment,
  type Track,
} from '../../preload/contract/index.ts';
import { written } from '../view/format.ts';
import { markerInWords, markersOf, nextMarker } from '../view/markers.ts';
import type { Edge } from '../view/segments.ts';
import { headline } from '../view/statuses.ts';
import { neighbour, type FrameName } from '../view/timeline.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Player } from './player.svelte.ts';
import type { ReviewList } from './review-list.svelte.ts';

/** Which questions are gone through: all, or those that wait for this person's verdict. */
export type Which = 'any' | 'open';

/** A review in which questions are gone through. */
interface Reviewed {
  readonly entries: readonly EntrySummary[];
  readonly caseTime: CaseTime;
  /** The selected question, where the list has it. */
  readonly listed: EntrySummary | null;
  readonly onAnswersFrame: boolean;
  readonly player: Pick<Player, 'at'>;
  readonly list: ReviewList;
  select(questionId: QuestionId): Promise<void>;
}

/** What is gone through with N and P. */
interface Markers extends Pick<Reviewed, 'entries' | 'caseTime' | 'player' | 'select'> {
  readonly marks: {
    /** The marker that was gone to last. */
    readonly at: string | null;
    readonly bookmarks: readonly Bookmark[];
    readonly segmentsHere: readonly Segment[];
    goToBookmark(bookmark: Bookmark): Promise<void>;
    goToSegment(segment: Segment, edge: Edge): Promise<void>;
  };
  readonly tracks: {
    readonly all: readonly Track[];
    goTo(track: Track, index: FrameIndex): Promise<void>;
  };
}

/** Where the frame on the screen, or the one that is on its way, comes among all frames of the case. */
function orderOnScreen({ caseTime, player }: Pick<Reviewed, 'caseTime' | 'player'>): number {
  const { video, index } = player.at;
  return frameOrder(caseTime, { videoId: video.id, index }) ?? -1;
}

/** Goes to the next marker of the case in time, or the one before, and says where that is, or that there is none. */
export async function goToMarker(review: Markers, announcer: Announcer, direction: -1 | 1): Promise<void> {
  const { entries, caseTime, marks, tracks } = review;
  const { bookmarks, segmentsHere: segments } = marks;
  const orderOf = (frame: FrameName): number | null => frameOrder(caseTime, frame);
  const markers = markersOf({ entries, bookmarks, segments, tracks: tracks.all }, orderOf);
  const next = nextMarker(markers, { key: marks.at, order: orderOnScreen(review) }, direction);
  if (next === null) return announcer.say(direction > 0 ? 'No marker further on' : 'No marker before this');
  if (next.kind === 'answer') await review.select(next.entry.question.id);
  else if (next.kind === 'bookmark') await marks.goToBookmark(next.bookmark);
  else if (next.kind === 'key-frame') await tracks.goTo(next.track, next.index);
  else await marks.goToSegment(next.segment, next.edge);
  announcer.settle(`${markerInWords(next)}. Frame ${next.index}`);
}

/**
 * Selects the next question of the case in time, or the one before: from the selected one, else from the frame on screen.
 * Says where that is, or that there is none.
 */
export async function goToNeighbour(
  review: Reviewed,
  announcer: Announcer,
  { direction, which }: { direction: -1 | 1; which: Which },
): Promise<void> {
  const from = review.onAnswersFrame && review.listed ? review.listed : orderOnScreen(review);
  const orderOf = (frame: FrameName): number | null => frameOrder(review.caseTime, frame);
  const wanted = (entry: EntrySummary): boolean => which === 'any' || review.list.stateOf(entry) === 'open';
  const next = neighbour(review.entries, from, direction, { orderOf, wanted });
  if (next === null) {
    const what = which === 'open' ? 'open answer' : 'answer';
    return announcer.say(direction > 0 ? `No ${what} further on` : `No ${what} before this`);
  }
  await review.select(next.question.id);
  const { location, text } = next.question;
  announcer.settle(`${written(text)} ${headline(next.newest)}. Frame ${location.index}`);
}
