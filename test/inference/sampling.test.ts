import { Tensor } from '../../main/inference/onnx-runtime.ts';
import { describe, expect, test } from 'vitest';
import { KeyValueCache } from '../../main/inference/graphs/key-value-cache.ts';
import { Sampler, type SamplingSettings } from '../../main/inference/decoding/sampling.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import { argmax, logProbability, logSumExp } from '../../main/inference/grammar/log-probabilities.ts';

const greedy: SamplingSettings = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };
/** Probabilities 0.5, 0.3, 0.15, 0.05. */
const logits = Float32Array.from([0.3, 0.5, 0.05, 0.15], Math.log);

function shares(settings: Partial<SamplingSettings>, draws = 4000): number[] {
  const sampler = new Sampler({ ...greedy, temperature: 1, ...settings }, []);
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < draws; draw += 1) counts[sampler.next(logits)]! += 1;
  return counts.map((count) => count / draws);
}

describe('sampling', () => {
  test('greedy takes the most likely token', () => {
    expect(new Sampler(greedy, []).next(logits)).toBe(1);
    expect(Math.exp(logProbability(logits, 1))).toBeCloseTo(0.5, 6);
  });

  test('at temperature 1, tokens come as often as they are likely', () => {
    shares({ seed: 7 }).forEach((share, id) => expect(share).toBeCloseTo(Math.exp(logits[id]!), 1));
  });

  test('a low temperature sharpens', () => {
    expect(shares({ temperature: 0.2 })[1]).toBeGreaterThan(0.9);
  });

  test('top-k and top-p leave the unlikely out', () => {
    const two = shares({ topK: 2 });
    expect([two[2], two[3]]).toEqual([0, 0]);
    expect(two[1]).toBeCloseTo(0.5 / 0.8, 1);
    const nucleus = shares({ topP: 0.9 });
    expect(nucleus[2]).toBe(0);
    expect(nucleus[3]).toBeGreaterThan(0);
    expect(shares({ topP: 0.1 })[1]).toBe(1);
  });

  test('a mask leaves tokens out, and the scores as they are', () => {
    expect(new Sampler(greedy, []).next(logits, { allow: Int32Array.of(0, 3) })).toBe(0);
    expect(Math.exp(logProbability(logits, 0))).toBeCloseTo(0.3, 6);
    expect(new Sampler(greedy, []).next(logits, { forbid: Int32Array.of(1) })).toBe(0);
    const sampler = new Sampler({ ...greedy, temperature: 2, seed: 4 }, []);
    const drawn = Array.from({ length: 300 }, () => sampler.next(logits, { allow: Int32Array.of(2, 3) }));
    expect(new Set(drawn)).toEqual(new Set([2, 3]));
  });

  test('a token that was forced counts as written', () => {
    const sampler = new Sampler({ ...greedy, repetitionPenalty: 2 }, []);
    sampler.see(1);
    expect(sampler.next(Float32Array.of(0.9, 1))).toBe(0);
  });

  test('the repetition penalty counts prompt and answer, and leaves the scores as they are', () => {
    const scores = Float32Array.of(2, 1.9, -1);
    const sampler = new Sampler({ ...greedy, repetitionPenalty: 1.2 }, [0]);
    expect(sampler.next(scores)).toBe(1);
    expect(logProbability(scores, 1)).toBeCloseTo(1.9 - logSumExp(Float32Array.of(2, 1.9, -1)), 6);
    expect(sampler.next(scores)).toBe(0);
    const negative = new Sampler({ ...greedy, repetitionPenalty: 2 }, [0]);
    expect(negative.next(Float32Array.of(-1, -1.5))).toBe(1);
  });

  test('a seed is a sequence; numbers are uniform', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, randomNumbers(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const numbers = Array.from({ length: 10_000 }, randomNumbers(3));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, value) => sum + value, 0) / numbers.length).toBeCloseTo(0.5, 2);
  });

  test('large scores do not overflow', () => {
    expect(logSumExp(Float32Array.of(1000, 1000))).toBeCloseTo(1000 + Math.log(2), 4);
    expect(argmax(Float32Array.of(1, 3, 3))).toBe(1);
  });
});

describe('the key-value cache', () => {
  const shape = { layers: 2, keyValueHeads: 2, headSize: 2 };
  const outputs = (tokens: number, base: number) =>
    Object.fromEntries(
      [0, 1].flatMap((layer) =>
        ['key', 'value'].map((kind) => [
          `new_${kind}.${layer}`,
          new Tensor(
            'float32',
            Float32Array.from(
              { length: 2 * tokens * 2 },
              (_, index) => base + layer * 100 + index + (kind === 'value' ? 1000 : 0),
            ),
            [2, tokens, 2],
          ),
        ]),
      ),
    ) as Record<string, Tensor>;

  test('rows of each head follow one another, through growth and truncation', () => {
    const cache = new KeyValueCache(shape, 2);
    cache.append(outputs(2, 0), 2);
    cache.append(outputs(1, 50), 1);
    expect(cache.length).toBe(3);
    const feeds = {} as Parameters<KeyValueCache['addTo']>[0];
    cache.addTo(feeds);
    expect(Object.keys(feeds)).toHaveLength(8);
    expect(feeds['past_key.0.1']!.dims).toEqual([3, 2]);
    expect(Array.from(feeds['past_key.0.1']!.data as Float32Array)).toEqual([4, 5, 6, 7, 52, 53]);
    expect(Array.from(feeds['past_value.1.0']!.data as Float32Array)).toEqual([
      1100, 1101, 1102, 1103, 1150, 1151,
    ]);
    cache.truncate(2);
    cache.append(outputs(1, 70), 1);
    cache.addTo(feeds);
    expect(Array.from(feeds['past_key.0.1']!.data as Float32Array)).toEqual([4, 5, 6, 7, 72, 73]);
    expect(() => cache.truncate(4)).toThrow(/cannot truncate/);
  });
});
