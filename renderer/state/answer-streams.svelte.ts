import { SvelteMap } from 'svelte/reactivity';
import { isUnderWay, type Answer, type AnswerId, type Bridge } from '../../preload/contract/index.ts';
import { noText, withFetched, withPiece, type AnswerStream, type AnswerText } from './answer-stream.ts';

/** Between two tries to fetch an answer whose text has a hole, in ms. */
const againMilliseconds = 200;

/** A hole in a stream that is being mended, and the pieces that came behind it. */
interface Mending {
  pieces: AnswerText[];
}

export interface StreamsParts {
  bridge: Bridge;
  /** Whether an answer that this window knows waits or is being written. */
  isUnderWay: (id: AnswerId) => boolean;
  /** Takes an answer that has ended, which was fetched to mend its text. */
  onFetched: (answer: Answer) => void;
}

/** The text of answers as it is written, from pieces that may come twice, late or not at all. */
export class AnswerStreams {
  readonly #streams = new SvelteMap<AnswerId, AnswerStream>();
  readonly #mending = new SvelteMap<AnswerId, Mending>();
  readonly #parts: StreamsParts;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  of(id: AnswerId): AnswerStream {
    return this.#streams.get(id) ?? noText;
  }

  /** An answer is begun, or begun anew. */
  begin(answer: Answer): void {
    this.#streams.set(answer.id, { ...noText, reasoning: answer.reasoning });
    this.#mending.delete(answer.id);
  }

  /** Takes what was fetched of an answer that is being written. */
  take(answer: Answer): void {
    if (answer.status !== 'running') return;
    this.#streams.set(answer.id, withFetched(this.of(answer.id), answer.reasoning));
  }

  /** Returns whether the text on show has grown by it. */
  add(piece: AnswerText): boolean {
    const { answerId } = piece;
    // Of another session, or of a question not heard of yet: what is missed of it now is fetched with a later piece.
    if (!this.#parts.isUnderWay(answerId)) return false;
    const stream = this.of(answerId);
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

  forget(answerId: AnswerId): void {
    this.#streams.delete(answerId);
    this.#mending.delete(answerId);
  }

  /** Fetches an answer until its text is whole again. */
  async #mend(answerId: AnswerId, mending: Mending): Promise<void> {
    while (this.#mending.get(answerId) === mending) {
      const fetched = await this.#parts.bridge.getAnswer({ answerId });
      if (this.#mending.get(answerId) !== mending) return;
      if (fetched.ok) {
        this.take(fetched.value);
        if (!isUnderWay(fetched.value.status)) this.#parts.onFetched(fetched.value);
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
        const grown = withPiece(this.of(answerId), piece);
        if (grown !== null) this.#streams.set(answerId, grown);
        return grown === null;
      });
    if (mending.pieces.length === 0) this.#mending.delete(answerId);
  }
}
