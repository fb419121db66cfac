import { rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  Answerer,
  createEngine,
  ImageProcessor,
  type Engine,
  type EngineFrame,
  type EngineState,
} from '../../main/inference/index.ts';
import { watchGraphs } from '../../main/inference/graphs/watched-graphs.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';
import { startOverheard } from './overheard.ts';

/**
 * What can be wrong with what the engine is given while it runs. Wrong model folders are in `model-directory.test.ts`,
 * wrong checkpoints in `test/import/bad-checkpoints.test.ts`, too little memory in `engine-memory.test.ts`, a GPU that
 * is lost in `engine-losses.test.ts`, a process that hangs in `engine-supervision.test.ts`.
 */

const mebibyte = 2 ** 20;
let models: TestModels;
let engine: Engine | null = null;
beforeAll(async () => {
  models = await makeTestModels();
});
afterEach(async () => {
  await engine?.dispose();
  engine = null;
});
afterAll(() => models.remove());

const settings = { maxNewTokens: 2 };

describe('frames of any size', () => {
  let answerer: Answerer;
  beforeAll(async () => {
    answerer = await Answerer.open({
      directory: models.askable,
      device: 'cpu',
      memoryCeilingBytes: 350 * mebibyte,
    });
  });
  afterAll(() => answerer.dispose());

  const plain = (width: number, height: number): EngineFrame => ({
    ...{ width, height, rgb: new Uint8Array(width * height * 3).fill(90), hash: `${width}x${height}` },
  });

  test.each([
    [1, 1],
    [1, 200],
    [200, 1],
    [2, 3],
    [27, 29],
    [8192, 41],
    [41, 8192],
  ])('%i x %i is answered', async (width, height) => {
    const result = await answerer.answer({ frame: plain(width, height), question: 'Where?', settings });
    expect(result.tokens.generated).toBe(2);
    expect(result.tokens.image).toBeGreaterThan(0);
    expect(result.modelInput!.width % 28).toBe(0);
    expect(result.modelInput!.height % 28).toBe(0);
  });

  test.each([
    [1, 201],
    [8192, 40],
  ])('%i x %i is refused by its shape', async (width, height) => {
    const asked = answerer.answer({ frame: plain(width, height), question: 'Where?', settings });
    await expect(asked).rejects.toMatchObject({
      code: 'invalid-input',
      message: `The image is ${width} by ${height} pixels: one side is more than 200 times the other.`,
    });
  });

  test('bytes that are not those of the size are refused with both numbers', async () => {
    const frame = { ...plain(10, 10), rgb: new Uint8Array(299), hash: 'short' };
    await expect(answerer.answer({ frame, question: 'Where?', settings })).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'A 10 by 10 image has 300 bytes of RGB; got 299.',
    });
  });

  test('8192 x 8192 is answered through the engine’s process, within the memory', async () => {
    engine = createEngine({ memoryCeilingBytes: 1536 * mebibyte });
    await engine.load({ directory: models.askable });
    let most = 0;
    const unsubscribe = engine.onState(({ residentBytes }) => {
      most = Math.max(most, residentBytes ?? 0);
    });
    const before = engine.processId;
    const result = await engine.ask({ frame: plain(8192, 8192), question: 'Where?', settings });
    unsubscribe();
    expect(result.tokens.generated).toBe(2);
    expect(result.modelInput!.width).toBeLessThan(8192);
    expect(result.notes[0]).toMatch(/a larger look would not fit into the free memory/);
    expect(engine.processId).toBe(before);
    expect(most).toBeLessThan(1536 * mebibyte);
  });

  test('8192 x 8192 with room for the most pixels that a model takes: prepared in bounded memory', () => {
    const processor = new ImageProcessor({
      ...{ patch_size: 14, temporal_patch_size: 2, merge_size: 2, rescale_factor: 1 / 255 },
      ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.3, 0.3, 0.3] },
      ...{ min_pixels: 3136, max_pixels: 12_845_056 },
    });
    const before = process.memoryUsage().arrayBuffers;
    const prepared = processor.prepare(plain(8192, 8192));
    const taken = process.memoryUsage().arrayBuffers - before;
    expect(prepared.resized).toEqual({ width: 3584, height: 3584 });
    expect(prepared.pixelValues.length).toBe(256 * 256 * 1176);
    // The source, 192 MB; the patches, 294 MB; two steps of resampling on the way.
    expect(taken).toBeLessThan(720 * mebibyte);
  });
});

