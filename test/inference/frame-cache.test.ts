import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameCache, CachedFrame } from '../../main/inference/decoding/frame-cache.ts';
import { FrameEncoder } from '../../main/inference/decoding/frame-encoder.ts';
import { Answerer, type ModelRunner } from '../../main/inference/index.ts';
import type { DecoderCache } from '../../main/inference/graphs/model-graphs.ts';
import type { ModelTokenizer } from '../../main/inference/model/tokenizer.ts';
import { makeTestModels, openAskable, stripes, type TestModels } from './askable-model.ts';

let models: TestModels;
let runner: ModelRunner;
let tokenizer: ModelTokenizer;

beforeAll(async () => {
  models = await makeTestModels();
  ({ runner, tokenizer } = await openAskable(models));
});

afterAll(async () => {
  await runner.dispose();
  await models.remove();
});

/** A frame of so many bytes, that says when it is freed. */
function frameOf(bytes: number, freed: string[] = [], name = ''): CachedFrame {
  const size = { width: 28, height: 28 };
  const frame = new CachedFrame({ features: new Float32Array(bytes / 8), grid: [1, 2, 2], resized: size });
  const cache = runner.newCache(1);
  const told: DecoderCache = Object.create(cache, {
    bytes: { value: bytes / 2 },
    dispose: { value: () => freed.push(name) },
  }) as DecoderCache;
  frame.prefix = { ids: Int32Array.of(1), cache: told, delta: 0, ahead: null };
  return frame;
}

