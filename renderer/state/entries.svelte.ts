import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import {
  distinctModels,
  entrySummaryOf,
  isUnderWay,
  mostOfPage,
  summaryOf,
  type Answer,
  type AnswerId,
  type Bridge,
  type Entry,
  type EntryPage,
  type EntrySummary,
  type ErrorReport,
  type ModelStamp,
  type QuestionId,
  type SessionId,
  type Size,
} from '../../preload/contract/index.ts';
import { later, noEarlier } from './answer-versions.ts';
import type { AnswerStream, AnswerText } from './answer-stream.ts';
import { AnswerStreams } from './answer-streams.svelte.ts';

/** How long to wait before older ones that could not be read are asked for again: doubled from the first to the longest. */
const firstWaitMilliseconds = 1000;
const longestWaitMilliseconds = 60_000;

/** Whole entries that are kept beside those on show and those under way: going back to one of them is at once. */
const mostWhole = 100;

export interface EntriesParts {
  bridge: Bridge;
  sessionId: SessionId;
  first: EntryPage;
  /** Size of the video's picture, for answers that do not know their own. */
  size: () => Size;
  /** The one that is on show, which is kept whole. */
  selected?: () => QuestionId | null;
}

/**
 * Questions and answers of a session as this window knows them, from calls and from events in whatever order: a summary of
 * each, and the whole of those that were looked at or told of.
 */
