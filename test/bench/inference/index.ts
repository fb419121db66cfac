import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attentionOperators, blockSizes } from '../../../models/import/index.ts';
import { median, passes, render } from '../table.ts';
import type { BenchRow, BenchTable } from '../table.ts';
import { frameDecoding } from './frame-decoding.ts';
import { doApart, drawFrames, memoryBandwidth } from './jobs.ts';
import type { AnswersResult, Job, LayersResult, Measured, Phases } from './jobs.ts';
import { bytesPerToken, embeddedModels, layersModels, layersShape, questionOfLength } from './models.ts';

/**
 * The engine against transformers.js, on the same weights in the same precision, on the CPU of this machine:
 *
 *     npm run bench:inference -- [--json] [--quick] [--runs 5] [--attention concat|gqa]
 *         [--block-size 32|128] [--folder DIR]
 *
 * Each side runs in a process of its own, in turn; a ratio is the median of those of the pairs. DIR keeps the large
 * model for another time. --quick shows that everything runs; its figures mean nothing.
 */
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    attention: { type: 'string', default: 'concat' },
    'block-size': { type: 'string', default: '32' },
    folder: { type: 'string' },
  },
});
const attention = attentionOperators.find((known) => known === options.attention);
const runs = Number(options.runs ?? (options.quick ? 1 : 5));
const blockSize = blockSizes.find((known) => String(known) === options['block-size']);
if (attention === undefined || blockSize === undefined || !(runs >= 1)) {
  console.error(
    `--attention is ${attentionOperators.join(' or ')}, --block-size ${blockSizes.join(' or ')}, --runs a number`,
  );
  process.exit(2);
}

const shape = options.quick ? { ...layersShape, depth: 2, visionDepth: 2 } : layersShape;
/** A frame of 700 x 560 pixels for the model. */
const frameTokens = 500;
const settings = {
  attention,
  blockSize,
  runs,
  shape,
  frameTokens,
  contextTokens: options.quick ? 700 : 1500,
  /** Written per answer. */
  tokens: options.quick ? 8 : 32,
  /** Written behind the long context. */
  longTokens: options.quick ? 8 : 48,
  /** Answers of the embedded model in each run. */
  frames: options.quick ? 2 : 8,
};

interface Pair<Result> {
  own: Measured<Result>;
  peer: Measured<Result>;
}

/** The same job for both sides, first one and then the other first. */
async function measurePair<Result>(index: number, job: (side: 'own' | 'peer') => Job): Promise<Pair<Result>> {
  const sides = index % 2 === 0 ? (['own', 'peer'] as const) : (['peer', 'own'] as const);
  const found: Partial<Pair<Result>> = {};
  for (const side of sides) found[side] = await doApart<Result>(job(side));
  return found as Pair<Result>;
}

const say = (text: string): void => {
  if (!options.json) console.error(text);
};

async function measure(folder: string) {
  say('Making the models');
  const embedded = await embeddedModels(folder, attention!);
  const large = await layersModels(folder, shape, { attention: attention!, blockSize: blockSize! });
  const longQuestion = await questionOfLength(embedded.own, frameTokens, settings.contextTokens);
  const { tokens, longTokens, frames } = settings;
  const framesFolder = join(folder, 'frames');
  drawFrames(framesFolder, Math.max(4, frames + 1));
  // Measured once in a run of this bench, when the engine first opens each model, as on a person's machine.
  const threadsFolder = join(folder, 'threads');
  await rm(threadsFolder, { recursive: true, force: true });
  const common = { longQuestion, tokens, longTokens, frames, framesFolder, threadsFolder };
  const bandwidths = [await memoryBandwidth()];
  const layers: Pair<LayersResult>[] = [];
  const answers: Pair<AnswersResult>[] = [];
  for (let index = 0; index < runs; index += 1) {
    say(`Run ${index + 1} of ${runs}`);
    layers.push(
      await measurePair(index, (side) => ({
        ...common,
        side,
        work: 'layers',
        directory: large[side],
        dtype: large.dtype,
      })),
    );
    answers.push(
      await measurePair(index, (side) => ({
        ...common,
        side,
        work: 'answers',
        directory: embedded[side],
        dtype: embedded.dtype,
      })),
    );
  }
  bandwidths.push(await memoryBandwidth());
  const context = layers[0]!.own.result.context;
  return {
    layers,
    answers,
    bandwidth: Math.max(...bandwidths),
    bytesPerToken: await bytesPerToken(large, shape, context),
    decodeFrame: await frameDecoding(),
  };
}

type Found = Awaited<ReturnType<typeof measure>>;

/** Of our side against the peer's: how many times better. */
function ratiosOf({ layers, answers, bandwidth, bytesPerToken: bytes }: Found) {
  const over = <Result>(pairs: Pair<Result>[], value: (pair: Pair<Result>) => number): number =>
    median(pairs.map(value));
  return {
    decode: over(
      layers,
      ({ own, peer }) => own.result.decodeTokensPerSecond / peer.result.decodeTokensPerSecond,
    ),
    secondQuestionFirstToken: over(
      layers,
      ({ own, peer }) => peer.result.secondFirstToken / own.result.secondFirstToken,
    ),
    eightQuestions: over(layers, ({ own, peer }) => peer.result.eightQuestions / own.result.eightQuestions),
    peakMemory: over(layers, ({ own, peer }) => own.peakBytes / peer.peakBytes),
    embeddedAsk: over(answers, ({ own, peer }) => peer.result.ask / own.result.ask),
    bandwidthLimit: over(layers, ({ own }) => (own.result.decodeTokensPerSecond * bytes) / bandwidth),
  };
}

