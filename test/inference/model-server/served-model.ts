import { Buffer } from 'node:buffer';
import {
  logProbability,
  logSumExp,
  ModelRunner,
  ModelTokenizer,
  openModelDirectory,
  Sampler,
  type RgbImage,
} from '../../../main/inference/index.ts';
import { RegexAutomaton } from './regex-automaton.ts';

export interface ListedToken {
  readonly text: string;
  readonly logprob: number;
}

/** A token as a server lists it. */
export interface GeneratedToken extends ListedToken {
  readonly top: readonly ListedToken[];
  /** It ends the answer, and is no text of it. */
  readonly ends: boolean;
}

export interface Generation {
  readonly pictures: readonly RgbImage[];
  readonly question: string;
  readonly begun: string;
  readonly maxTokens: number;
  readonly listed: number;
  readonly regex: string | null;
  readonly stop: readonly string[];
  readonly sampling: ConstructorParameters<typeof Sampler>[0];
}

/** A model behind the server's API: prompt and picture in, tokens with their probabilities out. */
export class ServedModel {
  readonly #runner: ModelRunner;
  readonly #tokenizer: ModelTokenizer;
  readonly #texts: ReadonlyMap<number, string>;

  private constructor(runner: ModelRunner, tokenizer: ModelTokenizer) {
    this.#runner = runner;
    this.#tokenizer = tokenizer;
    const { texts } = tokenizer.tokenList(runner.model.manifest.parameters.vocabularySize);
    this.#texts = new Map(texts.map(({ id, bytes }) => [id, Buffer.from(bytes, 'latin1').toString('utf8')]));
  }

  static async open(directory: string): Promise<ServedModel> {
    const model = await openModelDirectory(directory);
    const runner = await ModelRunner.open(model, { device: 'cpu', threads: 1 });
    return new ServedModel(runner, await ModelTokenizer.open(model));
  }

  /** How many tokens the prompt has, with those of the picture. */
  promptTokens({ pictures, question, begun }: Generation): number {
    const grids = pictures.map((picture) => this.#runner.prepareImage(picture).grid);
    return this.#ids(question, begun, grids).length;
  }

  #ids(question: string, begun: string, grids: Parameters<ModelRunner['positions']>[1]): Int32Array {
    const { ids } = this.#tokenizer.prompt(question, ...grids.map((grid) => this.#runner.units(grid)));
    return Int32Array.from([...ids, ...(begun === '' ? [] : this.#tokenizer.encode(begun))]);
  }

  async *generate(given: Generation): AsyncGenerator<GeneratedToken> {
    const runner = this.#runner;
    const images = given.pictures.map((picture) => runner.prepareImage(picture));
    const grids = images.map(({ grid }) => grid);
    const ids = this.#ids(given.question, given.begun, grids);
    const positions = runner.positions(ids, grids);
    const features: Float32Array[] = [];
    for (const image of images) features.push(await runner.encodeImage(image));
    const cache = runner.newCache(ids.length + given.maxTokens);
    let logits = await runner.prefill({
      embeddings: await runner.embed(ids, features),
      positions,
      from: 0,
      to: ids.length,
      cache,
      keep: 'last',
    });
    const { end } = runner.model.manifest.parameters.tokens;
    const automaton = given.regex === null ? null : new RegexAutomaton(given.regex);
    let at = automaton?.start ?? new Set<number>();
    const sampler = new Sampler(given.sampling, ids);
    let text = '';
    for (let count = 0; count < given.maxTokens; count += 1) {
      const allowed = automaton === null ? null : this.#allowed(automaton, at, end);
      // As in vLLM: what the pattern forbids is gone before probabilities are computed.
      const scores = allowed === null ? logits : only(logits, allowed);
      const id = sampler.next(scores);
      const ends = end.includes(id);
      const own = this.#text(id);
      yield { text: own, logprob: logProbability(scores, id), top: this.#top(scores, given.listed), ends };
      if (ends) return;
      text += own;
      if (given.stop.some((stop) => text.includes(stop))) return;
      at = automaton?.follow(at, own) ?? at;
      logits = await runner.feed([id], cache, positions.delta, 1);
    }
  }

  #text(id: number): string {
    return this.#texts.get(id) ?? this.#tokenizer.decode([id]);
  }

  #allowed(automaton: RegexAutomaton, at: ReadonlySet<number>, end: readonly number[]): number[] {
    const ids = [...this.#texts]
      .filter(([, text]) => text !== '' && automaton.follow(at, text) !== null)
      .map(([id]) => id);
    return automaton.accepts(at) ? [...ids, ...end] : ids;
  }

  #top(logits: Float32Array, count: number): ListedToken[] {
    const total = logSumExp(logits);
    return (
      Array.from(logits, (score, id) => ({ id, score }))
        .toSorted((first, second) => second.score - first.score)
        .slice(0, count)
        // The lowest number that vLLM puts into JSON.
        .map(({ id, score }) => ({ text: this.#text(id), logprob: Math.max(-9999, score - total) }))
    );
  }
}

function only(logits: Float32Array, allowed: readonly number[]): Float32Array {
  const left = new Float32Array(logits.length).fill(-Infinity);
  for (const id of allowed) left[id] = logits[id]!;
  return left;
}
