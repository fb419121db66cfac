import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerBatch } from '../../main/inference/decoding/answer-batch.ts';
import { planRun, type BatchRequest } from '../../main/inference/runner/batch-run.ts';
import { DraftMemory } from '../../main/inference/decoding/draft-memory.ts';
import { DraftedText } from '../../main/inference/decoding/drafted-text.ts';
import type { CachedFrame } from '../../main/inference/decoding/frame-cache.ts';
import { FrameEncoder } from '../../main/inference/decoding/frame-encoder.ts';
import type { DecoderCache } from '../../main/inference/graphs/model-graphs.ts';
import type { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import {
  mostTogether,
  SingleTextSlot,
  type TextBranch,
  type TextSlots,
} from '../../main/inference/decoding/text-branch.ts';
import type { ModelTokenizer } from '../../main/inference/model/tokenizer.ts';
import { makeTestModels, openAskable, stripes, type TestModels } from './askable-model.ts';
import { largestDifference } from './golden.ts';

/** Texts of given tokens, decoded together and alone: the golden model's logits are what counts here. */
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

const tree = [
  { id: 40, parent: -1 },
  { id: 41, parent: -1 },
  { id: 42, parent: 0 },
  { id: 43, parent: 2 },
];

/** What a text is fed, what it forgets, what it tries: all that the writing of an answer does, from a seed. */
async function write(branch: TextBranch, seed: number): Promise<Float32Array[]> {
  const random = randomNumbers(seed);
  const ids = (count: number): number[] => Array.from({ length: count }, () => Math.floor(random() * 500));
  const logits: Float32Array[] = [];
  try {
    logits.push(await branch.feed(ids(3 + seed * 29), 1));
    const start = branch.length;
    for (let step = 0; step < 4 + 3 * seed; step += 1) {
      const next = ids(random() < 0.3 ? 5 : 1);
      const keep = Math.ceil(random() * next.length);
      logits.push(await branch.feed(next, keep));
    }
    branch.rewind(start + 2);
    logits.push(await branch.tryTree(tree), await branch.feed([7], 1));
  } finally {
    branch.leave();
  }
  return logits;
}

/** What {@link write} feeds first. */
function beginning(seed: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: 3 + seed * 29 }, () => Math.floor(random() * 500));
}

type Ahead = NonNullable<Parameters<FrameEncoder['withPrefix']>[3]>;

async function encode(encoder: FrameEncoder, seed: number, ahead?: Ahead): Promise<CachedFrame> {
  const { frame } = await encoder.encode(stripes(seed, 168, 112), undefined);
  return encoder.withPrefix(frame, tokenizer.prompt('Where?', runner.units(frame.grid)), undefined, ahead);
}

/** Texts with these seeds, on frames in turn. */
async function writeAll(
  encoder: FrameEncoder,
  slots: TextSlots,
  seeds: readonly number[],
  frames: number,
  ahead?: (seed: number) => ReturnType<Ahead>,
): Promise<Float32Array[][]> {
  return Promise.all(
    seeds.map(async (seed, index) => {
      const frame = await encode(encoder, index % frames, ahead && (() => ahead(seed)));
      try {
        return await write(await slots.join(frame, undefined), seed);
      } finally {
        encoder.release(frame);
      }
    }),
  );
}

function expectSame(found: readonly Float32Array[][], expected: readonly Float32Array[][]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((logits, text) => {
    expect(logits.map(({ length }) => length)).toEqual(expected[text]!.map(({ length }) => length));
    logits.forEach((values, step) => {
      expect(largestDifference(values, expected[text]![step]!)).toBeLessThan(1e-4);
    });
  });
}

