import type { EntrySummary, QuestionId, Video } from '../../preload/contract/index.ts';
import { written } from '../view/format.ts';
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