describe('questions', () => {
  test('an empty one is refused and not left waiting', async () => {
    engine = createEngine();
    await engine.load({ directory: models.askable });
    const asked = engine.ask({ frame: stripes(1), question: '', settings });
    await expect(asked).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/^The engine cannot take what it was asked \(question: /) as unknown,
    });
    const next = await engine.ask({ frame: stripes(1), question: 'Where?', settings });
    expect(next.tokens.generated).toBe(2);
  });

  test('longer than the context, they are refused with both numbers, and the frame stays looked at', async () => {
    engine = createEngine();
    await engine.load({ directory: models.askable });
    const asked = engine.ask({ frame: stripes(1), question: 'long '.repeat(1000), settings });
    await expect(asked).rejects.toMatchObject({
      code: 'prompt-too-long',
      message: expect.stringMatching(/take \d{4} tokens; the model has room for 4096/) as unknown,
    });
    const next = await engine.ask({ frame: stripes(1), question: 'Where?', settings });
    expect(next).toMatchObject({ frameSeenBefore: true, tokens: { generated: 2 } });
  });

  test('a reply that does not fit its form is an error, and not left waiting', async () => {
    engine = createEngine({
      start: startOverheard((message, pass) => {
        const { type, result } = message as { type: string; result?: object };
        // As a probability that is no number would be.
        pass(
          type === 'answered' ? { ...(message as object), result: { ...result, probability: NaN } } : message,
        );
      }),
    });
    await engine.load({ directory: models.askable });
    const asked = engine.ask({ frame: stripes(1), question: 'Where?', settings });
    await expect(asked).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(
        /^The engine’s reply does not have the expected form \(result.probability: /,
      ) as unknown,
    });
  });
});

test('logits that are no numbers are named, and blamed on the device where there is one', async () => {
  const graphs = {
    vision: { encode: () => Promise.resolve(new Float32Array(1)) },
    embedder: { embed: () => Promise.resolve(new Float32Array(1)) },
    decoder: {
      freeAttention: true,
      newCache: () => {
        throw new RangeError('Array buffer allocation failed');
      },
      run: () => Promise.resolve(new Float32Array(500).fill(NaN)),
    },
    dispose: () => Promise.resolve(),
  };
  const input = {
    tokens: 1,
    embeddings: new Float32Array(1),
    positions: new Int32Array(3),
    attention: null,
    logits: 1,
  };
  const onPhase = (): void => undefined;
  const cpu = watchGraphs(graphs, 'cpu', onPhase).decoder;
  await expect(cpu.run(input, null as never)).rejects.toMatchObject({
    code: 'model-mismatch',
    message: 'The model gave values that are no numbers in the middle of the work.',
  });
  const gpu = watchGraphs(graphs, 'webgpu', onPhase).decoder;
  await expect(gpu.run(input, null as never)).rejects.toMatchObject({
    name: 'DeviceLostError',
    reason: 'it gave values that are no numbers',
  });
  expect(() => cpu.newCache(1)).toThrow(expect.objectContaining({ code: 'out-of-memory' }) as Error);
});

describe('a model folder on a disk that goes away', () => {
  const away = (): string => path.join(models.folder, 'away');
  const failed = (of: Engine): Promise<EngineState> =>
    new Promise((resolve) => {
      const unsubscribe = of.onState((state) => {
        if (state.phase !== 'failed') return;
        unsubscribe();
        resolve(state);
      });
    });

  test('a loaded model goes on answering; a lost process says which file is missing, and comes back with the disk', async () => {
    engine = createEngine();
    await engine.load({ directory: models.askable });
    await rename(models.askable, away());
    try {
      const answer = await engine.ask({ frame: stripes(1), question: 'Where?', settings });
      expect(answer.tokens.generated).toBe(2);
      const told = failed(engine);
      process.kill(engine.processId!, 'SIGKILL');
      expect((await told).error).toMatchObject({
        code: 'model-missing-file',
        message: 'The model folder askable has no manifest.json.',
      });
      const asked = engine.ask({ frame: stripes(1), question: 'Where?', settings });
      await expect(asked).rejects.toMatchObject({ code: 'model-missing-file' });
    } finally {
      await rename(away(), models.askable);
    }
    const back = await engine.ask({ frame: stripes(1), question: 'Where?', settings });
    expect(back.tokens.generated).toBe(2);
    expect(engine.state).toMatchObject({ phase: 'ready', error: null });
  });
});
