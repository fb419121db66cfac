import { performance } from 'node:perf_hooks';
import type { AnswerEvidence, AnswerSettings } from '../../preload/contract/domain.ts';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { Size } from '../../preload/contract/values.ts';
import type { AnswerConstraint } from './answer-constraint.ts';
import { AnswerConstraints, usualAbsentLabel } from './answer-constraints.ts';
import { AnswerDecoding, type AnswerListener, type WrittenToken } from './answer-decoding.ts';
import { parseAnswer, type ParsedAnswer, type TextEnding } from './answer-parser.ts';
import type { DeviceWish } from './devices.ts';
import {
  noTimings,
  type AnswerResult,
  type EngineFrame,
  type EngineSettings,
  type ModelInfo,
} from './engine-messages.ts';
import { FrameCache, type SeenFrame } from './frame-cache.ts';
import { openModelDirectory } from './model-directory.ts';
import type { DecoderCache } from './model-graphs.ts';
import { ModelRunner } from './model-runner.ts';
import { Sampler } from './sampling.ts';
import { ModelTokenizer, StreamingDecoder, type Prompt } from './tokenizer.ts';
import { checkThatModelSees } from './vision-self-test.ts';

/** Most tokens of an answer where neither the settings nor the model name a number. */
const defaultMaxNewTokens = 512;
const mebibyte = 2 ** 20;

