import type { Bookmark, EntrySummary, QuestionId, Segment, Video } from '../../preload/contract/index.ts';
import { written } from '../view/format.ts';
import { markerInWords, markersOf, nextMarker } from '../view/markers.ts';
import type { Edge } from '../view/segments.ts';
import { headline } from '../view/statuses.ts';
import { entriesAbout, neighbour } from '../view/timeline.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Player } from './player.svelte.ts';
import type { ReviewList } from './review-list.svelte.ts';

/** Which questions are gone through: all, or those that wait for this person's verdict. */
export type Which = 'any' | 'open';

/** A review in which questions are gone through. */
interface Reviewed {
  readonly entries: readonly EntrySummary[];
  readonly video: Video;
  /** The selected question, where the list has it. */
  readonly listed: EntrySummary | null;
  readonly onAnswersFrame: boolean;
  readonly player: Pick<Player, 'index'>;
  readonly list: ReviewList;
  select(questionId: QuestionId): Promise<void>;
}

/** What is gone through with N and P. */
interface Markers {
  readonly review: Pick<Reviewed, 'entries' | 'video' | 'player' | 'select'>;
  readonly marks: {
    /** The marker that was gone to last. */
    readonly at: string | null;
    readonly bookmarksHere: readonly Bookmark[];
    readonly segmentsHere: readonly Segment[];
    goToBookmark(bookmark: Bookmark): Promise<void>;
    goToSegment(segment: Segment, edge: Edge): Promise<void>;
  };
}

/** Goes to the next marker of the video in time, or the one before, and says where that is, or that there is none. */
export async function goToMarker(
  { review, marks }: Markers,
  announcer: Announcer,
  direction: -1 | 1,
): Promise<void> {
  const markers = markersOf({
    entries: entriesAbout(review.entries, review.video),
    bookmarks: marks.bookmarksHere,
    segments: marks.segmentsHere,
  });
  const next = nextMarker(markers, { key: marks.at, index: review.player.index }, direction);
  if (next === null) return announcer.say(direction > 0 ? 'No marker further on' : 'No marker before this');
  if (next.kind === 'answer') await review.select(next.entry.question.id);
  else if (next.kind === 'bookmark') await marks.goToBookmark(next.bookmark);
  else await marks.goToSegment(next.segment, next.edge);
  announcer.settle(`${markerInWords(next)}. Frame ${next.index}`);
}

/**
 * Selects the next question of the video in time, or the one before: from the selected one, else from the frame on screen.
 * Says where that is, or that there is none.
 */
export async function goToNeighbour(
  review: Reviewed,
  announcer: Announcer,
  { direction, which }: { direction: -1 | 1; which: Which },
): Promise<void> {
  const from = review.onAnswersFrame && review.listed ? review.listed : review.player.index;
  const wanted = (entry: EntrySummary): boolean => which === 'any' || review.list.stateOf(entry) === 'open';
  const next = neighbour(entriesAbout(review.entries, review.video), from, direction, wanted);
  if (next === null) {
    const what = which === 'open' ? 'open answer' : 'answer';
    return announcer.say(direction > 0 ? `No ${what} further on` : `No ${what} before this`);
  }
  await review.select(next.question.id);
  const { location, text } = next.question;
  announcer.settle(`${written(text)} ${headline(next.newest)}. Frame ${location.index}`);
}
