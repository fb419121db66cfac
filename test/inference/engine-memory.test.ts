import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Answerer,
  createEngine,
  openModelDirectory,
  type ModelDirectory,
} from '../../main/inference/index.ts';
import {
  checkMemory,
  estimateMemory,
  patchesWithin,
  patchLimit,
  planMemory,
  visionBytes,
} from '../../main/inference/model/memory-estimate.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';

const mebibyte = 2 ** 20;
let models: TestModels;
let model: ModelDirectory;

beforeAll(async () => {
  models = await makeTestModels();
  model = await openModelDirectory(models.askable);
});
afterAll(() => models.remove());

/** The shapes of Qwen2.5-VL 3B in four bits. */
function threeBillion(): ModelDirectory {
  const { manifest } = model;
  const parameters = {
    ...manifest.parameters,
    ...{ hiddenSize: 2048, layers: 36, heads: 16, keyValueHeads: 2, headSize: 128 },
    ...{ vocabularySize: 151_936, maxPositions: 128_000 },
  };
  return { ...model, manifest: { ...manifest, parameters }, graphBytes: 2400 * mebibyte };
}

describe('the estimate', () => {
  test('adds up, from what a model’s manifest says', () => {
    const large = threeBillion();
    const estimate = estimateMemory(large, {
      frameCacheBytes: 512 * mebibyte,
      freeBytes: 16 * 1024 * mebibyte,
    });
    // 2 (keys and values) x 36 layers x 2 heads x 128 numbers x 4 bytes.
    expect(estimate.keyValuesPerToken).toBe(73_728);
    expect(estimate.keyValuesFullContext).toBe(73_728 * 128_000);
    expect(estimate.weights).toBe(2400 * 1.35 * mebibyte);
    const { program, weights, working, workingMost, keyValuesFullContext, frameCache } = estimate;
    expect(estimate.most).toBe(program + weights + workingMost + keyValuesFullContext + frameCache);
    // A frame of 1920 x 1080 against one of 65,536 patches.
    expect(workingMost).toBeGreaterThan(20 * working);
    expect(estimate.needed).toBeGreaterThan(program + weights + working);
    expect(estimate.needed).toBeLessThan(estimate.most);
  });

  test('patches and bytes of a look are each other’s inverse', () => {
    for (const patches of [800, 6808, 65_536]) {
      expect(patchesWithin(visionBytes(patches, model), model)).toBe(patches);
    }
    expect(patchesWithin(0, model)).toBe(0);
    expect(patchesWithin(-1, model)).toBe(0);
  });

  test('too little memory is refused with what is needed, for what, and what is free', () => {
    const estimate = estimateMemory(threeBillion(), { frameCacheBytes: 0, freeBytes: 2048 * mebibyte });
    expect(() => checkMemory(estimate)).toThrow(
      /needs about [\d.]+ GB of memory \(weights 3\.2 GB, work on a frame [\d.]+ GB, keys and values of a question [\d.]+ [MG]B\); 2\.0 GB are free for it/,
    );
    expect(() => checkMemory(estimate)).toThrow(
      expect.objectContaining({
        code: 'out-of-memory',
        hint: expect.stringMatching(/--dtype q8 or --dtype int4/) as unknown,
      }) as Error,
    );
    expect(() => checkMemory({ ...estimate, free: estimate.needed })).not.toThrow();
  });
});