export interface OpenAnswererOptions {
  readonly directory: string;
  readonly device: DeviceWish;
  readonly threads?: number;
  readonly webgpuTrouble?: string | null;
  /** Bytes for looks at frames that are kept; by the free memory, at most 512 MiB, by default. */
  readonly frameCacheBytes?: number;
  /** What is being done, and the part of the whole load that is done, 0..1. */
  readonly onProgress?: (activity: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

export interface AnswerRequest {
  readonly frame: EngineFrame;
  readonly question: string;
  readonly settings: EngineSettings;
  /**
   * How the answer is held to the model's format: forced tokens fed together (the default), drawn one by one, or
   * not at all. The text is the same in the first two; the others are for measurements.
   */
  readonly constrained?: 'jump-forward' | 'token-by-token' | 'no';
}

/** State of one answer under way; what a stop leaves behind is read from here. */
interface Progress {
  readonly decoding: AnswerDecoding;
  tokens: Omit<AnswerResult['tokens'], 'generated'>;
  modelInput: Size | null;
  frameSeenBefore: boolean;
  readonly timings: AnswerResult['timings'];
}

/** One loaded model that answers questions on frames, one at a time, in this process. */
export class Answerer {
  readonly info: ModelInfo;
  readonly #runner: ModelRunner;
  readonly #tokenizer: ModelTokenizer | null;
  readonly #frames: FrameCache;
  readonly #constraints: AnswerConstraints | null;

  private constructor(runner: ModelRunner, tokenizer: ModelTokenizer | null, frames: FrameCache) {
    const { manifest, sha256 } = runner.model;
    this.#runner = runner;
    this.#tokenizer = tokenizer;
    this.#frames = frames;
    this.#constraints = tokenizer === null ? null : new AnswerConstraints(manifest, tokenizer);
    this.info = {
      id: manifest.id,
      name: manifest.name,
      version: manifest.version,
      licence: manifest.licence,
      domain: manifest.domain,
      domainNote: manifest.domainNote,
      dtype: manifest.dtype,
      sha256,
      device: runner.device,
      deviceReason: runner.deviceReason,
      deviceFallback: runner.deviceFallback,
      memoryBytes: process.memoryUsage.rss(),
      labels: manifest.labels ?? null,
      canAsk: tokenizer !== null,
      maxNewTokens: manifest.maxNewTokens ?? defaultMaxNewTokens,
    };
  }

  /**
   * Verifies and opens a model, and makes sure that it sees.
   * @throws WorkstationError as `openModelDirectory` and `ModelRunner.open`, and `out-of-memory` before any
   *   graph is opened when the free memory cannot hold them.
   */
  static async open(options: OpenAnswererOptions): Promise<Answerer> {
    const { onProgress, signal } = options;
    const model = await openModelDirectory(options.directory, {
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => onProgress?.('Checking the files', (0.5 * done) / Math.max(total, 1)),
    });
    checkMemory(model.graphBytes, process.availableMemory());
    const tokenizer = model.manifest.tokenizer ? await ModelTokenizer.open(model) : null;
    throwIfAborted(signal);
    const runner = await ModelRunner.open(model, {
      device: options.device,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      webgpuTrouble: options.webgpuTrouble ?? null,
      onProgress: (activity, fraction) => onProgress?.(activity, 0.5 + 0.4 * fraction),
    });
    try {
      throwIfAborted(signal);
      onProgress?.('Testing that the model sees', 0.9);
      await checkThatModelSees(runner);
    } catch (error) {
      await runner.dispose();
      throw error;
    }
    const cacheBytes = options.frameCacheBytes ?? Math.min(512 * mebibyte, process.availableMemory() / 8);
    return new Answerer(runner, tokenizer, new FrameCache(cacheBytes));
  }

  /**
   * Answers one question on one frame. A stop is a result, not an error: status `stopped`, with the text so far.
   * @throws WorkstationError `model-no-tokenizer`, `prompt-too-long`, `invalid-input`, `model-mismatch`.
   */
  async answer(request: AnswerRequest, listener: AnswerListener = {}): Promise<AnswerResult> {
    const start = performance.now();
    const settings = this.#resolve(request.settings);
    const progress: Progress = {
      decoding: new AnswerDecoding(),
      tokens: { prompt: 0, image: 0 },
      modelInput: null,
      frameSeenBefore: false,
      timings: { ...noTimings },
    };
    let ending: TextEnding;
    try {
      ending = await this.#generate(request, settings, progress, listener, start);
    } catch (error) {
      if (!(error instanceof WorkstationError) || error.code !== 'cancelled') throw error;
      ending = 'stopped';
    }
    progress.timings.totalMilliseconds = performance.now() - start;
    return this.#result(request.frame, settings, progress, ending);
  }

  #resolve(settings: EngineSettings): AnswerSettings {
    return {
      temperature: settings.temperature ?? 0,
      topK: settings.topK ?? 0,
      topP: settings.topP ?? 1,
      repetitionPenalty: settings.repetitionPenalty ?? this.#runner.model.repetitionPenalty,
      seed: settings.seed ?? 0,
      maxNewTokens: settings.maxNewTokens ?? this.info.maxNewTokens,
    };
  }

  async #generate(
    request: AnswerRequest,
    settings: AnswerSettings,
    progress: Progress,
    listener: AnswerListener,
    start: number,
  ): Promise<TextEnding> {
    const tokenizer = this.#tokenizer;
    if (tokenizer === null) {
      throw new WorkstationError(
        'model-no-tokenizer',
        `The model ${this.info.name} has no tokenizer, so it can be checked but not asked.`,
        'Load a model that was imported with its tokenizer.',
      );
    }
    const key = `${this.info.sha256} ${this.#runner.processor.fingerprint} ${request.frame.hash}`;
    const frame = await this.#look(key, request.frame, progress, listener.signal);
    this.#frames.set(key, frame);
    const prompt = tokenizer.prompt(request.question, this.#runner.units(frame.grid));
    progress.tokens = { prompt: prompt.ids.length, image: prompt.imageTokens };
    const limit = this.#tokenLimit(prompt, settings);
    const { constraint, reserve } = this.#constraint(request, frame.resized, tokenizer);
    // What every answer begins with goes through the model with the prompt.
    const begun = constraint?.begin() ?? [];
    const ids = Int32Array.from([...prompt.ids, ...begun.map(({ id }) => id)]);

    const prefillStart = performance.now();
    const positions = this.#runner.positions(ids, [frame.grid]);
    const embeddings = await this.#runner.embed(ids, [frame.features]);
    const cache = await this.#prefix(frame, prompt, positions, embeddings, listener.signal);
    try {
      const hidden = this.#runner.model.manifest.parameters.hiddenSize;
      const logits = await this.#runner.prefill({
        embeddings: embeddings.subarray(prompt.prefixLength * hidden),
        positions,
        from: prompt.prefixLength,
        to: ids.length,
        cache,
        keep: 'last',
        ...(listener.signal ? { signal: listener.signal } : {}),
      });
      progress.timings.prefillMilliseconds = performance.now() - prefillStart;
      const decodeStart = performance.now();
      try {
        return await progress.decoding.run(logits, {
          runner: this.#runner,
          cache,
          delta: positions.delta,
          sampler: new Sampler(settings, prompt.ids),
          decoder: new StreamingDecoder((given) => tokenizer.decode(given)),
          constraint,
          begun,
          limit,
          reserve,
          listener,
          start,
        });
      } finally {
        progress.timings.decodeMilliseconds = performance.now() - decodeStart;
      }
    } finally {
      // The buffers go on to serve the next question on this frame, from the end of the image.
      cache.truncate(prompt.prefixLength);
      this.#frames.trim();
    }
  }

  /** The frame's features: kept ones, or a new look. */
  async #look(
    key: string,
    frame: EngineFrame,
    progress: Progress,
    signal: AbortSignal | undefined,
  ): Promise<SeenFrame> {
    throwIfAborted(signal);
    const kept = this.#frames.get(key);
    progress.frameSeenBefore = kept !== undefined;
    if (kept !== undefined) {
      progress.modelInput = kept.resized;
      return kept;
    }
    const preprocessStart = performance.now();
    const image = this.#runner.prepareImage(frame);
    const visionStart = performance.now();
    progress.modelInput = image.resized;
    progress.timings.preprocessMilliseconds = visionStart - preprocessStart;
    const features = await this.#runner.encodeImage(image);
    progress.timings.visionMilliseconds = performance.now() - visionStart;
    return { features, grid: image.grid, resized: image.resized, prefix: null };
  }

  /** A cache that holds exactly the prompt up to the end of the image. */
  async #prefix(
    frame: SeenFrame,
    prompt: Prompt,
    positions: ReturnType<ModelRunner['positions']>,
    embeddings: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<DecoderCache> {
    const ids = prompt.ids.slice(0, prompt.prefixLength);
    const kept = frame.prefix;
    if (kept !== null && kept.ids.length === ids.length && kept.ids.every((id, index) => id === ids[index])) {
      return kept.cache;
    }
    const cache = this.#runner.newCache(prompt.ids.length + 64);
    await this.#runner.prefill({
      embeddings,
      positions,
      from: 0,
      to: prompt.prefixLength,
      cache,
      keep: 'none',
      ...(signal ? { signal } : {}),
    });
    frame.prefix = { ids, cache };
    return cache;
  }

  #tokenLimit(prompt: Prompt, settings: AnswerSettings): number {
    const { maxPositions } = this.#runner.model.manifest.parameters;
    const room = maxPositions - prompt.ids.length;
    if (room < 1) {
      throw new WorkstationError(
        'prompt-too-long',
        `The question and the frame take ${prompt.ids.length} tokens; the model has room for ${maxPositions}.`,
        'Ask a shorter question.',
      );
    }
    return Math.min(room, settings.maxNewTokens ?? this.info.maxNewTokens);
  }

  #constraint(
    request: AnswerRequest,
    resized: Size,
    tokenizer: ModelTokenizer,
  ): { constraint: AnswerConstraint | null; reserve: number } {
    const how = request.constrained ?? 'jump-forward';
    const opened =
      how === 'no'
        ? null
        : this.#constraints?.open({
            question: request.question,
            resized,
            prompt: tokenizer.render(request.question),
            jumpForward: how === 'jump-forward',
          });
    return opened ?? { constraint: null, reserve: 0 };
  }

  #result(
    frame: EngineFrame,
    settings: AnswerSettings,
    progress: Progress,
    ending: TextEnding,
  ): AnswerResult {
    const { manifest } = this.#runner.model;
    const { decoding } = progress;
    const parsed = parseAnswer(decoding.raw, {
      mapping: {
        space: manifest.coordinateSpace,
        resized: progress.modelInput ?? frame,
        source: frame,
      },
      absentLabels: [manifest.labels?.absent ?? usualAbsentLabel],
      ending,
      format: manifest.answerFormat,
    });
    const evidence = ending === 'end-token' ? evidenceOf(parsed, decoding) : null;
    const label = logProbabilityOf(parsed.labelRange, decoding);
    return {
      status: parsed.status,
      label: parsed.label,
      box: parsed.box,
      reasoning: parsed.reasoning,
      raw: decoding.raw,
      probability: label === null ? null : Math.exp(label),
      evidence,
      notes: [...decoding.notes, ...parsed.notes],
      tokens: { ...progress.tokens, generated: decoding.written.length },
      modelInput: progress.modelInput,
      settings,
      frameSeenBefore: progress.frameSeenBefore,
      timings: { ...progress.timings, firstTokenMilliseconds: decoding.firstTokenMilliseconds },
    };
  }

  async dispose(): Promise<void> {
    this.#frames.clear();
    await this.#runner.dispose();
  }
}

