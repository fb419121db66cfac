import type { ActorId, EntrySummary, QuestionId, Video } from '../../preload/contract/index.ts';
import { placed, type Placed } from '../view/lane-marks.ts';
import { entriesAbout } from '../view/timeline.ts';
import { countStates, reviewStateOf, type ReviewFilter, type ReviewState } from '../view/verdicts.ts';

/** What the list is of. */
interface Listed {
  readonly entries: readonly EntrySummary[];
  readonly selectedQuestion: QuestionId | null;
  /** The recording on show. */
  readonly video: Pick<Video, 'id'>;
}

/** The questions of a session by where they stand in a person's review. */
export class ReviewList {
  /** What the list shows. */
  filter = $state<ReviewFilter>('all');
  readonly #of: Listed;
  readonly #actor: () => ActorId | null;

  /** @param actor Who reviews; null until that is known. */
  constructor(of: Listed, actor: () => ActorId | null) {
    this.#of = of;
    this.#actor = actor;
  }

  /** Those that the list shows, in the order of asking; the one on show always stays among them. */
  readonly shown: readonly EntrySummary[] = $derived.by(() => {
    const entries = this.#of.entries;
    if (this.filter === 'all') return entries;
    const selected = this.#of.selectedQuestion;
    return entries.filter((entry) => this.stateOf(entry) === this.filter || entry.question.id === selected);
  });

  /** Those about the recording on show, by their frames. */
  readonly here: Placed<EntrySummary> = $derived.by(() =>
    placed(entriesAbout(this.#of.entries, this.#of.video), ({ question }) => question.location),
  );

  /** How many stand in each state. */
  readonly counts: Readonly<Record<ReviewState, number>> = $derived.by(() =>
    countStates(this.#of.entries, this.#actor()),
  );

  /** What this person put in place of the label of a question's newest answer; null where that was not corrected. */
  ownLabelOf({ newest }: EntrySummary): string | null {
    return newest.decisions.find(({ actor }) => actor === this.#actor())?.label ?? null;
  }

  /** Null where there is nothing to judge. */
  stateOf({ newest }: EntrySummary): ReviewState | null {
    return reviewStateOf(newest, this.#actor());
  }
}
