import { randomFillSync } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../main/inference/index.ts';
import { importCheckpoint, weightTypes } from '../../models/import/index.ts';
import type { WeightType } from '../../models/import/index.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';

/**
 * Time and peak memory of importing a checkpoint with the shapes of Qwen2.5-VL-3B, made on the spot with random
 * bf16 weights in shards and the embedded model's tokenizer, and of answering two questions on a frame with it:
 *
 *     node test/bench/large-import.ts --folder DIR [--depth 36] [--vision-depth 32] [--dtype int4] [--keep]
 *
 * DIR is made, takes 7.6 GB and the model's size at full depth, and is removed at the end unless --keep is given.
 */
const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    depth: { type: 'string', default: '36' },
    'vision-depth': { type: 'string', default: '32' },
    dtype: { type: 'string', default: 'int4' },
    keep: { type: 'boolean', default: false },
  },
});
const dtype = weightTypes.find((known): known is WeightType => known === options.dtype);
if (options.folder === undefined || dtype === undefined) {
  console.error(`Usage: node test/bench/large-import.ts --folder DIR [--dtype ${weightTypes.join('|')}]`);
  process.exit(2);
}
const folder = options.folder;
const [depth, visionDepth] = [Number(options.depth), Number(options['vision-depth'])];

/** Loads the model in a process of its own, as the workstation does, and asks twice on one frame. */
async function ask(directory: string): Promise<void> {
  const engine = createEngine({ log: (line) => console.error(line) });
  try {
    const begin = performance.now();
    const info = await engine.load({ directory, device: 'cpu' });
    console.log(`loaded in  ${((performance.now() - begin) / 1000).toFixed(0)} s on ${info.device}`);
    const [width, height] = [1280, 1024];
    const rgb = randomFillSync(new Uint8Array(width * height * 3));
    for (const question of ['What is the state of the suction?', 'Where is the suction?']) {
      const answer = await engine.ask({
        frame: { rgb, width, height, hash: 'random pixels' },
        question,
        settings: { maxNewTokens: 192 },
      });
      const { tokens, timings } = answer;
      const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
      console.log(
        `${answer.status}: ${tokens.prompt} tokens of prompt, ${tokens.generated} written; ` +
          `vision ${seconds(timings.visionMilliseconds)}, prefill ${seconds(timings.prefillMilliseconds)}, ` +
          `decode ${seconds(timings.decodeMilliseconds)}, in all ${seconds(timings.totalMilliseconds)}`,
      );
    }
    if (process.platform !== 'linux') return;
    const status = readFileSync(`/proc/${engine.processId}/status`, 'utf8');
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    console.log(`peak memory of the engine's process  ${gigabytes(peak)}`);
  } finally {
    await engine.dispose();
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

try {
  const checkpoint = join(folder, 'checkpoint');
  const bytes = await writeRandomCheckpoint(checkpoint, { depth, visionDepth, vocabulary: 151_936 });
  console.log(`checkpoint  ${gigabytes(bytes)}, ${depth} + ${visionDepth} layers, bf16`);
  console.log(`peak memory before the import  ${gigabytes(process.resourceUsage().maxRSS * 1024)}`);
  const begin = performance.now();
  let shown = begin;
  const manifest = await importCheckpoint({
    checkpoint,
    out: join(folder, 'model'),
    dtype,
    onProgress: ({ done, total, secondsLeft }) => {
      if (performance.now() - shown < 15_000) return;
      shown = performance.now();
      const left = secondsLeft === null ? '' : `, ${secondsLeft.toFixed(0)} s left`;
      console.log(`  ${gigabytes(done)} of ${gigabytes(total)}${left}`);
    },
  });
  const files = Object.entries(manifest.files).filter(([name]) => name.includes('_data'));
  const largest = Math.max(...files.map(([, { bytes }]) => bytes));
  console.log(`model  ${gigabytes(files.reduce((sum, [, { bytes }]) => sum + bytes, 0))} as ${dtype}`);
  console.log(`largest of ${files.length} files  ${gigabytes(largest)}`);
  console.log(`time  ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  console.log(`peak memory of the import  ${gigabytes(process.resourceUsage().maxRSS * 1024)}`);
  rmSync(checkpoint, { recursive: true, force: true });
  await ask(join(folder, 'model'));
} finally {
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}
