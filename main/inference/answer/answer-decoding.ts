import { performance } from 'node:perf_hooks';
import type { AnswerEvidence } from '../../../preload/contract/domain.ts';
import { throwIfAborted, WorkstationError } from '../../../preload/contract/errors.ts';
import type { AnswerFormat } from '../../../preload/contract/model.ts';
import type { AnswerConstraint, NextToken } from '../grammar/answer-constraint.ts';
import { openLabelTokens } from '../grammar/answer-constraints.ts';
import type { TextEnding } from '../grammar/answer-parser.ts';
import { AnswerSplitter, type AnswerText } from '../grammar/answer-stream.ts';
import type { ChoiceNode } from '../grammar/canonical-tokens.ts';
import { entropyBits, labelProbabilities, labelTree } from '../grammar/label-evidence.ts';
import type { Sampler } from '../decoding/sampling.ts';
import { logProbability } from '../grammar/log-probabilities.ts';
import type { TextBranch } from '../decoding/text-branch.ts';
import type { StreamingDecoder } from '../model/tokenizer.ts';

export interface AnswerListener {
  readonly signal?: AbortSignal;
  /** Called with new text: all of it raw so far, and the new part without tags, sorted into sections. */
  readonly onText?: (raw: string, shown: readonly AnswerText[], generatedTokens: number) => void;
}

/** A token of the answer. */
export interface WrittenToken {
  /** Index in the answer's text at which this token's text ends. */
  readonly end: number;
  /** Null for a forced token without content, such as a tag or a bracket. */
  logProbability: number | null;
  /** Whether it was drawn as part of the reasoning; the tag that ends the reasoning counts too. */
  readonly reasoning: boolean;
}

export interface DecodeRun {
  /** Holds the prompt, and what `begun` says. */
  readonly branch: TextBranch;
  /** How the model writes its answers, and the tokens that end one. */
  readonly format: AnswerFormat;
  readonly endTokens: readonly number[];
  readonly sampler: Sampler;
  readonly decoder: StreamingDecoder;
  readonly constraint: AnswerConstraint | null;
  /** First tokens of the answer, which are in the cache already. */
  readonly begun: readonly NextToken[];
  /** The most tokens of the answer; the reasoning is ended early enough to leave `reserve` of them for label and box. */
  readonly limit: number;
  readonly reserve: number;
  readonly listener: AnswerListener;
  /** When the answer was asked for, by `performance.now`. */
  readonly start: number;
}

/** A token chosen by the sampler, with the probability that the model itself gave it. */
interface Drawn {
  readonly id: number;
  readonly logProbability: number;
  readonly reasoning: boolean;
}

/** The state at the beginning of the label, to which the decoding returns when the answer is complete. */
interface LabelStart {
  readonly length: number;
  readonly logits: Float32Array;
  readonly choices: ChoiceNode;
}

/** Generates the text of one answer. After a stop, the text so far can be read from here. */
export class AnswerDecoding {
  raw = '';
  readonly written: WrittenToken[] = [];
  readonly notes: string[] = [];
  firstTokenMilliseconds = 0;
  choices: AnswerEvidence['choices'] = [];
  #labelStart: LabelStart | null = null;
  #labelTokens = 0;

  get entropy(): number | null {
    return this.choices.length === 0 ? null : entropyBits(this.choices.map(({ probability }) => probability));
  }

