import { readFileSync, readdirSync, renameSync, writeFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { WorkstationError, throwIfAborted } from '../../../preload/contract/errors.ts';
import type { Box } from '../../../preload/contract/values.ts';
import { questionText } from '../../../preload/contract/vocabulary.ts';
import { isDiskFull, reasonInWords } from '../../../main/platform/file-errors.ts';
import { makeFolder } from '../../../main/platform/make-folder.ts';
import { PLACES, STATES, TOOLS } from '../labels.ts';
import { SceneTruth } from './types.ts';

/** Changes whenever the same seed would give another picture or another label. */
export const GENERATOR = 'synthetic-nephrectomy';
export const GENERATOR_VERSION = 2;

const ScenesRun = z.object({
  generator: z.literal(GENERATOR),
  version: z.literal(GENERATOR_VERSION),
  seed: z.int().nonnegative(),
  frames: z.int().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
  format: z.enum(['png', 'jpg']),
  quality: z.int().min(1).max(100),
  framesPerSequence: z.int().positive(),
});

/** The top-level `scenes.json` of a written set: how it was made and, once complete, what is in it. */
export const ScenesFile = z.object({
  run: ScenesRun,
  complete: z.boolean(),
  counts: z
    .object({
      questions: z.int(),
      instruments: z.record(z.string(), z.int()),
      states: z.record(z.string(), z.int()),
      places: z.record(z.string(), z.int()),
    })
    .nullable(),
});

export type ScenesFile = z.infer<typeof ScenesFile>;
export type ScenesRun = z.infer<typeof ScenesRun>;

export interface WriteScenesOptions {
  frames: number;
  seed: number;
  /** Folder to write into: new, empty, or holding an unfinished run with the same options. */
  out: string;
  width?: number;
  height?: number;
  format?: 'png' | 'jpg';
  /** JPEG quality, 1 to 100. */
  quality?: number;
  framesPerSequence?: number;
  /** Worker threads; one a core when absent. */
  workers?: number;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface WriteScenesResult {
  out: string;
  frames: number;
  /** Frames that this call drew; the others were there already. */
  drawn: number;
  sequences: number;
  questions: number;
}

export interface FramePaths {
  image: string;
  label: string;
  truth: string;
}

/** Where frame `index` of a run lies: 150 frames to a sequence, numbered from frame000 in each. */
export function framePaths(
  run: Pick<ScenesRun, 'framesPerSequence' | 'format'>,
  out: string,
  index: number,
): FramePaths {
  const sequence = join(out, `seq_${Math.floor(index / run.framesPerSequence) + 1}`);
  const name = `frame${String(index % run.framesPerSequence).padStart(3, '0')}`;
  return {
    image: join(sequence, 'left_frames', `${name}.${run.format}`),
    label: join(sequence, 'vqla', 'label', `${name}_QAL.txt`),
    truth: join(sequence, 'scene', `${name}.json`),
  };
}

/**
 * The label file of a frame in the EndoVis-18-VQLA form: `question|answer|x1,y1,x2,y2` a line, integer
 * pixels counted from 1 (readers subtract 1 from all four).
 */
export function labelText(truth: SceneTruth): string {
  const place = (box: Box): string =>
    box
      .map((value, i) =>
        Math.min(i % 2 === 0 ? truth.width : truth.height, Math.max(1, Math.round(value) + 1)),
      )
      .join(',');
  const lines = [`${questionText.organ()}|${truth.organ.label}|${place(truth.organ.box)}`];
  for (const { tool, state, box } of truth.instruments) {
    lines.push(`${questionText.state(tool)}|${state}|${place(box)}`);
  }
  for (const { tool, place: where, box } of truth.instruments) {
    lines.push(`${questionText.location(tool)}|${where}|${place(box)}`);
  }
  return lines.join('\n') + '\n';
}

/** Write a file so that it is either whole or absent. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const partial = `${path}.partial`;
  writeFileSync(partial, data);
  renameSync(partial, path);
}

function prepare(run: ScenesRun, out: string): void {
  makeFolder(out);
  const file = join(out, 'scenes.json');
  if (!existsSync(file)) {
    if (readdirSync(out).length > 0) {
      throw new WorkstationError(
        'invalid-input',
        `The folder ${out} is not empty and was not written by this generator.`,
        'Give a new or empty folder.',
      );
    }
    writeWhole(file, JSON.stringify({ run, complete: false, counts: null } satisfies ScenesFile, null, 2));
    return;
  }
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    found = undefined;
  }
  const parsed = ScenesFile.safeParse(found);
  if (!parsed.success || JSON.stringify(parsed.data.run) !== JSON.stringify(run)) {
    throw new WorkstationError(
      'invalid-input',
      `The folder ${out} holds scenes of another run.`,
      'Give a new folder, or the options of the run that was begun there to finish it.',
    );
  }
}

/**
 * Draw `frames` synthetic scenes and write them in the EndoVis-18-VQLA layout, each with its exact ground
 * truth (`seq_N/scene/frameNNN.json`, boxes in continuous pixels counted from 0). Frame `i` is drawn from
 * `sceneSeed(seed, i)`, a hash, so runs of different seeds share no scene. An interrupted run is finished
 * by the same call: frames that are there are left alone.
 *
 * @throws WorkstationError when the folder is not empty, or holds another run, or cannot be written.
 */
export async function writeScenes(options: WriteScenesOptions): Promise<WriteScenesResult> {
  const { out, signal, onProgress } = options;
  const checked = ScenesRun.safeParse({
    generator: GENERATOR,
    version: GENERATOR_VERSION,
    seed: options.seed,
    frames: options.frames,
    width: options.width ?? 1280,
    height: options.height ?? 1024,
    format: options.format ?? 'png',
    quality: options.quality ?? 92,
    framesPerSequence: options.framesPerSequence ?? 150,
  });
  if (!checked.success) {
    throw new WorkstationError(
      'invalid-input',
      `These scene options cannot be used: ${checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}.`,
      'Frames, seed and size are whole numbers; the size is at least 1x1.',
    );
  }
  const run = checked.data;
  const todo = prepareFolders(run, out);
  const sequences = Math.ceil(run.frames / run.framesPerSequence);
  let done = run.frames - todo.length;
  onProgress?.({ done, total: run.frames });
  const count = Math.min(options.workers ?? availableParallelism(), Math.max(1, Math.ceil(todo.length / 4)));
  if (todo.length > 0) {
    await Promise.all(
      Array.from({ length: count }, (_, worker) =>
        drawShare(
          run,
          out,
          todo.filter((_index, i) => i % count === worker),
          signal,
          () => {
            done++;
            onProgress?.({ done, total: run.frames });
          },
        ),
      ),
    );
  }
  throwIfAborted(signal);
  const counts = countTruths(run, out);
  const file: ScenesFile = { run, complete: true, counts };
  try {
    writeWhole(join(out, 'scenes.json'), JSON.stringify(file, null, 2));
  } catch (error) {
    throw unwritable(out, error);
  }
  const { questions } = counts;
  return { out, frames: run.frames, drawn: todo.length, sequences, questions };
}

/** Make the folders and say which frames are still to be drawn. */
function prepareFolders(run: ScenesRun, out: string): number[] {
  try {
    prepare(run, out);
    const todo: number[] = [];
    for (let index = 0; index < run.frames; index++) {
      const paths = framePaths(run, out, index);
      if (index % run.framesPerSequence === 0) {
        for (const path of [paths.image, paths.label, paths.truth]) makeFolder(dirname(path));
      }
      if (!existsSync(paths.truth)) todo.push(index);
    }
    return todo;
  } catch (error) {
    if (error instanceof WorkstationError) throw error;
    throw unwritable(out, error);
  }
}

function unwritable(out: string, error: unknown): WorkstationError {
  return new WorkstationError(
    isDiskFull(error) ? 'store-full' : 'store-unwritable',
    `Scenes could not be written into ${out}: ${reasonInWords(error)}.`,
    'Check that the folder can be written and has room; the same command then goes on where it stopped.',
    { cause: error },
  );
}

/** What a worker is started with. */
export interface WorkerShare {
  run: ScenesRun;
  out: string;
  indices: number[];
}

function drawShare(
  run: ScenesRun,
  out: string,
  indices: number[],
  signal: AbortSignal | undefined,
  onFrame: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const share: WorkerShare = { run, out, indices };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: share });
    const stop = (): void => {
      worker.postMessage('stop');
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    worker.on('message', onFrame);
    worker.on('error', (error) => {
      reject(unwritable(out, error));
    });
    worker.on('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      if (code === 0) resolve();
      else reject(unwritable(out, `the drawing thread ended with code ${code}`));
    });
  });
}

function countTruths(run: ScenesRun, out: string): NonNullable<ScenesFile['counts']> {
  const zeros = (keys: readonly string[]): Record<string, number> =>
    Object.fromEntries(keys.map((key) => [key, 0]));
  const counts = { questions: 0, instruments: zeros(TOOLS), states: zeros(STATES), places: zeros(PLACES) };
  for (let index = 0; index < run.frames; index++) {
    const truth = readTruth(framePaths(run, out, index).truth);
    counts.questions += 1 + 2 * truth.instruments.length;
    for (const { tool, state, place } of truth.instruments) {
      counts.instruments[tool] = (counts.instruments[tool] ?? 0) + 1;
      counts.states[state] = (counts.states[state] ?? 0) + 1;
      counts.places[place] = (counts.places[place] ?? 0) + 1;
    }
  }
  return counts;
}

function readTruth(path: string): SceneTruth {
  try {
    return SceneTruth.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new WorkstationError(
      'data-malformed',
      `${path} is damaged: it does not say what its scene shows.`,
      'Delete that file and run the same command again: it draws that frame anew.',
      { cause: error },
    );
  }
}
