import { deviceMemory } from '../../main/inference/graphs/device-buffers.ts';
import { Answerer, type AnswerResult, type EngineFrame } from '../../main/inference/index.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { argmax } from '../../main/inference/grammar/log-probabilities.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { stripes } from './askable-model.ts';
import { largestDifference, readGolden, readPng } from './golden.ts';

/** What is done on WebGPU in a process of its own: see `webgpu-child.ts`. Plain values go back. */
export const jobs = { golden, answers, manyQuestions, branches };
export type JobName = keyof typeof jobs;

export interface GoldenFigures {
  device: string;
  reason: string;
  features: number;
  logits: number;
  tokens: number[];
  expected: number[];
}

/** A golden case, prefilled and decoded. */
export async function golden(directory: string, name: string): Promise<GoldenFigures> {
  const runner = await openOn('webgpu', directory);
  const { features, ids, positions, embeddings, found } = await look(runner, name);
  const cache = runner.newCache(ids.length);
  const prompt = { embeddings, positions, from: 0, to: ids.length, cache };
  const logits = await runner.prefill({ ...prompt, keep: 'all', chunk: ids.length });
  const { vocabularySize } = runner.model.manifest.parameters;
  const tokens: number[] = [];
  let next: Float32Array = logits.slice(-vocabularySize);
  const expected = found.integers('generated_ids');
  while (tokens.length < expected.length) {
    tokens.push(argmax(next));
    next = await runner.decode(tokens.at(-1)!, cache, positions.delta);
  }
  const figures = {
    device: runner.device,
    reason: runner.deviceReason,
    features: largestDifference(
      features.flatMap((values) => [...values]),
      found.floats('image_features'),
    ),
    logits: largestDifference(logits, found.floats('logits')),
    tokens,
    expected,
  };
  await runner.dispose();
  return figures;
}

export interface Asked {
  question: string;
  label: string | null;
  box: AnswerResult['box'];
  raw: string;
  seenBefore: boolean;
  prefillMilliseconds: number;
}

/**
 * Questions on drawn scenes, as many on each as the truth suggests, in both sizes that are asked for.
 * @param maxNewTokens ends the reasoning early, so that label and box cost less.
 */
export async function answers(options: {
  directory: string;
  device: 'cpu' | 'webgpu';
  scenes: number;
  questions: number;
  size: { width: number; height: number };
  maxNewTokens?: number;
}): Promise<{ reason: string; asked: Asked[] }> {
  const { directory, device, size, maxNewTokens } = options;
  const answerer = await Answerer.open({ directory, device });
  const settings = maxNewTokens === undefined ? {} : { maxNewTokens };
  const asked: Asked[] = [];
  for (let scene = 0; scene < options.scenes; scene += 1) {
    const { frame, questions } = sceneToAsk(988_000 + scene, size);
    for (const question of questions.slice(0, options.questions)) {
      const result = await answerer.answer({ frame, question, settings });
      asked.push({
        question,
        label: result.label,
        box: result.box,
        raw: result.raw,
        seenBefore: result.frameSeenBefore,
        prefillMilliseconds: result.timings.prefillMilliseconds,
      });
    }
  }
  await answerer.dispose();
  return { reason: answerer.info.deviceReason, asked };
}

function sceneToAsk(
  seed: number,
  size: { width: number; height: number },
): { frame: EngineFrame; questions: string[] } {
  const described = describeScene(seed);
  const rgba = drawScene(described, size);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  const [first, second] = sceneTruth(described, size).instruments.map(({ tool }) => tool);
  const [one, other] = [first ?? 'suction', second ?? 'clip_applier'];
  return {
    frame: { ...size, rgb, hash: `scene-${seed}` },
    questions: [
      'What organ is being operated?',
      `Where is ${one} located?`,
      `What is the state of ${one}?`,
      `Where is ${other} located?`,
    ],
  };
}

export interface MemoryFigures {
  /** After each question: what is held on the device, in tensors and in bytes. */
  held: { tensors: number; bytes: number }[];
  afterDispose: { tensors: number; bytes: number };
  layers: number;
}

