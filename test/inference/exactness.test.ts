import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImageProcessor } from '../../main/inference/image/image-processor.ts';
import type { ModelDirectory } from '../../main/inference/model/model-directory.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import type { ModelGraphs } from '../../main/inference/graphs/model-graphs.ts';
import { openModelGraphs } from '../../main/inference/graphs/open-model-graphs.ts';
import { promptPositions, type ImageGrid } from '../../main/inference/model/positions.ts';
import { Sampler, type SamplingSettings } from '../../main/inference/decoding/sampling.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import { openTransformersGraphs } from '../../main/inference/graphs/transformers-graphs.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { stripes } from './askable-model.ts';
import { goldenFolder } from './golden.ts';

/** Every way of keeping keys and values on a CPU; all have to write the same tokens. */
const ways = ['delta', 'concat', 'concat as it is', 'gqa', 'gqa as it is'] as const;
type Way = (typeof ways)[number];

interface TestModel {
  readonly directory: ModelDirectory;
  readonly graphs: Record<Way, ModelGraphs>;
}

const checkpoints = {
  random: `${goldenFolder}model_tied`,
  embedded: fileURLToPath(new URL('../../models/nano', import.meta.url)),
};
let folder: string;
const models = new Map<keyof typeof checkpoints, TestModel>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'exactness-'));
  for (const name of ['random', 'embedded'] as const) {
    const imported = async (kind: string, options: object): Promise<ModelDirectory> => {
      const out = path.join(folder, `${name}-${kind}`);
      await importCheckpoint({ checkpoint: checkpoints[name], out, dtype: 'fp32', ...options });
      return openModelDirectory(out);
    };
    const directory = await imported('delta', {});
    const concat = await imported('concat', { layout: 'transformers', attention: 'concat' });
    const gqa = await imported('gqa', { layout: 'transformers', attention: 'gqa' });
    const cpu = { device: 'cpu', threads: { threads: 1, spinning: false } } as const;
    models.set(name, {
      directory,
      graphs: {
        delta: await openModelGraphs(directory, cpu),
        concat: await openTransformersGraphs(concat, cpu),
        'concat as it is': await openTransformersGraphs(concat, { ...cpu, newRows: false }),
        gqa: await openTransformersGraphs(gqa, cpu),
        'gqa as it is': await openTransformersGraphs(gqa, { ...cpu, newRows: false }),
      },
    });
  }
});

afterAll(async () => {
  for (const { graphs } of models.values()) for (const way of ways) await graphs[way].dispose();
  await rm(folder, { recursive: true, force: true });
});

interface Task {
  readonly picture: number;
  readonly ids: readonly number[];
  readonly settings: SamplingSettings;
  readonly tokens: number;
}

/** A prompt of its own for each seed: a picture between some tokens, greedy or sampled. */
function taskOf(seed: number, { directory }: TestModel, units: readonly number[]): Task {
  const { vocabularySize, tokens } = directory.manifest.parameters;
  const random = randomNumbers(seed);
  const whole = (end: number): number => Math.floor(random() * end);
  const text = (length: number): number[] => Array.from({ length }, () => whole(tokens.visionStart - 200));
  const picture = whole(units.length);
  const image = Array<number>(units[picture]!).fill(tokens.image);
  expect(tokens.visionStart).toBeLessThan(vocabularySize);
  return {
    picture,
    ids: [...text(1 + whole(6)), tokens.visionStart, ...image, tokens.visionEnd, ...text(1 + whole(20))],
    settings: {
      temperature: seed % 2 === 0 ? 0 : 0.5 + random(),
      topK: seed % 3 === 0 ? 20 : 0,
      topP: seed % 5 === 0 ? 0.9 : 1,
      repetitionPenalty: seed % 7 === 0 ? 1.2 : 1,
      seed,
    },
    tokens: 4 + whole(12),
  };
}

async function generate(
  task: Task,
  { parameters }: ModelDirectory['manifest'],
  { embedder, decoder }: ModelGraphs,
  { features, grid }: { readonly features: Float32Array; readonly grid: ImageGrid },
): Promise<number[]> {
  const { hiddenSize, tokens, vision } = parameters;
  const { ids } = task;
  const embeddings = await embedder.embed(ids);
  embeddings.set(features, ids.indexOf(tokens.image) * hiddenSize);
  const { positions, sequence, delta } = promptPositions(ids, tokens.image, [grid], vision.mergeSize);
  const cache = decoder.newCache(8);
  // In two pieces, with a piece between that is taken back, as where a frame is asked once more.
  const middle = Math.floor(sequence / 2);
  const run = (start: number, end: number, logits: number): Promise<Float32Array> => {
    const axes = [0, 1, 2].flatMap((axis) =>
      Array.from(positions.subarray(axis * sequence + start, axis * sequence + end)),
    );
    return decoder.run(
      {
        tokens: end - start,
        embeddings: embeddings.subarray(start * hiddenSize, end * hiddenSize),
        positions: Int32Array.from(axes),
        attention: null,
        logits,
      },
      cache,
    );
  };
  await run(0, middle, 0);
  await run(middle, middle + 1, 1);
  cache.truncate(middle);
  let logits = await run(middle, sequence, 1);
  const sampler = new Sampler(task.settings, ids);
  const written: number[] = [];
  while (written.length < task.tokens) {
    const id = sampler.next(logits);
    written.push(id);
    const at = cache.length + delta;
    logits = await decoder.run(
      {
        tokens: 1,
        embeddings: await embedder.embed([id]),
        positions: Int32Array.of(at, at, at),
        attention: null,
        logits: 1,
      },
      cache,
    );
  }
  cache.dispose();
  return written;
}

const sizes = [
  [112, 84],
  [140, 140],
  [84, 168],
  [196, 112],
] as const;

describe.each([
  ['random', 150],
  ['embedded', 50],
] as const)('%s model', (name, generations) => {
  test(`${generations} generations are the same, token by token, whichever way keys and values are kept`, async () => {
    const model = models.get(name)!;
    const { manifest, processor } = model.directory;
    const images = sizes.map(([width, height], seed) =>
      new ImageProcessor(processor).prepare(stripes(seed, width, height)),
    );
    const units = images.map(({ grid }) => (grid[1] * grid[2]) / manifest.parameters.vision.mergeSize ** 2);
    const seen = {} as Record<Way, { features: Float32Array; grid: ImageGrid }[]>;
    for (const way of ways) {
      seen[way] = [];
      for (const image of images) {
        seen[way].push({ features: await model.graphs[way].vision.encode(image), grid: image.grid });
      }
    }
    const different: string[] = [];
    const texts = new Set<string>();
    for (let seed = 1; seed <= generations; seed += 1) {
      const task = taskOf(seed, model, units);
      const written = new Map<Way, string>();
      for (const way of ways) {
        const ids = await generate(task, manifest, model.graphs[way], seen[way][task.picture]!);
        written.set(way, ids.join(' '));
      }
      texts.add(written.get('delta')!);
      for (const [way, ids] of written) {
        if (ids !== written.get('delta'))
          different.push(`${seed}, ${way}: ${ids} for ${written.get('delta')}`);
      }
    }
    expect(different).toEqual([]);
    // Not one text over and over, which would be the same in any case.
    expect(texts.size).toBeGreaterThan(generations * 0.8);
  });
});