function mediansOf({ layers, answers }: Found, side: 'own' | 'peer') {
  const ofLayers = (value: (result: LayersResult) => number): number =>
    median(layers.map((pair) => value(pair[side].result)));
  const ofAnswers = (value: (result: AnswersResult) => number): number =>
    median(answers.map((pair) => value(pair[side].result)));
  const phases = (value: (of: (phases: Phases) => number) => number): Phases => ({
    preprocess: value((found) => found.preprocess),
    vision: value((found) => found.vision),
    prefill: value((found) => found.prefill),
    decode: value((found) => found.decode),
  });
  return {
    decodeTokensPerSecond: ofLayers((result) => result.decodeTokensPerSecond),
    firstToken: ofLayers((result) => result.firstToken),
    secondFirstToken: ofLayers((result) => result.secondFirstToken),
    eightQuestions: ofLayers((result) => result.eightQuestions),
    peakBytes: median(layers.map((pair) => pair[side].peakBytes)),
    phases: phases((of) => ofLayers((result) => of(result.phases))),
    embedded: {
      ask: ofAnswers((result) => result.ask),
      tokens: ofAnswers((result) => result.tokens),
      peakBytes: median(answers.map((pair) => pair[side].peakBytes)),
      phases: phases((of) => ofAnswers((result) => of(result.phases))),
    },
  };
}

type Medians = ReturnType<typeof mediansOf>;

function tablesOf(
  ratios: ReturnType<typeof ratiosOf>,
  own: Medians,
  peer: Medians,
  found: Found,
): BenchTable[] {
  const ratio = (name: string, value: number, limit: Partial<BenchRow>): BenchRow => ({
    name,
    value,
    unit: 'x',
    ...limit,
  });
  const both = (name: string, unit: string, value: (of: Medians) => number): BenchRow[] => [
    { name: `${name}, engine`, value: value(own), unit },
    { name: `${name}, transformers.js`, value: value(peer), unit },
  ];
  const phaseRows = (of: (medians: Medians) => Phases): BenchRow[] =>
    (['preprocess', 'vision', 'prefill', 'decode'] as const).flatMap((phase) =>
      both(phase, 'ms', (medians) => of(medians)[phase]),
    );
  return [
    {
      title: `The engine against transformers.js, medians of ${runs} paired runs`,
      rows: [
        ratio(`decode, ${settings.contextTokens} tokens of context`, ratios.decode, { atLeast: 2 }),
        ratio('first token of a second question on the frame', ratios.secondQuestionFirstToken, {
          atLeast: 10,
        }),
        ratio('8 questions on one frame, all done', ratios.eightQuestions, { atLeast: 3 }),
        ratio('peak memory', ratios.peakMemory, { atMost: 0.7 }),
        ratio('embedded model, ask to complete answer', ratios.embeddedAsk, { atLeast: 2 }),
        ratio('decode against the memory-bandwidth limit', ratios.bandwidthLimit, { atLeast: 0.5 }),
      ],
    },
    {
      title: `${shape.depth} layers of a 3B model in 4 bits`,
      rows: [
        ...both('decode', 'tokens/s', (of) => of.decodeTokensPerSecond),
        ...both('first token', 'ms', (of) => of.firstToken),
        ...both('first token, second question', 'ms', (of) => of.secondFirstToken),
        ...both('8 questions', 'ms', (of) => of.eightQuestions),
        ...both('peak memory', 'MB', (of) => of.peakBytes / 1e6),
        { name: 'memory read in order', value: found.bandwidth / 1e9, unit: 'GB/s' },
        { name: 'weights, keys and values per token', value: found.bytesPerToken / 1e6, unit: 'MB' },
      ],
    },
    {
      title: `Its phases, a first question on a frame of ${frameTokens} tokens, ${settings.tokens} tokens written`,
      rows: phaseRows((of) => of.phases),
    },
    {
      title: 'The embedded model in 8 bits',
      rows: [
        { name: 'decode of the frame from the video', value: found.decodeFrame, unit: 'ms' },
        ...both('ask to complete answer', 'ms', (of) => of.embedded.ask),
        ...both('tokens written', '', (of) => of.embedded.tokens),
        ...both('peak memory', 'MB', (of) => of.embedded.peakBytes / 1e6),
        ...phaseRows((of) => of.embedded.phases),
      ],
    },
  ];
}

function versionOf(name: string): string {
  const file = fileURLToPath(new URL(`../../../node_modules/${name}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const kept = options.folder === undefined ? null : resolve(options.folder);
if (kept !== null && !existsSync(kept)) await mkdir(kept, { recursive: true });
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'surgery-r1-bench-')));
try {
  const found = await measure(folder);
  const ratios = ratiosOf(found);
  const [own, peer] = [mediansOf(found, 'own'), mediansOf(found, 'peer')];
  const tables = tablesOf(ratios, own, peer, found);
  for (const table of tables) console.log(`${render(table)}\n`);
  if (options.quick)
    console.log('A quick run: it shows that everything runs, and its figures mean nothing.\n');
  if (options.json) {
    const machine = {
      platform: platform(),
      arch: arch(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      threads: availableParallelism(),
      memoryBytes: totalmem(),
    };
    const versions = {
      node: process.version,
      'onnxruntime-node': versionOf('onnxruntime-node'),
      '@huggingface/transformers': versionOf('@huggingface/transformers'),
    };
    const { layers, answers, ...measured } = found;
    const pairs = { layers, answers };
    console.log(
      JSON.stringify({
        ratios,
        quick: options.quick,
        machine,
        versions,
        settings,
        own,
        peer,
        ...measured,
        pairs,
      }),
    );
  }
  const missed = tables.flatMap(({ rows }) => rows).filter((row) => passes(row) === false);
  if (missed.length > 0 && !options.quick) process.exitCode = 1;
} finally {
  if (kept === null) await rm(folder, { recursive: true, force: true });
}