/** Many questions on more frames than are kept, some of them stopped. */
export async function manyQuestions(directory: string, count: number): Promise<MemoryFigures> {
  const answerer = await Answerer.open({ directory, device: 'webgpu', frameCacheBytes: 700 * 1024 });
  const { manifest } = await openModelDirectory(directory);
  const held: MemoryFigures['held'] = [];
  for (let index = 0; index < count; index += 1) {
    const frame = stripes(Math.floor(index / 5), 112, 84);
    const controller = new AbortController();
    const listener = {
      signal: controller.signal,
      ...(index % 7 === 6 ? { onText: () => controller.abort() } : {}),
    };
    await answerer.answer({ frame, question: `Where? ${index}`, settings: { maxNewTokens: 2 } }, listener);
    held.push({ ...deviceMemory() });
  }
  await answerer.dispose();
  return { held, afterDispose: { ...deviceMemory() }, layers: manifest.parameters.layers };
}

export interface BranchFigures {
  /** Logits of a question behind a kept prefix against those without, and of the same question once more. */
  behindPrefix: number;
  again: number;
  /** Of a tree with more tokens than some drivers take at once, against the CPU. */
  tree: number;
  lengthAfterFailure: number;
  failure: string;
  afterFailure: number;
  afterDispose: string;
  /** Tensors on the device: with two caches, with one, after the runner's end with one left. */
  tensors: number[];
  layers: number;
}

/** A cache that grows, goes back to its branch point, and meets a run that fails. */
export async function branches(directory: string, name: string): Promise<BranchFigures> {
  const runner = await openOn('webgpu', directory);
  const cpu = await openOn('cpu', directory);
  const { ids, positions, embeddings } = await look(cpu, name);
  const { hiddenSize } = runner.model.manifest.parameters;
  const to = ids.length;
  const prefix = Math.floor(to * 0.6);
  const rest = embeddings.subarray(prefix * hiddenSize);
  const options = { positions, to };
  const whole = await cpu.prefill({ ...options, embeddings, from: 0, cache: cpu.newCache(to), keep: 'last' });

  const cache = runner.newCache(8);
  const question = () => runner.prefill({ ...options, embeddings: rest, from: prefix, cache, keep: 'last' });
  await runner.prefill({ ...options, embeddings, from: 0, to: prefix, cache, keep: 'none', chunk: 7 });
  const first = await question();
  cache.truncate(prefix);
  const again = await question();

  const tree = Array.from({ length: 40 }, (_, index) => ({
    id: (index * 37) % 400,
    parent: index < 3 ? -1 : index - 3,
  }));
  const plain = cpu.newCache(to);
  await cpu.prefill({ ...options, embeddings, from: 0, cache: plain, keep: 'none' });
  const treeFound = await runner.tryTree(tree, cache, positions.delta);
  const treeExpected = await cpu.tryTree(tree, plain, positions.delta);

  // Embeddings that are too short for what is said of them: the graph refuses them.
  const failure = await runner
    .run(
      {
        ...{ tokens: 2, attention: null, logits: 1, positions: new Int32Array(6) },
        embeddings: new Float32Array(hiddenSize),
      },
      cache,
    )
    .then(
      () => 'none',
      (error: unknown) => String(error),
    );
  const lengthAfterFailure = cache.length;
  const next = await runner.decode(7, cache, positions.delta);
  const expectedNext = await cpu.decode(7, plain, positions.delta);

  const other = runner.newCache(4);
  await runner.prefill({ ...options, embeddings, from: 0, to: 3, cache: other, keep: 'none' });
  const tensors = [deviceMemory().tensors];
  cache.dispose();
  cache.dispose();
  tensors.push(deviceMemory().tensors);
  const afterDispose = await runner.decode(7, cache, 0).then(
    () => 'none',
    (error: unknown) => String(error),
  );
  await runner.dispose();
  await cpu.dispose();
  tensors.push(deviceMemory().tensors);
  return {
    behindPrefix: largestDifference(first, whole),
    again: largestDifference(first, again),
    tree: largestDifference(treeFound, treeExpected),
    lengthAfterFailure: lengthAfterFailure - to,
    failure,
    afterFailure: largestDifference(next, expectedNext),
    afterDispose,
    tensors,
    layers: runner.model.manifest.parameters.layers,
  };
}

async function openOn(device: 'cpu' | 'webgpu', directory: string): Promise<ModelRunner> {
  return ModelRunner.open(await openModelDirectory(directory), { device });
}

async function look(runner: ModelRunner, name: string) {
  const found = readGolden(name);
  const images = [];
  for (const image of found.images) images.push(runner.prepareImage(await readPng(image.file)));
  const features = [];
  for (const image of images) features.push(await runner.encodeImage(image));
  const ids = found.integers('input_ids');
  const grids = images.map(({ grid }) => grid);
  const positions = runner.positions(ids, grids);
  return { found, features, ids, positions, embeddings: await runner.embed(ids, features) };
}
