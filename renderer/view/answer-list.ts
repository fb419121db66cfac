import type { ActorId, EntrySummary, QuestionId } from '../../preload/contract/index.ts';
import { doubtsInWords } from './statuses.ts';
import { reviewStateOf, type ReviewState } from './verdicts.ts';

/** What the list of answers shows and how it is ordered: pure functions. */

/** What the list shows: all, those that stand so in the review, or those that have to be looked at for another reason. */
export type ReviewFilter = 'all' | ReviewState | Concern;
export type Concern = 'unsure' | 'disagree';

export const concerns = ['unsure', 'disagree'] as const satisfies readonly Concern[];

export const concernWords: Readonly<Record<Concern, { title: string; text: string }>> = {
  unsure: { title: 'Unsure', text: 'the model was unsure of' },
  disagree: { title: 'Disagree', text: 'has words and box that disagree' },
};

/** Only answers with one label, or of one model. */
export type Narrowing = { readonly by: 'label' | 'model'; readonly value: string } | null;

export type ListOrder = 'asked' | 'time' | 'probability' | 'label';

export const listOrders: readonly { readonly order: ListOrder; readonly name: string }[] = [
  { order: 'asked', name: 'Last asked first' },
  { order: 'time', name: 'By time' },
  { order: 'probability', name: 'Least sure first' },
  { order: 'label', name: 'By label' },
];

export function isOfConcern({ newest }: EntrySummary, concern: Concern): boolean {
  return concern === 'unsure' ? doubtsInWords(newest) !== '' : newest.warning !== null;
}

/** What the list can be narrowed to. */
export interface Facets {
  readonly counts: Readonly<Record<Concern, number>>;
  /** The models' labels and models that there are, each once, in the order of the alphabet. */
  readonly labels: readonly string[];
  readonly models: readonly string[];
}

export function facetsOf(entries: readonly EntrySummary[]): Facets {
  const counts = { unsure: 0, disagree: 0 };
  const labels = new Set<string>();
  const models = new Set<string>();
  for (const entry of entries) {
    for (const concern of concerns) if (isOfConcern(entry, concern)) counts[concern] += 1;
    const { label, model } = entry.newest;
    if (label !== null) labels.add(label);
    if (model !== null) models.add(model);
  }
  return { counts, labels: alphabetical(labels), models: alphabetical(models) };
}

/** Those that a filter and a narrowing leave, in their order; the very same list where both leave all. */
export function matching(
  entries: readonly EntrySummary[],
  { filter, narrowing, actor }: { filter: ReviewFilter; narrowing: Narrowing; actor: ActorId | null },
): readonly EntrySummary[] {
  if (filter === 'all' && narrowing === null) return entries;
  return entries.filter((entry) => {
    if (narrowing !== null && entry.newest[narrowing.by] !== narrowing.value) return false;
    if (filter === 'all') return true;
    if (filter === 'unsure' || filter === 'disagree') return isOfConcern(entry, filter);
    return reviewStateOf(entry.newest, actor) === filter;
  });
}

/** The same with one more, where it belongs in the order of asking; the very same where it is among them. */
export function withEntry(entries: readonly EntrySummary[], one: EntrySummary): readonly EntrySummary[] {
  if (entries.includes(one)) return entries;
  const behind = entries.findIndex(({ place }) => place > one.place);
  return entries.toSpliced(behind < 0 ? entries.length : behind, 0, one);
}

/** Where the frame of an entry comes among all frames of the case; null where its recording is none of the case's. */
type OrderOfEntry = (entry: EntrySummary) => number | null;

const byFrame =
  (orderOf: OrderOfEntry) =>
  (one: EntrySummary, other: EntrySummary): number =>
    // Recordings that were taken out of the case come behind it.
    (orderOf(one) ?? Number.MAX_VALUE) - (orderOf(other) ?? Number.MAX_VALUE);

/** Those that somebody wrote a note about, in the order of their frames. */
export const withNotes = (entries: readonly EntrySummary[], orderOf: OrderOfEntry): EntrySummary[] =>
  entries.filter(({ newest }) => newest.notes.length > 0).sort(byFrame(orderOf));

/** What people wrote about an answer, as one text. */
export const notesText = ({ newest }: EntrySummary): string =>
  newest.notes.map(({ note }) => note).join(' · ');

/** @param entries in the order of asking @param how `labelOf`: as the list shows it; null where there is none */
export function inListOrder(
  entries: readonly EntrySummary[],
  order: ListOrder,
  { labelOf, orderOf }: { labelOf: (entry: EntrySummary) => string | null; orderOf: OrderOfEntry },
): readonly EntrySummary[] {
  const newestFirst = entries.toReversed();
  switch (order) {
    case 'asked':
      return newestFirst;
    case 'time':
      return newestFirst.sort(byFrame(orderOf));
    case 'probability':
      return newestFirst.sort((one, other) => probabilityOf(one) - probabilityOf(other));
    case 'label': {
      // Labels are few where answers are many: they are compared once each.
      const groups = Map.groupBy(newestFirst, labelOf);
      const names = alphabetical([...groups.keys()].filter((label) => label !== null));
      return [...names, null].flatMap((name) => groups.get(name) ?? []);
    }
  }
}

/** Several answers on a frame, of which the list shows one until it is unfolded. */
export interface FoldRow {
  readonly frame: string;
  /** How many more there are. */
  readonly more: number;
  readonly isOpen: boolean;
}

export type ListRow = EntrySummary | FoldRow;

export const isFold = (row: ListRow): row is FoldRow => 'more' in row;

export const frameOf = ({ question }: EntrySummary): string =>
  `${question.videoId} ${question.location.index}`;

/** Fewer than these on a frame stand as they are: a row that says so would take as much room. */
const leastFolded = 3;

/**
 * The rows of a list that is in the order of time: of several answers on a frame the selected one, or the one that was asked
 * last, and below it how many more there are, which follow where the frame is open.
 */
export function foldedRows(
  inTime: readonly EntrySummary[],
  { open, selected }: { open: ReadonlySet<string>; selected: QuestionId | null },
): readonly ListRow[] {
  const rows: ListRow[] = [];
  for (let at = 0; at < inTime.length;) {
    const first = inTime[at] as EntrySummary;
    let end = at + 1;
    while (end < inTime.length && isSameFrame(first, inTime[end] as EntrySummary)) end += 1;
    if (end - at < leastFolded)
      for (let one = at; one < end; one += 1) rows.push(inTime[one] as EntrySummary);
    else {
      const group = inTime.slice(at, end);
      const shown = group.find(({ question }) => question.id === selected) ?? first;
      const frame = frameOf(first);
      const isOpen = open.has(frame);
      rows.push(shown, { frame, more: group.length - 1, isOpen });
      if (isOpen) rows.push(...group.filter((entry) => entry !== shown));
    }
    at = end;
  }
  return rows;
}

/** What has no probability comes last. */
const probabilityOf = ({ newest }: EntrySummary): number => newest.probability ?? 2;

const isSameFrame = ({ question: one }: EntrySummary, { question: other }: EntrySummary): boolean =>
  one.location.index === other.location.index && one.videoId === other.videoId;

const { compare } = new Intl.Collator('en', { numeric: true });
const alphabetical = (words: Iterable<string>): string[] => [...words].sort(compare);