function evidenceOf(parsed: ParsedAnswer, decoding: AnswerDecoding): AnswerEvidence {
  return {
    labelLogProbability: logProbabilityOf(parsed.labelRange, decoding),
    // Of the digits: what stands between them is the format's.
    boxLogProbability:
      parsed.box === null ? null : logProbabilityOf(parsed.boxRange, decoding, (text) => /\d/.test(text)),
    choices: decoding.choices,
    entropy: decoding.entropy,
  };
}

/** Sum of the log-probabilities of the tokens whose text overlaps the range; null where one is not known. */
function logProbabilityOf(
  range: readonly [number, number] | null,
  { raw, written }: { readonly raw: string; readonly written: readonly WrittenToken[] },
  counts: (text: string) => boolean = () => true,
): number | null {
  if (range === null) return null;
  let sum = 0;
  let start = 0;
  for (const token of written) {
    const inside = raw.slice(Math.max(start, range[0]), Math.min(token.end, range[1]));
    if (token.end > range[0] && start < range[1] && counts(inside)) {
      if (token.logProbability === null) return null;
      sum += token.logProbability;
    }
    start = token.end;
  }
  // A sum of logarithms of 32-bit shares can end up a hair above that of one.
  return Math.min(0, sum);
}

/** @throws WorkstationError `out-of-memory` when the graphs and what running them takes would not fit. */
export function checkMemory(graphBytes: number, availableBytes: number): void {
  const needed = graphBytes * 1.25 + 128 * mebibyte;
  if (needed <= availableBytes) return;
  const inMegabytes = (bytes: number): string => `${Math.round(bytes / mebibyte)} MB`;
  throw new WorkstationError(
    'out-of-memory',
    `The model needs about ${inMegabytes(needed)} of memory; ${inMegabytes(availableBytes)} are free.`,
    'Close other programs, or import the model in 8 bits (--dtype q8).',
  );
}
