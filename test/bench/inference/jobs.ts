import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineEnvironment } from '../../../main/inference/index.ts';
import type { EngineFrame } from '../../../main/inference/index.ts';
import { describeScene } from '../../../models/data/scenes/describe.ts';
import { drawScene } from '../../../models/data/scenes/draw.ts';
import type { WeightType } from '../../../models/import/index.ts';

/** What one process is to measure, with one model. */
export interface Job {
  side: 'own' | 'peer';
  /** `layers`: speeds of a large model's layers; `answers`: whole answers of the embedded model. */
  work: 'layers' | 'answers';
  directory: string;
  /** See {@link drawFrames}. */
  framesFolder: string;
  dtype: WeightType;
  /** Where the engine remembers which threads are fastest, as the program's does. */
  threadsFolder: string;
  /** Of `layers`: the text that fills the context, and tokens written per answer. */
  longQuestion: string;
  tokens: number;
  longTokens: number;
  /** Of `answers`: how many are counted. */
  frames: number;
}

/** Milliseconds of one answer. */
export interface Phases {
  preprocess: number;
  vision: number;
  prefill: number;
  decode: number;
}

export interface LayersResult {
  /** From the question to its first token, the frame seen for the first time. */
  firstToken: number;
  phases: Phases;
  /** The same for another question on that frame. */
  secondFirstToken: number;
  /** From eight questions on a new frame to the last token of the last. */
  eightQuestions: number;
  /** Tokens of the prompt that decoding was measured behind. */
  context: number;
  decodeTokensPerSecond: number;
  /** How the processor was used, as the engine says it; null for the peer, which leaves it to the runtime. */
  threads: string | null;
}

export interface AnswersResult {
  /** From a frame's pixels and a question to the end of the answer, median over the frames. */
  ask: number;
  phases: Phases;
  tokens: number;
}

export interface Measured<Result> {
  result: Result;
  /** Most memory that the process has held. */
  peakBytes: number;
}

/** Does a job in a process of its own, so that its memory is its own. */
export function doApart<Result>(job: Job): Promise<Measured<Result>> {
  const own = job.side === 'own';
  // Each side as it is used: the engine in the environment of its process, transformers.js in the usual one.
  return messageFrom(own ? './own-side.ts' : './peer-side.ts', {
    arguments: [JSON.stringify(job)],
    environment: own ? engineEnvironment() : process.env,
    name: `the ${job.side} side of '${job.work}'`,
  });
}

/** Bytes a second that a process like the engine's reads from memory. */
export async function memoryBandwidth(): Promise<number> {
  const { found } = await messageFrom<{ found: number }>('./bandwidth.ts', {
    arguments: [],
    environment: engineEnvironment(),
    name: 'the measurement of memory',
  });
  return found;
}

/** What a process says before it ends. */
function messageFrom<Message>(
  script: string,
  options: { arguments: readonly string[]; environment: NodeJS.ProcessEnv; name: string },
): Promise<Message> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), options.arguments, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: options.environment,
  });
  return new Promise((resolve, reject) => {
    let said: Message | null = null;
    child.once('message', (message) => {
      said = message as Message;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (said !== null) resolve(said);
      else reject(new Error(`${options.name} ended without a result: ${signal ?? `exit ${code}`}`));
    });
  });
}

/** What a process that does jobs does with its argument. */
export async function answerJob(doIt: (job: Job) => Promise<LayersResult | AnswersResult>): Promise<void> {
  // Nobody waits for a result once the process that asked for it is gone.
  process.once('disconnect', () => process.exit());
  const result = await doIt(JSON.parse(process.argv[2]!) as Job);
  process.send!({ result, peakBytes: peakBytes() }, () => process.disconnect());
}

/** Linux hands a parent's peak on to its children in `maxRSS`, but not in VmHWM. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

export const questions = [
  'What organ is being operated?',
  'Where is bipolar forceps located?',
  'What is the state of prograsp forceps?',
  'Where is large needle driver located?',
  'What is the state of monopolar curved scissors?',
  'Where is the stapler located?',
  'What is the state of suction?',
  'Where is clip applier located?',
] as const;

const frameSize = { width: 1280, height: 1024 };
const frameFile = (folder: string, number: number): string => join(folder, `${number}.rgb`);

/**
 * Draws scenes 0 to `count` - 1 into files, as frames of a video: drawing them takes more memory than answering
 * questions on them.
 */
export function drawFrames(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < count; number += 1) {
    if (existsSync(frameFile(folder, number))) continue;
    const rgba = drawScene(describeScene(987_500 + number), frameSize);
    const rgb = new Uint8Array(frameSize.width * frameSize.height * 3);
    for (let pixel = 0; pixel < frameSize.width * frameSize.height; pixel += 1) {
      rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
    }
    writeFileSync(frameFile(folder, number), rgb);
  }
}

export function readFrame(folder: string, number: number): EngineFrame {
  const rgb = new Uint8Array(readFileSync(frameFile(folder, number)));
  return { ...frameSize, rgb, hash: `scene ${number}` };
}

/** An answer that is shorter or longer than asked for would be compared with another. */
export function requireTokens(found: number, expected: number): void {
  if (found !== expected) throw new Error(`the model wrote ${found} tokens where ${expected} were wanted`);
}