export class Entries {
  /** Oldest first, as they were asked; while `isReading`, the older ones are still to come. */
  list = $state.raw<readonly EntrySummary[]>([]);
  /** The models that are known to have answered here. */
  models = $state.raw<readonly ModelStamp[]>([]);
  isReading = $state(false);
  /** Why the older ones are not read. It is tried again by itself, after longer each time, and at once by `readOn`. */
  fault = $state.raw<ErrorReport | null>(null);
  /** Answers that wait or are being written, in the order of their questions. */
  readonly underWay: readonly Pick<Answer, 'id' | 'status'>[] = $derived.by(() =>
    this.list.flatMap(({ question, versions, newest }) => {
      const answers = versions === 1 ? [newest] : (this.#whole.get(question.id)?.answers ?? [newest]);
      return answers.filter(({ status }) => isUnderWay(status));
    }),
  );
  readonly #whole = new SvelteMap<QuestionId, Entry>();
  readonly #streams: AnswerStreams;
  readonly #parts: EntriesParts;
  /** Questions that were taken out: a page that was read before must not bring them back. */
  readonly #removed = new SvelteSet<QuestionId>();
  /** What was told of answers to questions whose page is still to come. */
  readonly #early = new SvelteMap<QuestionId, Answer>();
  #ended = false;
  /** Ends a wait before older ones are asked for again. */
  #wake = (): void => undefined;

  constructor(parts: EntriesParts) {
    this.#parts = parts;
    this.#streams = new AnswerStreams({
      bridge: parts.bridge,
      isUnderWay: (id) => this.#isUnderWay(id),
      onFetched: (answer) => void this.#put(answer),
    });
    this.#takePage(parts.first);
    this.isReading = parts.first.next !== null;
    if (this.isReading) void this.#readRest(parts.first.next);
  }

  /** Everything that is known of a question; null where it is not here as a whole. */
  whole(questionId: QuestionId | null): Entry | null {
    return questionId === null ? null : (this.#whole.get(questionId) ?? null);
  }

  find(questionId: QuestionId | null): EntrySummary | null {
    return this.list.find(({ question }) => question.id === questionId) ?? null;
  }

  stream(answer: Pick<Answer, 'id'>): AnswerStream {
    return this.#streams.of(answer.id);
  }

  /** Fetches the whole of a question unless it is here. */
  async load(questionId: QuestionId): Promise<void> {
    if (this.#whole.has(questionId)) return;
    const read = await this.#parts.bridge.getEntry({ questionId });
    if (read.ok && !this.#removed.has(questionId)) this.put(read.value);
  }

  /** Takes a question with all of its answers, in its place. What is known of an answer that has ended stays. */
  put(entry: Entry): void {
    const known = this.#whole.get(entry.question.id);
    const newest = this.find(entry.question.id)?.newest;
    const told = entry.answers.map((answer) =>
      // That it has begun is no change and may be told before the entry comes that was read before it.
      answer.id === newest?.id && isUnderWay(newest.status) && later(newest, answer) === newest
        ? { ...answer, status: newest.status }
        : answer,
    );
    const answers = noEarlier(known?.answers ?? [], told);
    for (const answer of answers) if (!isUnderWay(answer.status)) this.#streams.forget(answer.id);
    this.#removed.delete(entry.question.id);
    this.#early.delete(entry.question.id);
    this.#show({ ...entry, answers });
  }

  remove(questionId: QuestionId | undefined): void {
    if (questionId === undefined) return;
    this.#removed.add(questionId);
    this.#whole.delete(questionId);
    this.list = this.list.filter(({ question }) => question.id !== questionId);
  }

  /** Reads on, and asks how far the answers are that wait or are being written: pieces of their text may have been missed. */
  async readUnderWay(): Promise<void> {
    this.readOn();
    for (const { id: answerId } of this.underWay) {
      const read = await this.#parts.bridge.getAnswer({ answerId });
      if (!read.ok) continue;
      this.#streams.take(read.value);
      this.#put(read.value);
    }
  }

  /**
   * An answer as an event tells it, in the order in which things happened. Returns the text of its question; null for an
   * unknown one.
   */
  answer(answer: Answer): string | null {
    // Begun, or begun anew after what was written turned out to be void.
    if (answer.status === 'running') this.#streams.begin(answer);
    return this.#put(answer);
  }

  /**
   * A piece of text. One that does not fit makes the window fetch the answer; until then nothing behind the hole is
   * shown. Returns whether the text on show has grown by it.
   */
  text(piece: AnswerText): boolean {
    return this.#streams.add(piece);
  }

  /** Asks at once for the older ones that could not be read. */
  readOn(): void {
    this.#wake();
  }

  /** Nothing more is read. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async #readRest(from: EntryPage['next']): Promise<void> {
    const { bridge, sessionId } = this.#parts;
    let wait = firstWaitMilliseconds;
    for (let next = from; next !== null && !this.#ended;) {
      const page = await bridge.listEntries({ sessionId, before: next, limit: mostOfPage });
      if (!page.ok) {
        // That nobody answers is said by the banner, for the whole window.
        this.fault = page.error.code === 'unavailable' ? null : olderUnread(page.error);
        await this.#pause(wait);
        wait = Math.min(2 * wait, longestWaitMilliseconds);
      } else if (!this.#ended) {
        this.fault = null;
        wait = firstWaitMilliseconds;
        this.#takePage(page.value);
        next = page.value.next;
      }
    }
    this.#early.clear();
    this.isReading = false;
  }

  async #pause(milliseconds: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  #takePage({ list, models }: EntryPage): void {
    const present = list.filter(({ question: { id } }) => !this.#removed.has(id));
    this.list = inOrder([...this.list, ...present]);
    this.models = distinctModels([...this.models, ...models]);
    for (const { question } of present) {
      const told = this.#early.get(question.id);
      if (told) this.#put(told);
    }
  }

  #isUnderWay(id: AnswerId): boolean {
    return this.underWay.some((answer) => answer.id === id);
  }

  #show(entry: Entry): void {
    const { id } = entry.question;
    // Moved to the end: the first ones are those that were not looked at for longest.
    this.#whole.delete(id);
    this.#whole.set(id, entry);
    this.#showSummary(entrySummaryOf(entry, this.#parts.size()));
    this.models = distinctModels([...this.models, ...entry.answers.map(({ model }) => model)]);
    this.#dropWhole();
  }

  #showSummary(summary: EntrySummary): void {
    const { id } = summary.question;
    const at = this.list.findLastIndex(({ question }) => question.id === id);
    this.list = at < 0 ? inOrder([...this.list, summary]) : this.list.with(at, summary);
  }

  #dropWhole(): void {
    for (const [id, { answers }] of this.#whole) {
      if (this.#whole.size <= mostWhole) return;
      if (id === this.#parts.selected?.() || answers.some(({ status }) => isUnderWay(status))) continue;
      this.#whole.delete(id);
    }
  }

  #put(answer: Answer): string | null {
    if (!isUnderWay(answer.status)) this.#streams.forget(answer.id);
    const entry = this.#whole.get(answer.questionId);
    if (entry) {
      const known = entry.answers.some((version) => version.id === answer.id);
      const answers = known
        ? entry.answers.map((version) => (version.id === answer.id ? later(version, answer) : version))
        : [...entry.answers, answer];
      this.#show({ ...entry, answers });
      return entry.question.text;
    }
    const listed = this.find(answer.questionId);
    if (listed === null) {
      if (this.isReading) this.#early.set(answer.questionId, answer);
      return null;
    }
    const { question, newest } = listed;
    // A version that this window has not heard of comes with its change.
    if (newest.id === answer.id && later(newest, answer) === answer) {
      const { decisions, notes } = newest;
      const known = { question: question.text, video: this.#parts.size(), decisions, notes };
      this.#showSummary({ ...listed, newest: summaryOf(answer, known) });
    }
    return question.text;
  }
}

/**
 * By the order of asking, which the clock doesn't tell: one that was set back would put the newest question first. Of two
 * summaries of one question the first stays.
 */
const inOrder = (list: readonly EntrySummary[]): EntrySummary[] =>
  [...list]
    .sort((one, other) => one.place - other.place)
    .filter(({ place }, index, sorted) => index === 0 || sorted[index - 1]?.place !== place);

const olderUnread = ({ code, message, hint }: ErrorReport): ErrorReport => ({
  code,
  message: `The older answers of this session can’t be read: ${message}`,
  hint: `${hint} It is tried again by itself, after a while; what the list shows is whole.`,
});
