import { randomNumbers } from '../../../preload/contract/random-numbers.ts';
import { argmax } from '../grammar/log-probabilities.ts';
import type { TokenMask } from '../grammar/token-mask.ts';

/** How the next token is chosen. Temperature 0 is greedy. */
export interface SamplingSettings {
  readonly temperature: number;
  /** Only the k most likely tokens; 0 for all. */
  readonly topK: number;
  /** Only the most likely tokens that together have this probability; 1 for all. */
  readonly topP: number;
  /** Divides the positive and multiplies the negative scores of tokens already seen; 1 for none. */
  readonly repetitionPenalty: number;
  /** Seed of the random numbers; the same seed and settings give the same text. */
  readonly seed: number;
}

function masked(scores: Float32Array, mask: TokenMask): Float32Array {
  if ('allow' in mask) {
    const left = new Float32Array(scores.length).fill(-Infinity);
    for (const id of mask.allow) left[id] = scores[id]!;
    return left;
  }
  const left = scores.slice();
  for (const id of mask.forbid) left[id] = -Infinity;
  return left;
}

/** Candidates whose natural log-probability is this far below the best are ignored: no sample would ever show one. */
const negligible = 30;

export class Sampler {
  readonly #settings: SamplingSettings;
  readonly #random: () => number;
  readonly #seen: Set<number>;

  /** @param prompt Token ids of the prompt, which the repetition penalty counts as seen. */
  constructor(settings: SamplingSettings, prompt: Iterable<number>) {
    this.#settings = settings;
    this.#random = randomNumbers(settings.seed);
    this.#seen = new Set(settings.repetitionPenalty === 1 ? [] : prompt);
  }

  /**
   * The next token.
   * @param logits `[vocabulary]` float32; left unchanged.
   * @param mask Tokens to choose from; all where it is missing. At least one must be left.
   */
  next(logits: Float32Array, mask?: TokenMask): number {
    const penalised = this.#penalised(logits);
    const scores = mask === undefined ? penalised : masked(penalised, mask);
    const id = this.#settings.temperature === 0 ? argmax(scores) : this.#sample(scores);
    this.see(id);
    return id;
  }

  /** Counts a token as written that was forced rather than drawn. */
  see(id: number): void {
    if (this.#settings.repetitionPenalty !== 1) this.#seen.add(id);
  }

  #penalised(logits: Float32Array): Float32Array {
    const penalty = this.#settings.repetitionPenalty;
    if (penalty === 1) return logits;
    const scores = logits.slice();
    for (const id of this.#seen) {
      const score = scores[id];
      if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
    }
    return scores;
  }

  #sample(scores: Float32Array): number {
    const { temperature, topK, topP } = this.#settings;
    const largest = scores[argmax(scores)]!;
    let candidates: { id: number; weight: number }[] = [];
    scores.forEach((score, id) => {
      const exponent = (score - largest) / temperature;
      if (exponent > -negligible) candidates.push({ id, weight: Math.exp(exponent) });
    });
    // Always sorted, so that one seed gives the same draw whatever the order of token ids.
    candidates.sort((first, second) => second.weight - first.weight || first.id - second.id);
    if (topK > 0) candidates = candidates.slice(0, topK);
    let total = candidates.reduce((sum, candidate) => sum + candidate.weight, 0);
    if (topP < 1) {
      let kept = 0;
      let count = 0;
      while (count < candidates.length && kept < topP * total) {
        kept += candidates[count]!.weight;
        count += 1;
      }
      candidates = candidates.slice(0, Math.max(count, 1));
      total = candidates.reduce((sum, candidate) => sum + candidate.weight, 0);
    }
    let left = this.#random() * total;
    for (const candidate of candidates) {
      left -= candidate.weight;
      if (left < 0) return candidate.id;
    }
    return candidates.at(-1)!.id;
  }
}
