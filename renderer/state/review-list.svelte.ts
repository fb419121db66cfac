import { SvelteSet } from 'svelte/reactivity';
import {
  caseSeconds,
  frameOf,
  frameOrder,
  type ActorId,
  type CaseTime,
  type EntrySummary,
  type QuestionId,
} from '../../preload/contract/index.ts';
import {
  facetsOf,
  foldedRows,
  inListOrder,
  matching,
  withEntry,
  withNotes,
  type Facets,
  type ListOrder,
  type ListRow,
  type Narrowing,
  type ReviewFilter,
} from '../view/answer-list.ts';
import { placed, type Placed } from '../view/lane-marks.ts';
import { countStates, reviewStateOf, type ReviewState } from '../view/verdicts.ts';

/** What the list is of. */
interface Listed {
  readonly entries: readonly EntrySummary[];
  readonly selectedQuestion: QuestionId | null;
  readonly caseTime: CaseTime;
}

/** The questions of a session by where they stand in a person's review. */
export class ReviewList {
  /** What the list shows. */
  filter = $state<ReviewFilter>('all');
  narrowing = $state.raw<Narrowing>(null);
  order = $state<ListOrder>('asked');
  /** Frames whose answers are unfolded. */
  readonly open = new SvelteSet<string>();
  readonly #of: Listed;
  readonly #actor: () => ActorId | null;

  /** @param actor Who reviews; null until that is known. */
  constructor(of: Listed, actor: () => ActorId | null) {
    this.#of = of;
    this.#actor = actor;
  }

  readonly #secondsOf = ({ question }: EntrySummary): number | null =>
    caseSeconds(this.#of.caseTime, question.videoId, question.location.seconds);

  readonly #orderOf = ({ question }: EntrySummary): number | null =>
    frameOrder(this.#of.caseTime, frameOf(question));

  readonly #matching: readonly EntrySummary[] = $derived.by(() =>
    matching(this.#of.entries, {
      ...{ filter: this.filter, narrowing: this.narrowing, actor: this.#actor() },
    }),
  );

  /** Those that the list shows, in the order of asking; the one on show always stays among them. */
  readonly shown: readonly EntrySummary[] = $derived.by(() => {
    const { entries, selectedQuestion: selected } = this.#of;
    const found = this.#matching;
    const kept = entries.find(({ question }) => question.id === selected);
    return found === entries || kept === undefined ? found : withEntry(found, kept);
  });

  /** Those about recordings of the case, by their times in it. */
  readonly here: Placed<EntrySummary> = $derived.by(() => placed(this.#of.entries, this.#secondsOf));

  readonly #sorted: readonly EntrySummary[] = $derived.by(() =>
    inListOrder(this.shown, this.order, {
      labelOf: (entry) => this.ownLabelOf(entry) ?? entry.newest.label,
      orderOf: this.#orderOf,
    }),
  );

  /** As the list is drawn: in its order, and by time with the answers on a frame folded. */
  readonly rows: readonly ListRow[] = $derived.by(() =>
    this.order === 'time'
      ? foldedRows(this.#sorted, { open: this.open, selected: this.#of.selectedQuestion })
      : this.#sorted,
  );

  /** Those that somebody wrote a note about, in the order of their frames. */
  readonly noted: readonly EntrySummary[] = $derived.by(() => withNotes(this.#of.entries, this.#orderOf));

  readonly notedHere: Placed<EntrySummary> = $derived.by(() => placed(this.noted, this.#secondsOf));

  /** How many stand in each state. */
  readonly counts: Readonly<Record<ReviewState, number>> = $derived.by(() =>
    countStates(this.#of.entries, this.#actor()),
  );

  readonly facets: Facets = $derived.by(() => facetsOf(this.#of.entries));

  get isNarrowed(): boolean {
    return this.filter !== 'all' || this.narrowing !== null;
  }

  showAll(): void {
    this.filter = 'all';
    this.narrowing = null;
  }

  /** Folds the answers on a frame, or unfolds them. */
  toggle(frame: string): void {
    if (!this.open.delete(frame)) this.open.add(frame);
  }

  /** What this person put in place of the label of a question's newest answer; null where that was not corrected. */
  ownLabelOf({ newest }: EntrySummary): string | null {
    return newest.decisions.find(({ actor }) => actor === this.#actor())?.label ?? null;
  }

  /** Null where there is nothing to judge. */
  stateOf({ newest }: EntrySummary): ReviewState | null {
    return reviewStateOf(newest, this.#actor());
  }
}
