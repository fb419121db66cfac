import { performance } from 'node:perf_hooks';
import type { AnswerSettings } from '../../../preload/contract/domain.ts';
import { throwIfAborted, toErrorReport, WorkstationError } from '../../../preload/contract/errors.ts';
import { understandQuestion } from '../../../preload/contract/reading/reading.ts';
import { regionWayOf } from '../../../preload/contract/model.ts';
import { askable } from '../../../preload/contract/teaching.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { AnswerBatch } from '../decoding/answer-batch.ts';
import type { AnswerConstraint } from '../grammar/answer-constraint.ts';
import { AnswerConstraints } from '../grammar/answer-constraints.ts';
import { AnswerDecoding, type AnswerListener } from './answer-decoding.ts';
import type { TextEnding } from '../grammar/answer-parser.ts';
import { askedPictures, wordsBeside, type AskedPictures } from './asked-pictures.ts';
import { answerResult, newProgress, refusedResult, type AnswerProgress } from './answer-result.ts';
import type { Device, DeviceTroubles, DeviceWish } from '../devices/devices.ts';
import {
  type AnswerResult,
  type EngineFrame,
  type EngineRegion,
  type EngineSettings,
  type MemoryEstimate,
  type ModelInfo,
  type WorkPhase,
} from '../messages.ts';
import { DraftMemory } from '../decoding/draft-memory.ts';
import { DraftedText } from '../decoding/drafted-text.ts';
import type { CachedFrame } from '../decoding/frame-cache.ts';
import { FrameEncoder } from '../decoding/frame-encoder.ts';
import type { ImageProcessor } from '../image/image-processor.ts';
import { checkMemory, planMemory, shrunkNote } from '../model/memory-estimate.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import { openModelDirectory } from '../model/open-model-directory.ts';
import { asModelError } from '../model/model-files.ts';
import { ModelRunner } from '../runner/model-runner.ts';
import { mustBeLike, PictureGate, UnlikePicture } from '../model/picture-gate.ts';
import { Sampler } from '../decoding/sampling.ts';
import { mostTogether, SingleTextSlot, type TextSlots } from '../decoding/text-branch.ts';
import { ModelTokenizer, StreamingDecoder, type Prompt } from '../model/tokenizer.ts';
import { checkThatModelSees } from '../runner/vision-self-test.ts';
import { DeviceLostError } from '../graphs/watched-graphs.ts';

/** The most tokens of an answer where neither the settings nor the model give a limit. */
const defaultMaxNewTokens = 512;

export interface OpenAnswererOptions {
  readonly directory: string;
  readonly device: DeviceWish;
  /** See `GraphsWish`. */
  readonly variant?: string;
  readonly threads?: number;
  /** Folder that remembers which number of threads is fastest; without it, that is not measured. */
  readonly cacheFolder?: string;
  /** Devices that have failed before and are not to be tried, with the reason. */
  readonly troubles?: DeviceTroubles;
  /** Called before a device other than the CPU is touched. */
  readonly onTry?: (device: Device) => void;
  /** Bytes for the features of frames that are kept; by the free memory, at most 512 MiB, by default. */
  readonly frameCacheBytes?: number;
  /** Resident memory that this process may take; all that is free by default. */
  readonly memoryCeilingBytes?: number;
  /** Called with what is being done, and the share of the whole load that is done, 0..1. */
  readonly onProgress?: (activity: string, fraction: number) => void;
  /** Called with the memory that the model will take, once its folder has been read. */
  readonly onEstimate?: (estimate: MemoryEstimate) => void;
  /** Called when a run of a graph begins, with its purpose. */
  readonly onPhase?: (phase: WorkPhase) => void;
  readonly signal?: AbortSignal;
}

