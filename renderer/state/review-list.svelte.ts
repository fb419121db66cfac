import type { ActorId, EntrySummary, QuestionId } from '../../preload/contract/index.ts';
import { countStates, reviewStateOf, type ReviewFilter, type ReviewState } from '../view/verdicts.ts';

/** What the list is of. */
interface Listed {
  readonly entries: readonly EntrySummary[];
  readonly selectedQuestion: QuestionId | null;
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
