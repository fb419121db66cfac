import { SvelteMap } from 'svelte/reactivity';
import {
  isUnderWay,
  type Answer,
  type AnswerId,
  type Bridge,
  type Entry,
  type QuestionId,
  type SessionId,
} from '../../preload/contract/index.ts';
import { later, noEarlier } from './answer-versions.ts';
import { noText, withFetched, withPiece, type AnswerStream, type AnswerText } from './answer-stream.ts';

/** Between two tries to fetch an answer whose text has a hole, in ms. */
const againMilliseconds = 200;

/** A hole in a stream that is being mended, and the pieces that came behind it. */
interface Mending {
  pieces: AnswerText[];
}

/** Questions and answers of a session as this window knows them, from calls and from events in whatever order. */
export class Entries {
  /** Newest last, as they were asked. */
  list = $state.raw<readonly Entry[]>([]);
  readonly #streams = new SvelteMap<AnswerId, AnswerStream>();
  readonly #bridge: Bridge;
  readonly #mending = new SvelteMap<AnswerId, Mending>();
  /** Every question that this window has known, in the order of asking; those that were taken out, too. */
  #order: readonly QuestionId[] = [];

  constructor(bridge: Bridge, list: readonly Entry[]) {
    this.#bridge = bridge;
    this.list = list;
    this.#order = list.map(({ question }) => question.id);
  }

  /** Answers that wait or are being written, in the order of their questions. */
  get underWay(): Answer[] {
    return this.list.flatMap(({ answers }) => answers.filter(({ status }) => isUnderWay(status)));
  }

  find(questionId: QuestionId | null): Entry | null {
    return this.list.find((entry) => entry.question.id === questionId) ?? null;
  }

  stream(answer: Answer): AnswerStream {
    return this.#streams.get(answer.id) ?? noText;
  }

  /** Takes a question with all of its answers, in its place. What is known of an answer that has ended stays. */
  put(entry: Entry): void {
    const known = this.find(entry.question.id);
    const taken = { question: entry.question, answers: noEarlier(known?.answers ?? [], entry.answers) };
    for (const answer of taken.answers) if (!isUnderWay(answer.status)) this.#forget(answer.id);
    if (known) {
      this.list = this.list.map((other) => (other === known ? taken : other));
      return;
    }
    const { id, sessionId } = entry.question;
    const isNew = !this.#order.includes(id);
    if (isNew) this.#order = [...this.#order, id];
    this.#sort([...this.list, taken]);
    // Asked long ago and brought back by another window: only the workstation knows its place.
    if (isNew && entry.answers.some(({ status }) => !isUnderWay(status))) void this.#learnOrder(sessionId);
  }

  remove(questionId: QuestionId | undefined): void {
    this.list = this.list.filter((entry) => entry.question.id !== questionId);
  }

  /** Asks how far the answers are that wait or are being written: pieces of their text may have been missed. */
  async readUnderWay(): Promise<void> {
    for (const { id: answerId } of this.underWay) {
      const read = await this.#bridge.getAnswer({ answerId });
      if (!read.ok) continue;
      this.#take(read.value);
      this.#put(read.value);
    }
  }

  /** An answer as an event tells it, in the order in which things happened. Returns its entry; null for an unknown one. */
  answer(answer: Answer): Entry | null {
    if (answer.status === 'running') {
      // Begun, or begun anew after what was written turned out to be void.
      this.#streams.set(answer.id, { ...noText, reasoning: answer.reasoning });
      this.#mending.delete(answer.id);
    }
    return this.#put(answer);
  }

  /**
   * A piece of text. One that does not fit makes the window fetch the answer; until then nothing behind the hole is
   * shown. Returns whether the text on show has grown by it.
   */
  text(piece: AnswerText): boolean {
    const { answerId } = piece;
    // Of another session, or of a question not heard of yet: what is missed of it now is fetched with a later piece.
    if (!this.underWay.some(({ id }) => id === answerId)) return false;
    const stream = this.#streams.get(answerId) ?? noText;
    const grown = withPiece(stream, piece);
    const mending = this.#mending.get(answerId);
    if (grown !== null) {
      this.#streams.set(answerId, grown);
      if (mending) this.#fit(answerId, mending);
      return grown.reasoning.length > stream.reasoning.length;
    }
    if (mending) mending.pieces.push(piece);
    else {
      const begun: Mending = { pieces: [piece] };
      this.#mending.set(answerId, begun);
      void this.#mend(answerId, begun);
    }
    return false;
  }

  /** By the order of asking, which the clock doesn't tell: one that was set back would put the newest question first. */
  #sort(list: readonly Entry[]): void {
    const place = new SvelteMap(this.#order.map((id, at) => [id, at]));
    const at = ({ question }: Entry): number => place.get(question.id) ?? list.length;
    this.list = [...list].sort((one, other) => at(one) - at(other));
  }

  async #learnOrder(sessionId: SessionId): Promise<void> {
    const told = await this.#bridge.listEntries({ sessionId });
    if (!told.ok) return;
    const ids = told.value.map(({ question }) => question.id);
    this.#order = [...ids, ...this.#order.filter((id) => !ids.includes(id))];
    this.#sort(this.list);
  }

  /** Fetches an answer until its text is whole again. */
  async #mend(answerId: AnswerId, mending: Mending): Promise<void> {
    while (this.#mending.get(answerId) === mending) {
      const fetched = await this.#bridge.getAnswer({ answerId });
      if (this.#mending.get(answerId) !== mending) return;
      if (fetched.ok) {
        this.#take(fetched.value);
        if (!isUnderWay(fetched.value.status)) this.#put(fetched.value);
        this.#fit(answerId, mending);
      }
      if (this.#mending.get(answerId) !== mending) return;
      await new Promise((resolve) => setTimeout(resolve, againMilliseconds));
    }
  }

  /** Puts in what has come meanwhile, as far as it fits; where all does, the hole is mended. */
  #fit(answerId: AnswerId, mending: Mending): void {
    mending.pieces = mending.pieces
      .sort((one, other) => one.generatedTokens - other.generatedTokens || one.at - other.at)
      .filter((piece) => {
        const grown = withPiece(this.#streams.get(answerId) ?? noText, piece);
        if (grown !== null) this.#streams.set(answerId, grown);
        return grown === null;
      });
    if (mending.pieces.length === 0) this.#mending.delete(answerId);
  }

  #take(answer: Answer): void {
    if (answer.status !== 'running') return;
    this.#streams.set(answer.id, withFetched(this.stream(answer), answer.reasoning));
  }

  #put(answer: Answer): Entry | null {
    const entry = this.find(answer.questionId);
    if (entry === null) return null;
    const known = entry.answers.some((version) => version.id === answer.id);
    const answers = known
      ? entry.answers.map((version) => (version.id === answer.id ? later(version, answer) : version))
      : [...entry.answers, answer];
    const taken = { ...entry, answers };
    this.list = this.list.map((other) => (other === entry ? taken : other));
    if (!isUnderWay(answer.status)) this.#forget(answer.id);
    return taken;
  }

  #forget(answerId: AnswerId): void {
    this.#streams.delete(answerId);
    this.#mending.delete(answerId);
  }
}
