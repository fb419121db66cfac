import { SvelteMap } from 'svelte/reactivity';
import {
  isUnderWay,
  type Answer,
  type AnswerId,
  type Bridge,
  type Entry,
  type QuestionId,
} from '../../preload/contract/index.ts';
import { later, mergedVersions } from './answer-versions.ts';
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
  /** Answers that came before their question did. */
  readonly #early = new SvelteMap<AnswerId, Answer>();
  readonly #mending = new SvelteMap<AnswerId, Mending>();

  constructor(bridge: Bridge, list: readonly Entry[]) {
    this.#bridge = bridge;
    this.list = list;
  }

  /** Answers that wait or are being written, in the order of asking. */
  get underWay(): Answer[] {
    return this.list
      .flatMap(({ answers }) => answers.filter(({ status }) => isUnderWay(status)))
      .sort((one, other) => one.createdAt - other.createdAt);
  }

  find(questionId: QuestionId | null): Entry | null {
    return this.list.find((entry) => entry.question.id === questionId) ?? null;
  }

  stream(answer: Answer): AnswerStream {
    return this.#streams.get(answer.id) ?? noText;
  }

  /** Takes a question with its answers, in its place by time. What is known of an answer that has ended stays. */
  put(entry: Entry): void {
    const known = this.find(entry.question.id);
    const early = entry.answers.flatMap(({ id }) => this.#early.get(id) ?? []);
    for (const { id } of early) this.#early.delete(id);
    const told = mergedVersions(entry.answers, early);
    const taken = { question: entry.question, answers: mergedVersions(known?.answers ?? [], told) };
    this.list = known
      ? this.list.map((other) => (other === known ? taken : other))
      : [...this.list, taken].sort((one, other) => one.question.createdAt - other.question.createdAt);
  }

  remove(questionId: QuestionId): void {
    this.list = this.list.filter((entry) => entry.question.id !== questionId);
  }

  /** Everything as it was just read; what this window knows better stays. */
  replace(entries: readonly Entry[]): void {
    for (const { question } of this.list) {
      if (!entries.some((entry) => entry.question.id === question.id)) this.remove(question.id);
    }
    for (const entry of entries) this.put(entry);
    for (const answer of this.underWay) this.#take(answer);
  }

  /** An answer as an event tells it, in the order in which things happened. Returns its entry where it is known. */
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
    if (entry === null) {
      this.#early.set(answer.id, answer);
      return null;
    }
    const known = entry.answers.some((version) => version.id === answer.id);
    const answers = known
      ? entry.answers.map((version) => (version.id === answer.id ? later(version, answer) : version))
      : [...entry.answers, answer];
    const taken = { ...entry, answers };
    this.list = this.list.map((other) => (other === entry ? taken : other));
    if (!isUnderWay(answer.status)) {
      this.#streams.delete(answer.id);
      this.#mending.delete(answer.id);
    }
    return taken;
  }
}