/** As a device's buffers, of which no rows can be copied. */
function withoutCopies(own: ModelRunner): ModelRunner {
  const hidden = { addFrom: undefined, keep: undefined, shrink: undefined };
  const newCache = (capacity: number): DecoderCache => Object.assign(own.newCache(capacity), hidden);
  return new Proxy(own, {
    get(target, name) {
      if (name === 'newCache') return newCache;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Places for texts whose next tokens are guessed from those before, which counts the runs that are asked for. */
class DraftedSlots implements TextSlots {
  readonly most: number;
  readonly #slots: TextSlots;
  readonly #memory = new DraftMemory();
  fed = 0;

  constructor(slots: TextSlots) {
    this.#slots = slots;
    this.most = slots.most;
  }

  async join(...given: Parameters<TextSlots['join']>): Promise<TextBranch> {
    const place = await this.#slots.join(...given);
    const feed = place.feed.bind(place);
    place.feed = (ids, keep) => {
      this.fed += 1;
      return feed(ids, keep);
    };
    return new DraftedText(place, this.#memory, 4096);
  }
}

describe('texts whose next tokens are computed before they are written have the logits that they have without', () => {
  test.each([
    ['alone', (): TextSlots => new SingleTextSlot(runner)],
    ['together', (encoder: FrameEncoder): TextSlots => new AnswerBatch(runner, encoder)],
  ])('%s', async (_name, open) => {
    const encoder = new FrameEncoder(runner, 1e9);
    const drafted = new DraftedSlots(open(encoder));
    const seeds = [2, 5];
    const plain = await writeAll(encoder, new SingleTextSlot(runner), seeds, 2);
    // The first time, nothing is known of what comes; then all is, but for what the texts go back over.
    const runs: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      drafted.fed = 0;
      expectSame(await writeAll(encoder, drafted, seeds, 2), plain);
      runs.push(drafted.fed);
    }
    expect(runs[1]).toBeLessThan(0.5 * runs[0]!);
    expect(runs[2]).toBeLessThan(0.5 * runs[0]!);
    encoder.clear();
  });

  test('a draft ends where the text may', async () => {
    const encoder = new FrameEncoder(runner, 1e9);
    const frame = await encode(encoder, 1);
    const memory = new DraftMemory();
    memory.remember([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const place = await new SingleTextSlot(runner).join(frame, undefined);
    const text = new DraftedText(place, memory, place.length + 7);
    await text.feed([1, 2, 3, 4, 5], 1);
    const start = frame.prefix!.ids.length;
    expect([text.length, place.length]).toEqual([start + 5, start + 7]);
    text.leave();
    encoder.release(frame);
    encoder.clear();
  });
});

describe('texts of which the beginning went through the decoder with the frame have the logits that they have without', () => {
  const guesses: [string, (ids: number[]) => ReturnType<Ahead>][] = [
    ['as it was guessed', (ids) => ({ ids, keep: 1 })],
    ['and more was guessed', (ids) => ({ ids: [...ids, 9, 8, 7], keep: 4 })],
    ['shorter than it is', (ids) => ({ ids: ids.slice(0, -2), keep: 1 })],
    ['begun otherwise', (ids) => ({ ids: [...ids.slice(0, 2), 499, 499], keep: 1 })],
    ['begun otherwise at once', () => ({ ids: [499], keep: 1 })],
    ['with too few logits', (ids) => ({ ids: [...ids, 9, 8], keep: 2 })],
  ];
  test.each(guesses)('%s', async (_name, guess) => {
    const seeds = [1, 2, 0, 1, 3];
    const bare = new FrameEncoder(runner, 1e9);
    const expected = await writeAll(bare, new SingleTextSlot(runner), seeds, 2);
    for (const used of [runner, withoutCopies(runner)]) {
      for (const open of [SingleTextSlot, AnswerBatch]) {
        const encoder = new FrameEncoder(used, 1e9);
        const found = await writeAll(encoder, new open(used, encoder), seeds, 2, (seed) =>
          guess(beginning(seed)),
        );
        expectSame(found, expected);
        const frame = await encode(encoder, 0);
        expect(frame.prefix!.ahead).toBeNull();
        expect(frame.prefix!.cache.length).toBe(frame.prefix!.ids.length);
        encoder.clear();
      }
    }
    bare.clear();
  });

  test('in one run, and the others that begin so in none', async () => {
    let runs = 0;
    const counted = new Proxy(runner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'run' || name === 'prefill') runs += 1;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const encoder = new FrameEncoder(counted, 1e9);
    const batch = new AnswerBatch(counted, encoder);
    const ids = beginning(1);
    const frame = await encode(encoder, 1, () => ({ ids, keep: 1 }));
    const texts = await Promise.all([batch.join(frame, undefined), batch.join(frame, undefined)]);
    const logits = await Promise.all(texts.map((text) => text.feed(ids, 1)));
    expect(logits[0]).toEqual(logits[1]);
    expect(runs).toBe(1);
    // One that leaves before it has said anything, and one on a frame that is put behind.
    const [early] = [await batch.join(frame, undefined)];
    early.leave();
    const second = await encode(encoder, 2, () => ({ ids, keep: 1 }));
    const other = await batch.join(second, undefined);
    await other.feed(ids, 1);
    expect(runs).toBe(2);
    for (const text of [...texts, other]) text.leave();
    for (const used of [frame, second]) {
      expect(used.prefix!.cache.length).toBe(used.prefix!.ids.length);
      encoder.release(used);
    }
    encoder.clear();
  });
});

describe('a draft', () => {
  test('is what came after the longest likeness, half as long as that, the latest first', () => {
    const memory = new DraftMemory();
    expect(memory.after([1, 2, 3], 7)).toEqual([]);
    memory.remember([9, 1, 2, 3, 4, 5, 6, 7]);
    memory.remember([8, 2, 3, 50, 51, 52]);
    expect(memory.after([9, 1, 2, 3], 7)).toEqual([4, 5]);
    expect(memory.after([9, 1, 2, 3], 1)).toEqual([4]);
    expect(memory.after([0, 2, 3], 7)).toEqual([50]);
    expect(memory.after([3], 7)).toEqual([50]);
    expect(memory.after([77], 7)).toEqual([]);
    expect(memory.after([9, 1, 2, 3], 0)).toEqual([]);
  });

  test('may come from the text itself', () => {
    expect(new DraftMemory().after([4, 5, 6, 7, 4, 5], 7)).toEqual([6]);
  });

  test('comes from the latest texts alone', () => {
    const memory = new DraftMemory();
    memory.remember([1, 2, 3]);
    for (let text = 0; text < 20; text += 1) memory.remember(Array.from({ length: 1000 }, () => 7 + text));
    expect(memory.after([1, 2], 7)).toEqual([]);
    expect(memory.after([26, 26, 26], 7)).toEqual([26, 26]);
  });
});

describe('texts decoded together have the logits that they have alone', () => {
  const seeds = [1, 2, 3, 4, 5, 6, 1, 7, 8, 2, 9];

  test.each([
    ['on one frame', 1, false],
    ['on three frames, whose rows are put behind one another', 3, false],
    ['on one frame, where no rows can be copied', 1, true],
    ['on three frames, where no rows can be copied', 3, true],
  ])('%s', async (_name, frames, hidden) => {
    const used = hidden ? withoutCopies(runner) : runner;
    const encoder = new FrameEncoder(used, 1e9);
    const together = await writeAll(encoder, new AnswerBatch(used, encoder), seeds, frames);
    const alone = await writeAll(encoder, new SingleTextSlot(used), seeds, frames);
    expectSame(together, alone);
    // Every frame's cache is as it was, and serves again.
    for (let index = 0; index < frames; index += 1) {
      const frame = await encode(encoder, index);
      expect(frame.users).toBe(1);
      expect(frame.prefix!.cache.length).toBe(frame.prefix!.ids.length);
      encoder.release(frame);
    }
    encoder.clear();
  });

  test('in fewer runs, and the same text only once', async () => {
    let tokens = 0;
    let runs = 0;
    const counted = new Proxy(runner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'run') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        return (...given: Parameters<ModelRunner['run']>) => {
          runs += 1;
          tokens += given[0].tokens;
          return target.run(...given);
        };
      },
    });
    const encoder = new FrameEncoder(counted, 1e9);
    const batch = new AnswerBatch(counted, encoder);
    await writeAll(encoder, batch, [3], 1);
    const alone = { runs, tokens };
    [runs, tokens] = [0, 0];
    await writeAll(encoder, batch, [3, 3, 3, 3], 1);
    expect({ runs, tokens }).toEqual(alone);
    [runs, tokens] = [0, 0];
    await writeAll(encoder, batch, [3, 2, 1, 0], 1);
    expect(runs).toBeLessThan(alone.runs + 4);
    encoder.clear();
  });

  test('a text that is stopped leaves the others as they are', async () => {
    const encoder = new FrameEncoder(runner, 1e9);
    const batch = new AnswerBatch(runner, encoder);
    const frame = await encode(encoder, 1);
    const [first, second] = await Promise.all([batch.join(frame, undefined), batch.join(frame, undefined)]);
    const controller = new AbortController();
    const stopped = await batch.join(frame, controller.signal);
    const feeds = [first.feed([1, 2], 1), second.feed([1, 3], 1), stopped.feed([5], 1)];
    controller.abort();
    await expect(feeds[2]).rejects.toMatchObject({ code: 'cancelled' });
    stopped.leave();
    const [one, other] = await Promise.all([feeds[0]!, feeds[1]!]);
    expect(largestDifference(one, other)).toBeGreaterThan(1e-3);
    first.leave();
    second.leave();

    // One that waits for a place is stopped at once, though the others go on.
    const held = await Promise.all(Array.from({ length: mostTogether }, () => batch.join(frame, undefined)));
    const waiting = new AbortController();
    const waits = batch.join(frame, waiting.signal);
    waiting.abort();
    await expect(waits).rejects.toMatchObject({ code: 'cancelled' });
    for (const text of held) text.leave();
    encoder.release(frame);
  });
});

test('a run shows every token its frame, its own text and itself, and puts what is wanted last', () => {
  const text = (given: Partial<BatchRequest>): BatchRequest => ({
    ...{ frame: { start: 0, end: 2 }, rows: [], position: 10, ids: [5], parents: null, keep: 1 },
    ...given,
  });
  const first = text({ ids: [5, 6], rows: [4] });
  const second = text({ frame: { start: 2, end: 4 }, ids: [7], position: 20 });
  const tried = text({ ids: [8, 9], parents: [-1, 0], keep: 2, position: 30 });
  const plan = planRun([first, second, tried], 5, 128);
  expect(plan).toMatchObject({ tokens: 5, staying: 3, logits: 4 });
  expect(Array.from(plan.ids)).toEqual([5, 7, 6, 8, 9]);
  expect(Array.from(plan.positions.subarray(0, 5))).toEqual([10, 20, 11, 30, 31]);
  const sight = Array.from({ length: 5 }, (_, row) =>
    Array.from(plan.attention.subarray(row * 10, (row + 1) * 10), (score) => (score === 0 ? 'x' : '.')).join(
      '',
    ),
  );
  expect(sight).toEqual(['xx..xx....', '..xx..x...', 'xx..xx.x..', 'xx......x.', 'xx......xx']);

  // A long prompt goes in pieces, and the logits come with its last token.
  const long = text({ ids: Array.from({ length: 200 }, (_, id) => id) });
  const piece = planRun([long, second], 5, 128);
  expect(piece).toMatchObject({ tokens: 128, staying: 128, logits: 1 });
  expect(piece.parts.map(({ count }) => count)).toEqual([1, 127]);
});