export interface AnswerRequest {
  readonly frame: EngineFrame;
  /** The part of the frame that is asked about, which the model has as `regionWayOf` says. */
  readonly region?: EngineRegion | undefined;
  readonly question: string;
  readonly settings: EngineSettings;
  /**
   * How the answer is held to the model's format: forced tokens fed together (the default), drawn one by one, or
   * not at all. The text is the same in the first two; the others are for measurements.
   */
  readonly constrained?: 'jump-forward' | 'token-by-token' | 'no';
  /** False turns speculative decoding off. For measurements. */
  readonly drafts?: boolean;
  /**
   * The answer must be the same to the last bit whatever was asked before: no drafts from earlier answers, and the frame
   * goes through the decoder alone. Floating-point results may differ in their last bits when the same token is computed
   * together with different neighbours.
   */
  readonly reproducible?: boolean;
  /**
   * Refuses a question that is of none of the kinds that the model states it was taught. A model without such a
   * statement answers every question.
   */
  readonly onlyTaught?: boolean;
  /** Refuses pictures unlike the model's training pictures. A model that does not state how those look answers on all. */
  readonly onlyLike?: boolean;
}

/** One loaded model that answers questions on frames in this process. */
export class Answerer {
  readonly info: ModelInfo;
  readonly #runner: ModelRunner;
  readonly #tokenizer: ModelTokenizer | null;
  readonly #encoder: FrameEncoder;
  readonly #slots: TextSlots;
  readonly #drafts = new DraftMemory();
  readonly #constraints: AnswerConstraints | null;
  /** Preprocessing by the model's own limits, where the free memory enforces smaller pictures; else null. */
  readonly #largerLook: ImageProcessor | null;