describe('frames too large for the memory', () => {
  test('are shrunk further than the model asks, down to a floor', () => {
    // 65,536 patches at the most: a head's scores alone would take 16 GB, twice.
    expect(patchLimit(model)).toBe(65_536);
    const free = 2048 * mebibyte;
    const { model: planned, estimate, largerLook } = planMemory(model, { memoryCeilingBytes: free });
    expect(patchLimit(planned)).toBeLessThan(20_000);
    expect(patchLimit(planned)).toBeGreaterThan(5000);
    expect(estimate.workingMost).toBeLessThan(free / 2);
    expect(() => checkMemory(estimate)).not.toThrow();
    expect(largerLook?.maxPixels).toBe(65_536 * 14 ** 2);
    expect(estimate.free).toBe(free);
    const tight = planMemory(model, { memoryCeilingBytes: 190 * mebibyte });
    expect(patchLimit(tight.model)).toBe(65_536);
    expect(() => checkMemory(tight.estimate)).toThrow(/needs about/);
  });

  test('the answer says so, and its box is on the frame all the same', async () => {
    const answerer = await Answerer.open({
      directory: models.askable,
      device: 'cpu',
      memoryCeilingBytes: 250 * mebibyte,
    });
    try {
      const ask = (width: number, height: number) =>
        answerer.answer({
          frame: stripes(1, width, height),
          question: 'Where?',
          settings: { maxNewTokens: 2 },
        });
      const large = await ask(1920, 1080);
      expect(large.modelInput!.width).toBeLessThan(1200);
      expect(large.notes[0]).toMatch(
        /^The model saw the frame at \d+ x \d+ pixels, not at 1932 x 1092: a larger look would not fit/,
      );
      const small = await ask(448, 364);
      expect(small.modelInput).toEqual({ width: 448, height: 364 });
      expect(small.notes.join()).not.toMatch(/larger look/);
    } finally {
      await answerer.dispose();
    }
  });
});

describe('the ceiling', () => {
  test('a process that grows beyond it is ended, the partial answer kept, the reason told, and it starts again', async () => {
    let ceiling = Infinity;
    const { startWithNode } = await import('../../main/inference/index.ts');
    const engine = createEngine({
      memoryCeilingBytes: 3 * 1024 * mebibyte,
      start: (entry, log) =>
        startWithNode(entry, (line) => {
          // A pulse of more than there is, as a leak in the runtime would have it.
          log(ceiling === Infinity ? line : line.replace(/^heartbeat \d+/, `heartbeat ${ceiling}`));
        }),
    });
    try {
      const info = await engine.load({ directory: models.askable });
      expect(engine.state.ceilingBytes).toBe(3 * 1024 * mebibyte);
      expect(engine.state.estimate).toEqual(info.memoryEstimate);
      expect(info.memoryEstimate!.free).toBeLessThanOrEqual(3 * 1024 * mebibyte);
      const before = engine.processId;
      const errors: string[] = [];
      engine.onState(({ error }) => {
        if (error !== null) errors.push(`${error.message} ${error.hint}`);
      });
      const asked = engine.ask({
        frame: stripes(2),
        question: 'Where is it?',
        settings: { maxNewTokens: 3500 },
        onToken: ({ generatedTokens }) => {
          if (generatedTokens > 3) ceiling = 4 * 1024 * mebibyte;
        },
      });
      const queued = engine.ask({ frame: stripes(2), question: 'Where?', settings: { maxNewTokens: 3 } });
      await expect(asked).rejects.toMatchObject({
        code: 'engine-lost',
        message: 'The engine ended in the middle of the answer (memory ceiling of 3.0 GB reached).',
        hint: expect.stringMatching(/What it had written is kept.*q8.*int4.*ceiling/) as unknown,
        partial: { raw: expect.stringMatching(/./) as unknown },
      });
      ceiling = Infinity;
      expect((await queued).tokens.generated).toBe(3);
      expect(engine.processId).not.toBe(before);
      expect(errors[0]).toMatch(
        /^The engine was ended: memory ceiling of 3\.0 GB reached\. It starts again by itself\./,
      );
    } finally {
      await engine.dispose();
    }
  });

  test('a load that goes beyond it is refused with the ceiling named', async () => {
    // Node alone takes more than 20 MB; the estimate is not asked, because the process dies first.
    const engine = createEngine({ memoryCeilingBytes: 20 * mebibyte });
    try {
      await expect(engine.load({ directory: models.askable })).rejects.toMatchObject({
        code: 'out-of-memory',
      });
      expect(engine.state.phase).toBe('failed');
      expect(engine.processId).toBeNull();
    } finally {
      await engine.dispose();
    }
  });
});