  /**
   * Draws tokens until the answer is complete. Tokens that the format forces are computed together.
   * @param first Logits `[vocabulary]` after the prompt and `begun`.
   * @throws WorkstationError `cancelled` between two runs.
   */
  async run(first: Float32Array, run: DecodeRun): Promise<TextEnding> {
    const splitter = new AnswerSplitter(run.format);
    const ending = await this.#write(first, run, splitter);
    this.#show('', splitter.finish(), run.listener);
    if (ending === 'end-token') await unlessStopped(() => this.#weighLabels(run));
    return ending;
  }

  async #write(first: Float32Array, run: DecodeRun, splitter: AnswerSplitter): Promise<TextEnding> {
    const { constraint, sampler, listener } = run;
    const ends = new Set(run.endTokens);
    let logits = first;
    let next: readonly NextToken[] = run.begun;
    for (let turn = 0; ; turn += 1) {
      throwIfAborted(listener.signal);
      let drawn: Drawn | null = null;
      if (turn > 0 || next.length === 0) {
        if (constraint !== null && this.#mustClose(constraint, run)) {
          if (constraint.part === 'reasoning') {
            this.notes.push(`The reasoning was ended after ${this.written.length} tokens.`);
          }
          next = constraint.close();
        } else {
          this.#rememberLabel(run, logits);
          const id = sampler.next(logits, constraint?.mask());
          const reasoning = constraint?.part === 'reasoning';
          drawn = { id, logProbability: logProbability(logits, id), reasoning };
          if (ends.has(id) && !reasoning) return 'end-token';
          if (ends.has(id)) this.notes.push('The model stopped before its answer, and was made to give one.');
          if (constraint?.part === 'label') this.#labelTokens += 1;
          next = constraint?.take(id) ?? [{ id, tells: true }];
        }
      }
      const fresh = next.slice(0, run.limit - this.written.length);
      const at = this.written.length;
      this.#add(fresh, drawn, run, splitter);
      const complete = constraint?.done ?? this.raw.includes('</answer>');
      if (turn === 0 && run.begun.length > 0) {
        // The begun tokens are in the cache already, and `first` holds the logits after the last of them.
        if (this.written.length >= run.limit) return 'token-limit';
        continue;
      }
      const forcedTelling = fresh.findLastIndex(({ tells }, index) => tells && index > 0);
      if (complete) {
        const telling = fresh.slice(0, forcedTelling + 1);
        if (forcedTelling > 0) await unlessStopped(() => this.#feed(telling, at, run, true));
        return 'end-token';
      }
      if (this.written.length >= run.limit) return 'token-limit';
      logits = await this.#feed(fresh, at, run, forcedTelling > 0);
    }
  }

  #mustClose(constraint: AnswerConstraint, run: DecodeRun): boolean {
    if (!constraint.closable) return false;
    if (constraint.part === 'label') return this.#labelTokens >= openLabelTokens;
    return run.limit > run.reserve && this.written.length >= run.limit - run.reserve;
  }

  #rememberLabel(run: DecodeRun, logits: Float32Array): void {
    const choices = run.constraint?.labelChoices ?? null;
    if (choices !== null) this.#labelStart = { length: run.branch.length, logits, choices };
  }

  #add(tokens: readonly NextToken[], drawn: Drawn | null, run: DecodeRun, splitter: AnswerSplitter): void {
    if (this.written.length === 0) this.firstTokenMilliseconds = performance.now() - run.start;
    let added = '';
    tokens.forEach(({ id }, index) => {
      const isDrawn = index === 0 && drawn?.id === id;
      if (!isDrawn) run.sampler.see(id);
      const text = run.decoder.push(id);
      added += text;
      this.written.push({
        end: this.raw.length + added.length,
        logProbability: isDrawn ? drawn.logProbability : null,
        reasoning: isDrawn && drawn.reasoning,
      });
    });
    this.#show(added, splitter.push(added), run.listener);
  }

  #show(text: string, shown: readonly AnswerText[], listener: AnswerListener): void {
    this.raw += text;
    if (text !== '' || shown.length > 0) listener.onText?.(text, shown, this.written.length);
  }

  /** Computes the tokens from `at` on, and notes the probability of forced ones that have content. */
  async #feed(
    tokens: readonly NextToken[],
    at: number,
    run: DecodeRun,
    told: boolean,
  ): Promise<Float32Array> {
    const ids = tokens.map(({ id }) => id);
    const logits = await run.branch.feed(ids, told ? ids.length : 1);
    if (!told) return logits;
    const size = logits.length / ids.length;
    const row = (index: number): Float32Array => logits.subarray(index * size, (index + 1) * size);
    tokens.forEach(({ id, tells }, index) => {
      if (index === 0 || !tells) return;
      this.written[at + index]!.logProbability = logProbability(row(index - 1), id);
    });
    return row(ids.length - 1);
  }

  /** Returns to the beginning of the label, and weighs the labels that could have stood there. */
  async #weighLabels(run: DecodeRun): Promise<void> {
    const start = this.#labelStart;
    if (start === null || run.listener.signal?.aborted) return;
    const tree = labelTree(start.choices);
    run.branch.rewind(start.length);
    const logits = tree.tokens.length === 0 ? new Float32Array(0) : await run.branch.tryTree(tree.tokens);
    this.choices = labelProbabilities(start.choices, start.logits, tree, logits);
  }
}

/** A stop while the alternatives are weighed leaves a complete answer without them. */
async function unlessStopped(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof WorkstationError) || error.code !== 'cancelled') throw error;
  }
}