  private constructor(
    runner: ModelRunner,
    tokenizer: ModelTokenizer | null,
    estimate: MemoryEstimate,
    largerLook: ImageProcessor | null,
    gate: PictureGate | null,
  ) {
    const { manifest, sha256 } = runner.model;
    this.#runner = runner;
    this.#tokenizer = tokenizer;
    this.#encoder = new FrameEncoder(runner, estimate.frameCache, gate);
    this.#largerLook = largerLook;
    this.#slots = runner.freeAttention ? new AnswerBatch(runner, this.#encoder) : new SingleTextSlot(runner);
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
      deviceReason: [runner.deviceReason, runner.model.graphsReason ?? ''].join(' ').trim(),
      deviceFallback: runner.deviceFallback,
      memoryBytes: process.memoryUsage.rss(),
      memoryEstimate: estimate,
      threads: runner.threads,
      labels: manifest.labels ?? null,
      canAsk: tokenizer !== null,
      answersTogether: this.#slots.most,
      maxNewTokens: manifest.maxNewTokens ?? defaultMaxNewTokens,
      regions: regionWayOf(manifest),
    };
  }

  /**
   * Verifies and opens a model, and makes sure that it sees.
   * @throws WorkstationError as `openModelDirectory` and `ModelRunner.open`, and `out-of-memory` before any
   *   graph is opened when the free memory cannot hold them.
   */
  static async open(options: OpenAnswererOptions): Promise<Answerer> {
    try {
      return await Answerer.#open(options);
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      throw asModelError(options.directory, error);
    }
  }

  static async #open(options: OpenAnswererOptions): Promise<Answerer> {
    const { onProgress, signal } = options;
    const opened = await openModelDirectory(options.directory, {
      device: options.device,
      ...(options.variant === undefined ? {} : { variant: options.variant }),
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => onProgress?.('Checking the files', (0.5 * done) / Math.max(total, 1)),
    });
    const { model, estimate, largerLook } = planMemory(opened, options);
    options.onEstimate?.(estimate);
    checkMemory(estimate);
    const tokenizer = model.manifest.tokenizer ? await ModelTokenizer.open(model) : null;
    throwIfAborted(signal);
    const runner = await openSeeingRunner(model, options);
    return new Answerer(
      runner,
      tokenizer,
      estimate,
      largerLook,
      await PictureGate.open(model.directory, model.manifest),
    );
  }

  /**
   * Answers one question on one frame, together with those that are asked meanwhile. A stop is a result, not an
   * error: status `stopped`, with the text so far. Timings are those of the clock, as the person who asked sees
   * them: what is decoded together shares its time, so those of several answers are not to be added up.
   * @throws WorkstationError `model-no-tokenizer`, `prompt-too-long`, `invalid-input`, `model-mismatch`.
   */
  async answer(request: AnswerRequest, listener: AnswerListener = {}): Promise<AnswerResult> {
    const start = performance.now();
    const settings = this.#resolve(request.settings);
    const progress = newProgress(new AnswerDecoding());
    const { taught } = this.#runner.model.manifest;
    const understood = taught === undefined ? null : understandQuestion(request.question, taught);
    // Someone who asks for an answer anyway gets it to the very words typed, not to a taught rewording.
    const reading = request.onlyTaught === true ? (understood?.reading ?? null) : null;
    if (reading !== null) progress.askedAs = reading.asked;
    else if (taught !== undefined && understood?.taught === false) {
      const { untaughtWords, rewrites } = understood;
      progress.question = {
        untaughtWords: [...untaughtWords],
        rewrites: [...rewrites],
        ...(rewrites.length === 0 && { askable: askable(taught) }),
      };
      if (request.onlyTaught === true) return refusedResult(settings, progress);
    }
    const asked = reading === null ? request : { ...request, question: reading.asked };
    let ending: TextEnding;
    try {
      ending = await this.#generate(asked, settings, progress, listener, start);
    } catch (error) {
      if (error instanceof UnlikePicture) return refusedResult(settings, progress);
      if (!(error instanceof WorkstationError) || error.code !== 'cancelled') throw error;
      ending = 'stopped';
    }
    progress.timings.totalMilliseconds = performance.now() - start;
    return answerResult(this.#runner.model.manifest, request.frame, settings, progress, ending);
  }

  /** Bytes of all cached frames: vision features, keys and values. */
  get frameBytes(): number {
    return this.#encoder.bytes;
  }

  /**
   * Answers several questions, on one frame or several, together as far as the decoder can: see `answersTogether`.
   * What {@link answer} says of one holds for each; `listeners` are in the order of the requests.
   */
  answerMany(
    requests: readonly AnswerRequest[],
    listeners: readonly AnswerListener[] = [],
  ): Promise<PromiseSettledResult<AnswerResult>[]> {
    return Promise.allSettled(requests.map((request, index) => this.answer(request, listeners[index])));
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
    progress: AnswerProgress,
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
    const pictures = askedPictures(request, regionWayOf(this.#runner.model.manifest));
    const encoded = await this.#encoder.encode(pictures.frame, listener.signal, pictures.crop ?? undefined);
    let { frame } = encoded;
    const words = this.#words(request.question, pictures, frame, progress);
    progress.modelInput = frame.resized;
    progress.frameSeenBefore = encoded.seenBefore;
    progress.picture = encoded.picture;
    Object.assign(progress.timings, encoded.timings);
    const note = shrunkNote(pictures.frame, frame.resized, this.#largerLook);
    if (note !== null) progress.decoding.notes.push(note);
    try {
      if (request.onlyLike === true) mustBeLike(progress.picture);
      const units = frame.pictures.map(({ grid }) => this.#runner.units(grid));
      const prompt = tokenizer.prompt(words, ...units);
      progress.tokens = { prompt: prompt.ids.length, image: prompt.imageTokens };
      const limit = this.#tokenLimit(prompt, settings);
      const rendered = tokenizer.render(words, units.length);
      const { constraint, reserve } = this.#constraint(request, frame.resized, rendered, limit);
      // The fixed beginning of every answer goes through the model together with the prompt.
      const begun = constraint?.begin() ?? [];

      const asked = [...prompt.ids.subarray(prompt.prefixLength), ...begun.map(({ id }) => id)];
      const most = this.#runner.model.manifest.parameters.maxPositions;
      const prefillStart = performance.now();
      const drafts = request.drafts !== false && request.reproducible !== true;
      const beginning = (): { ids: number[]; keep: number } => {
        const room = Math.min(mostTogether - 1, most - prompt.prefixLength - asked.length);
        const draft = drafts ? this.#drafts.after(asked, room) : [];
        return { ids: [...asked, ...draft], keep: 1 + draft.length };
      };
      const together = request.reproducible === true ? undefined : beginning;
      frame = await this.#encoder.withPrefix(frame, prompt, listener.signal, together);
      const place = await this.#slots.join(frame, listener.signal);
      const branch = drafts ? new DraftedText(place, this.#drafts, most) : place;
      try {
        const logits = await branch.feed(asked, 1);
        const decodeStart = performance.now();
        progress.timings.prefillMilliseconds = decodeStart - prefillStart;
        try {
          return await progress.decoding.run(logits, {
            branch,
            format: this.#runner.model.manifest.answerFormat,
            endTokens: this.#runner.model.manifest.parameters.tokens.end,
            sampler: new Sampler(settings, prompt.ids),
            decoder: new StreamingDecoder((given) => tokenizer.decode(given)),
            ...{ constraint, begun, limit, reserve, listener, start },
          });
        } finally {
          progress.timings.decodeMilliseconds = performance.now() - decodeStart;
        }
      } finally {
        branch.leave();
      }
    } finally {
      this.#encoder.release(frame);
    }
  }

  /** The question as the model reads it; notes how it has the region that this is about. */
  #words(question: string, pictures: AskedPictures, seen: CachedFrame, progress: AnswerProgress): string {
    const { crop, frame, region } = pictures;
    progress.region = region;
    if (crop === null || seen.beside === null) return question;
    const { coordinateSpace: space } = this.#runner.model.manifest;
    const words = wordsBeside(question, crop.region, { frame, resized: seen.resized, space });
    progress.region = { box: crop.region, given: 'beside', input: seen.beside.resized, words };
    return words;
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
    rendered: string,
    limit: number,
  ): { constraint: AnswerConstraint | null; reserve: number } {
    const how = request.constrained ?? 'jump-forward';
    const opened =
      how === 'no'
        ? null
        : this.#constraints?.open({
            question: request.question,
            resized,
            prompt: rendered,
            jumpForward: how === 'jump-forward',
            limit,
          });
    return opened ?? { constraint: null, reserve: 0 };
  }

  async dispose(): Promise<void> {
    this.#encoder.clear();
    await this.#runner.dispose();
  }
}

/**
 * Opens the graphs and makes sure that the model sees. Where it does not on a device that was not asked for by name,
 * the next one is tried, and the reason told.
 */
async function openSeeingRunner(model: ModelDirectory, options: OpenAnswererOptions): Promise<ModelRunner> {
  const { device, threads, cacheFolder, onProgress, onTry, onPhase, signal } = options;
  const troubles = { ...options.troubles };
  for (;;) {
    const runner = await ModelRunner.open(model, {
      device,
      troubles,
      ...(threads === undefined ? {} : { threads }),
      ...(cacheFolder === undefined ? {} : { cacheFolder }),
      onProgress: (activity, fraction) => onProgress?.(activity, 0.5 + 0.4 * fraction),
      ...(onTry ? { onTry } : {}),
      ...(onPhase ? { onPhase } : {}),
    });
    try {
      throwIfAborted(signal);
      onProgress?.('Testing that the model sees', 0.9);
      await checkThatModelSees(runner);
      return runner;
    } catch (error) {
      await runner.dispose();
      const lost = error instanceof DeviceLostError;
      if (lost || signal?.aborted || device !== 'auto' || runner.device === 'cpu') throw error;
      troubles[runner.device] = toErrorReport(error).message;
    }
  }
}
