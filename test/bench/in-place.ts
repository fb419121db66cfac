import { mkdtemp, rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelDirectory } from '../../main/inference/index.ts';
import type { DecoderCache, DecoderGraph, ModelGraphs } from '../../main/inference/graphs/model-graphs.ts';
import { openModelGraphs } from '../../main/inference/graphs/open-model-graphs.ts';
import { openTransformersGraphs } from '../../main/inference/graphs/transformers-graphs.ts';
import { attentionOperators, importCheckpoint } from '../../models/import/index.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { median, type BenchRow, type BenchTable } from './table.ts';

/** Layers of the 3B model's shapes: what a step costs beyond its layers is little. */
const shape = { depth: 3, visionDepth: 1, vocabulary: 4096 };
const contexts = [512, 1536, 4096];
const rounds = 7;
const stepsPerRound = 6;
const prefillTokens = 128;

interface Side {
  readonly name: string;
  readonly graphs: ModelGraphs;
  readonly cache: DecoderCache;
}

/**
 * What changing the decoder of a folder in place is worth: a step of decoding with graphs for transformers.js as they
 * are, against the same graphs changed to give back new rows alone, and against the workstation's own graph.
 */
export async function run(): Promise<BenchTable> {
  const folder = await mkdtemp(join(tmpdir(), 'in-place-bench-'));
  try {
    const checkpoint = join(folder, 'checkpoint');
    await writeRandomCheckpoint(checkpoint, shape);
    const own = join(folder, 'own');
    await importCheckpoint({ checkpoint, out: own, dtype: 'int4' });
    const cpu = { device: 'cpu', threads: { threads: 1, spinning: false } } as const;
    const sides: Side[] = [side('own', await openModelGraphs(await openModelDirectory(own), cpu))];
    for (const attention of attentionOperators) {
      const out = join(folder, attention);
      await importCheckpoint({ checkpoint, out, dtype: 'int4', layout: 'transformers', attention });
      const model = await openModelDirectory(out);
      sides.push(
        side(`${attention} as it is`, await openTransformersGraphs(model, { ...cpu, newRows: false })),
      );
      sides.push(side(`${attention} changed`, await openTransformersGraphs(model, cpu)));
    }
    const rows: BenchRow[] = [];
    for (const context of contexts) rows.push(...(await measure(sides, context)));
    for (const { graphs } of sides) await graphs.dispose();
    return { title: 'Graphs in place: a step of decoding at the 3B model’s layer shapes, int4', rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const side = (name: string, graphs: ModelGraphs): Side => ({
  name,
  graphs,
  cache: graphs.decoder.newCache(4096 + 64),
});

async function measure(sides: readonly Side[], context: number): Promise<BenchRow[]> {
  const times = new Map<string, number[]>();
  for (const { graphs, cache } of sides) {
    while (cache.length < context)
      await add(graphs.decoder, cache, Math.min(prefillTokens, context - cache.length));
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, graphs, cache } of sides) {
      await add(graphs.decoder, cache, 1);
      const start = performance.now();
      for (let step = 0; step < stepsPerRound; step += 1) await add(graphs.decoder, cache, 1);
      times.set(name, [...(times.get(name) ?? []), (performance.now() - start) / stepsPerRound]);
      cache.truncate(context);
    }
  }
  const ratio = (slow: string, fast: string): number =>
    median(times.get(slow)!.map((time, round) => time / times.get(fast)![round]!));
  return attentionOperators.flatMap((attention) => [
    {
      name: `${attention}, ${context} tokens of context: as it is / changed`,
      value: ratio(`${attention} as it is`, `${attention} changed`),
      unit: 'x',
    },
    {
      name: `${attention}, ${context} tokens of context: changed / the workstation's own`,
      value: ratio(`${attention} changed`, 'own'),
      unit: 'x',
    },
  ]);
}

const hiddenSize = 2048;
const embeddings = Float32Array.from(
  { length: prefillTokens * hiddenSize },
  (_, index) => Math.sin(index * 12.9898) * 0.02,
);

async function add(decoder: DecoderGraph, cache: DecoderCache, tokens: number): Promise<void> {
  const positions = Array.from({ length: tokens }, (_, index) => cache.length + index);
  await decoder.run(
    {
      tokens,
      embeddings: embeddings.subarray(0, tokens * hiddenSize),
      positions: Int32Array.from([...positions, ...positions, ...positions]),
      attention: null,
      logits: 1,
    },
    cache,
  );
}