describe('the frames that are kept', () => {
  test('are so many bytes at most; the least recently used go first, and are freed', () => {
    const freed: string[] = [];
    const frames = new FrameCache(2400);
    for (const name of ['a', 'b']) frames.release(frames.add(name, frameOf(800, freed, name)));
    expect(frames.bytes).toBe(1600);
    frames.release(frames.take('a')!);
    for (const name of ['c', 'd']) frames.release(frames.add(name, frameOf(800, freed, name)));
    expect(freed).toEqual(['b']);
    expect(frames.bytes).toBe(2400);
    expect(frames.take('b')).toBeUndefined();
    frames.clear();
    expect(freed.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(frames.bytes).toBe(0);
  });

  test('one that is larger than all is not kept, and drives none out', () => {
    const freed: string[] = [];
    const frames = new FrameCache(1000);
    frames.release(frames.add('small', frameOf(800, freed, 'small')));
    const large = frames.add('large', frameOf(1600, freed, 'large'));
    // While it is in use, another question on it finds it, and its bytes are told.
    expect(frames.take('large')).toBe(large);
    expect(frames.bytes).toBe(2400);
    frames.release(large);
    expect(freed).toEqual([]);
    frames.release(large);
    expect(freed).toEqual(['large']);
    expect(frames.take('small')).toBeDefined();
  });

  test('in use are not freed, whatever happens to the cache', () => {
    const freed: string[] = [];
    const frames = new FrameCache(1000);
    const used = frames.add('used', frameOf(800, freed, 'used'));
    frames.release(frames.add('next', frameOf(800, freed, 'next')));
    expect(freed).toEqual(['next']);
    frames.clear();
    expect(freed).toEqual(['next']);
    frames.release(used);
    expect(freed).toEqual(['next', 'used']);
  });
});

describe('encoding frames', () => {
  const prompt = (frame: CachedFrame, question = 'Where?') =>
    tokenizer.prompt(question, runner.units(frame.grid));

  test('asked for twice at the same time are done once', async () => {
    const encoder = new FrameEncoder(runner, 1e9);
    const [first, second] = await Promise.all([
      encoder.encode(stripes(1, 168, 112), undefined),
      encoder.encode(stripes(1, 168, 112), undefined),
    ]);
    expect([first.seenBefore, second.seenBefore]).toEqual([false, true]);
    expect(first.timings.visionMilliseconds).toBeGreaterThan(0);
    expect(second.timings).toEqual({ preprocessMilliseconds: 0, visionMilliseconds: 0 });
    expect(first.frame).toBe(second.frame);
    const prefixes = await Promise.all([
      encoder.withPrefix(first.frame, prompt(first.frame), undefined),
      encoder.withPrefix(second.frame, prompt(second.frame, 'What?'), undefined),
    ]);
    expect(prefixes[0].prefix).toBe(prefixes[1].prefix);
    expect(first.frame.users).toBe(2);
    // Truthful: features and the room that keys and values have.
    expect(encoder.bytes).toBe(first.frame.features.byteLength + first.frame.prefix!.cache.bytes);
    encoder.clear();
  });

  test('one after another or at once, each gives its own features', async () => {
    const encode = (seed: number, width: number, height: number): Promise<Float32Array> =>
      runner.encodeImage(runner.prepareImage(stripes(seed, width, height)));
    const [small, large] = [await encode(1, 112, 84), await encode(2, 168, 112)];
    // The second of a size finds what the first left behind; padding must not be what another size had there.
    expect(await encode(2, 168, 112)).toEqual(large);
    expect(await encode(1, 112, 84)).toEqual(small);
    const other = await encode(3, 112, 84);
    expect(other).not.toEqual(small);
    expect(await Promise.all([encode(1, 112, 84), encode(3, 112, 84), encode(2, 168, 112)])).toEqual([
      small,
      other,
      large,
    ]);
  });

  test('another beginning of the prompt does not disturb who uses the first', async () => {
    const encoder = new FrameEncoder(runner, 1e9);
    const { frame } = await encoder.encode(stripes(2, 168, 112), undefined);
    const given = prompt(frame);
    await encoder.withPrefix(frame, given, undefined);
    const { frame: same } = await encoder.encode(stripes(2, 168, 112), undefined);
    const ids = given.ids.slice();
    ids[0] = 42;
    const other = await encoder.withPrefix(same, { ...given, ids }, undefined);
    expect(other).not.toBe(frame);
    expect(frame.prefix!.ids[0]).not.toBe(42);
    expect(frame.users).toBe(1);
    encoder.release(other);
    expect(other.prefix).toBeNull();
    // Alone on the frame, it takes the first one's place.
    expect(await encoder.withPrefix(frame, { ...given, ids }, undefined)).toBe(frame);
    expect(frame.prefix!.ids[0]).toBe(42);
    encoder.release(frame);
    encoder.clear();
  });

  test('are stopped on their way through the decoder, and then done by who waits', async () => {
    const encoder = new FrameEncoder(runner, 1e9);
    const controller = new AbortController();
    const { frame } = await encoder.encode(stripes(3, 448, 364), undefined);
    const { frame: same } = await encoder.encode(stripes(3, 448, 364), undefined);
    expect(same).toBe(frame);
    const again = encoder.withPrefix(frame, prompt(frame), controller.signal);
    const waiting = encoder.withPrefix(same, prompt(same), undefined);
    controller.abort();
    await expect(again).rejects.toMatchObject({ code: 'cancelled' });
    expect((await waiting).prefix!.cache.length).toBe(prompt(frame).prefixLength);
    encoder.clear();
  });
});

test('questions together leave a frame’s memory as it was, and no frame in use', async () => {
  const answerer = await Answerer.open({ directory: models.askable, device: 'cpu' });
  try {
    const ask = (seed: number, questions: number) =>
      answerer.answerMany(
        Array.from({ length: questions }, (_, index) => ({
          frame: stripes(seed + (index % 3), 168, 112),
          question: `Where is it, ${index}?`,
          settings: { maxNewTokens: 40 },
        })),
      );
    await ask(1, 8);
    const after = answerer.frameBytes;
    expect(after).toBeGreaterThan(0);
    for (let round = 0; round < 3; round += 1) {
      const results = await ask(1, 16);
      expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
    }
    // Each of three frames keeps its room for texts, and no more.
    expect(answerer.frameBytes).toBeLessThanOrEqual(after * 3);
    const kept = answerer.frameBytes;
    await ask(1, 16);
    expect(answerer.frameBytes).toBe(kept);
  } finally {
    await answerer.dispose();
  }
});
