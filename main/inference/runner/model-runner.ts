import { throwIfAborted, toErrorReport, WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { chooseDevice, thisMachine, type DeviceChoice } from '../devices/device-choice.ts';
import type { Device, DeviceTroubles, DeviceWish } from '../devices/devices.ts';
import { ImageProcessor, type PreparedImage, type RgbImage } from '../image/image-processor.ts';
import { openMeasured, type ExplainedSetting } from '../graphs/measured-graphs.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import type { WorkPhase } from '../messages.ts';
import type { DecoderCache, DecoderInput, ModelGraphs } from '../graphs/model-graphs.ts';
import { openModelGraphs } from '../graphs/open-model-graphs.ts';
import {
  onAllAxes,
  positionsBetween,
  promptPositions,
  type ImageGrid,
  type PromptPositions,
} from '../model/positions.ts';
import { planRun, type TreeToken } from './batch-run.ts';
import { watchGraphs } from '../graphs/watched-graphs.ts';

/**
 * Nothing can stop a run under way, so a prefill goes in pieces of this many tokens, and the signal is looked at between
 * them.
 */
export const prefillChunk = 128;
/** Graphs that read so many prompt tokens sooner than a person could stop them: four chunks in a run are no matter. */
const fewBytes = 2 ** 26;

export interface OpenRunnerOptions {
  readonly device: DeviceWish;
  readonly threads?: number;
  /** Where the measurement of threads is remembered; without it nothing is measured. */
  readonly cacheFolder?: string;
  /** Why not to touch a device, where it is known already. */
  readonly troubles?: DeviceTroubles;
  /** Called before a device other than the CPU is touched. */
  readonly onTry?: (device: Device) => void;
  /** What is being opened, and the part of it that is done, 0..1. */
  readonly onProgress?: (activity: string, fraction: number) => void;
  /** What a run that begins is for. */
  readonly onPhase?: (phase: WorkPhase) => void;
}

export interface PrefillOptions {
  /** `[to - from, hidden]`: embeddings of the tokens to add, image features put in. */
  readonly embeddings: Float32Array;
  /** Positions of the whole prompt. */
  readonly positions: PromptPositions;
  /** Tokens `from..to` of the prompt; `from` equals the cache's length. */
  readonly from: number;
  readonly to: number;
  readonly cache: DecoderCache;
  /** Logits to return: of the last token, of so many of the last, of all, or none (a prefix that is only to be kept). */
  readonly keep: 'last' | 'all' | 'none' | number;
  /** Tokens per run; about {@link prefillChunk} by default, more where the weights are few. */
  readonly chunk?: number;
  readonly signal?: AbortSignal;
}

interface AddOptions {
  readonly tokens: number;
  readonly embeddings: Float32Array;
  /** Of tokens `start..end` of these, `[3, end - start]`. */
  readonly positions: (start: number, end: number) => Int32Array;
  readonly cache: DecoderCache;
  /** Of how many of the last tokens the logits are wanted. */
  readonly keep: number;
  readonly chunk?: number;
  readonly signal?: AbortSignal;
}

/**
 * The graphs of one model in this process: pixels to features, tokens to embeddings, embeddings to logits.
 * Every run blocks its thread, so the workstation has it in a process of its own; checks and imports may use
 * it directly:
 *
 * ```ts
 * const runner = await ModelRunner.open(await openModelDirectory(folder), { device: 'cpu' });
 * const image = runner.prepareImage({ rgb, width, height });         // pixelValues [patches, 1176]
 * const features = await runner.encodeImage(image);                  // [units, hidden]
 * const positions = runner.positions(ids, [image.grid]);             // ids: image tokens already repeated
 * const embeddings = await runner.embed(ids, [features]);            // [sequence, hidden]
 * const cache = runner.newCache(ids.length + 32);
 * let logits = await runner.prefill({ embeddings, positions, from: 0, to: ids.length, cache, keep: 'all' });
 * logits = await runner.decode(token, cache, positions.delta);       // [vocabulary]
 * await runner.dispose();
 * ```
 */
export class ModelRunner {
  readonly model: ModelDirectory;
  readonly processor: ImageProcessor;
  readonly device: Device;
  readonly deviceReason: string;
  readonly deviceFallback: boolean;
  /** How the CPU is used, and why so. */
  readonly threads: ExplainedSetting;
  readonly #graphs: ModelGraphs;

  private constructor(
    model: ModelDirectory,
    graphs: ModelGraphs,
    choice: DeviceChoice,
    threads: ExplainedSetting,
  ) {
    this.model = model;
    this.processor = new ImageProcessor(model.processor);
    this.device = choice.device;
    this.deviceReason = choice.reason;
    this.deviceFallback = choice.fallback;
    this.threads = threads;
    this.#graphs = graphs;
  }

  static async open(model: ModelDirectory, options: OpenRunnerOptions): Promise<ModelRunner> {
    const { device: wish, threads, cacheFolder, onProgress, onTry } = options;
    const troubles = { ...options.troubles };
    for (;;) {
      onProgress?.('Choosing the device', 0);
      const question = { wish, modelBytes: model.graphBytes, troubles };
      const choice = await chooseDevice(question, thisMachine(onTry));
      let activity = 'Opening the graphs';
      try {
        const { graphs, setting } = await openMeasured(
          model,
          (opened) =>
            openModelGraphs(model, {
              device: choice.device,
              threads: opened,
              onProgress: (fraction) => onProgress?.(activity, fraction),
            }),
          {
            ...(threads === undefined ? {} : { threads }),
            // What a GPU does does not depend on this processor's threads.
            ...(cacheFolder === undefined || choice.device !== 'cpu' ? {} : { cacheFolder }),
            onMeasure: () => {
              activity = 'Measuring which threads are fastest';
            },
            log: (line) => console.error(line),
          },
        );
        const watched = watchGraphs(graphs, choice.device, options.onPhase ?? (() => undefined));
        const reason = [choice.reason, graphs.deviceNote].filter((text) => text !== undefined).join(' ');
        return new ModelRunner(model, watched, { ...choice, reason }, setting);
      } catch (error) {
        // A device that works may still lack the memory or an operator for this model.
        if (wish !== 'auto' || choice.device === 'cpu') throw error;
        troubles[choice.device] = toErrorReport(error).message;
      }
    }
  }

  get #parameters(): ModelDirectory['manifest']['parameters'] {
    return this.model.manifest.parameters;
  }

  prepareImage(image: RgbImage, as?: Size): PreparedImage {
    return this.processor.prepare(image, as);
  }

  /** Tokens that an image of this grid takes in the prompt. */
  units(grid: ImageGrid): number {
    return (grid[1] * grid[2]) / this.#parameters.vision.mergeSize ** 2;
  }

  /** Looks at one image. Returns its features `[units, hidden]` in raster merge order. */
  encodeImage(image: PreparedImage): Promise<Float32Array> {
    return this.#graphs.vision.encode(image);
  }

  positions(ids: ArrayLike<number>, grids: readonly ImageGrid[]): PromptPositions {
    const { tokens, vision } = this.#parameters;
    return promptPositions(ids, tokens.image, grids, vision.mergeSize);
  }

  /**
   * Embeddings `[sequence, hidden]` of token ids, with the features of the images, in order, in place of the
   * image tokens; behind them those of `text`, whatever its ids.
   * @throws WorkstationError `model-mismatch` for an id outside the vocabulary, or features that don't fit.
   */
  async embed(
    ids: ArrayLike<number>,
    features: readonly Float32Array[],
    text: readonly number[] = [],
  ): Promise<Float32Array> {
    const { hiddenSize, tokens } = this.#parameters;
    const places: number[] = [];
    const others: number[] = [];
    for (let index = 0; index < ids.length; index += 1) {
      (ids[index] === tokens.image ? places : others).push(index);
    }
    const looked = await this.lookUp([...others.map((index) => ids[index]!), ...text]);
    const embeddings = new Float32Array((ids.length + text.length) * hiddenSize);
    others.forEach((place, row) => {
      embeddings.set(looked.subarray(row * hiddenSize, (row + 1) * hiddenSize), place * hiddenSize);
    });
    embeddings.set(looked.subarray(others.length * hiddenSize), ids.length * hiddenSize);
    const rows = features.reduce((sum, values) => sum + values.length / hiddenSize, 0);
    if (rows !== places.length) {
      throw new WorkstationError(
        'model-mismatch',
        `The prompt has ${places.length} image tokens, the images have ${rows} features.`,
        'Check that the chat template and image_token_id belong to this model.',
      );
    }
    let next = 0;
    for (const values of features) {
      for (let at = 0; at < values.length; at += hiddenSize) {
        embeddings.set(values.subarray(at, at + hiddenSize), places[next]! * hiddenSize);
        next += 1;
      }
    }
    return embeddings;
  }

  /**
   * Embeddings `[ids, hidden]` of text tokens.
   * @throws WorkstationError `model-mismatch` for an id outside the vocabulary.
   */
  async lookUp(ids: ArrayLike<number>): Promise<Float32Array> {
    const { vocabularySize } = this.#parameters;
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index]!;
      if (id >= 0 && id < vocabularySize) continue;
      throw new WorkstationError(
        'model-mismatch',
        `The prompt has token ${id}, but the model's vocabulary has ${vocabularySize}.`,
        'Use the tokenizer that belongs to this model, and import it again.',
      );
    }
    return this.#graphs.embedder.embed(ids);
  }

  /** Whether a run may say what each token sees; see `DecoderGraph`. */
  get freeAttention(): boolean {
    return this.#graphs.decoder.freeAttention;
  }

  /** One run of the decoder; `cache` holds the tokens too afterwards. */
  run(input: DecoderInput, cache: DecoderCache): Promise<Float32Array> {
    return this.#graphs.decoder.run(input, cache);
  }

  newCache(capacity: number): DecoderCache {
    return this.#graphs.decoder.newCache(capacity);
  }

  /** Bytes that one token takes in the key-value cache. */
  get cacheBytesPerToken(): number {
    const { layers, keyValueHeads, headSize } = this.#parameters;
    return 2 * layers * keyValueHeads * headSize * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * Adds prompt tokens to the cache, in chunks, causally. Returns the kept logits: `[vocabulary]` for 'last',
   * `[to - from, vocabulary]` for 'all', `[keep, vocabulary]` for a number, empty for 'none'.
   * @throws WorkstationError `cancelled` between two chunks; the cache then holds the chunks before.
   */
  async prefill(options: PrefillOptions): Promise<Float32Array> {
    const { positions, from, to, cache, keep } = options;
    if (cache.length !== from) {
      throw new RangeError(`the cache holds ${cache.length} tokens, but the prefill starts at ${from}`);
    }
    return this.#add({
      ...options,
      tokens: to - from,
      keep: typeof keep === 'number' ? keep : { none: 0, last: Math.min(1, to - from), all: to - from }[keep],
      positions: (start, end) => positionsBetween(positions, from + start, from + end),
    });
  }

  /** Tokens per run, for so many: no few are left over for a run of their own. */
  #chunkOf(tokens: number): number {
    const chunk = this.model.graphBytes < fewBytes ? 4 * prefillChunk : prefillChunk;
    return Math.ceil(tokens / Math.max(1, Math.ceil(tokens / chunk - 1 / 8)));
  }

  /** Adds tokens to a cache, in runs of a chunk, each token behind all before it. */
  async #add(options: AddOptions): Promise<Float32Array> {
    const { tokens, embeddings, positions, cache, keep } = options;
    const { hiddenSize, vocabularySize } = this.#parameters;
    cache.reserve(cache.length + tokens);
    let kept: Float32Array | null = null;
    let next = 0;
    const step = options.chunk ?? this.#chunkOf(tokens);
    for (let start = 0; start < tokens; start += step) {
      throwIfAborted(options.signal);
      const end = Math.min(start + step, tokens);
      const wanted = Math.max(0, end - Math.max(start, tokens - keep));
      const logits = await this.#graphs.decoder.run(
        {
          tokens: end - start,
          embeddings: embeddings.subarray(start * hiddenSize, end * hiddenSize),
          positions: positions(start, end),
          attention: null,
          logits: wanted,
        },
        cache,
      );
      if (end === tokens && wanted === keep) return logits;
      kept ??= new Float32Array(keep * vocabularySize);
      kept.set(logits, next * vocabularySize);
      next += wanted;
    }
    return kept ?? new Float32Array(0);
  }

  /**
   * Adds one generated token. Returns its logits `[vocabulary]`.
   * @param delta From the prompt's positions: the token stands at `cache.length + delta` on all axes.
   */
  decode(id: number, cache: DecoderCache, delta: number): Promise<Float32Array> {
    return this.feed([id], cache, delta, 1);
  }

  /**
   * Adds text tokens that are known already, in runs of {@link prefillChunk} at most. Returns the logits of the
   * last `keep` of them, `[keep, vocabulary]`.
   * @throws WorkstationError `cancelled` between two runs.
   */
  async feed(
    ids: readonly number[],
    cache: DecoderCache,
    delta: number,
    keep: number,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const past = cache.length;
    const positions = ids.map((_, index) => past + index + delta);
    return this.#add({
      tokens: ids.length,
      // A generated token is text, whatever its id: a model may write the image token, but there is nothing to see at that
      // place.
      embeddings: await this.lookUp(ids),
      positions: (start, end) => onAllAxes(positions.slice(start, end)),
      cache,
      keep,
      ...(signal ? { signal } : {}),
    });
  }

  /**
   * Tries texts that go on differently from the end of the cache, in one run: a tree of tokens, each of which sees
   * the cache, its ancestors and itself. Returns the logits after each, `[tokens, vocabulary]`; the cache is left
   * as it was. A decoder that shows every token all before it runs one path of the tree after another.
   * @param tree Tokens in any order that puts parents first; `parent` is an index into the list, -1 for the cache.
   */
  async tryTree(tree: readonly TreeToken[], cache: DecoderCache, delta: number): Promise<Float32Array> {
    const past = cache.length;
    if (!this.#graphs.decoder.freeAttention) return this.#tryPaths(tree, cache, delta);
    const ids = tree.map(({ id }) => id);
    const parents = tree.map(({ parent }) => parent);
    const text = { frame: { start: 0, end: past }, rows: [], position: past + delta };
    const plan = planRun([{ ...text, ids, parents, keep: ids.length }], past, ids.length);
    const embeddings = await this.lookUp(plan.ids);
    cache.reserve(past + plan.tokens);
    try {
      return await this.#graphs.decoder.run({ ...plan, embeddings }, cache);
    } finally {
      cache.truncate(past);
    }
  }

  /** The logits of a tree, leaf by leaf. */
  async #tryPaths(tree: readonly TreeToken[], cache: DecoderCache, delta: number): Promise<Float32Array> {
    const { vocabularySize } = this.#parameters;
    const past = cache.length;
    const found = new Float32Array(tree.length * vocabularySize);
    const parents = new Set(tree.map(({ parent }) => parent));
    for (let leaf = 0; leaf < tree.length; leaf += 1) {
      if (parents.has(leaf)) continue;
      const path: number[] = [];
      for (let at = leaf; at >= 0; at = tree[at]!.parent) path.unshift(at);
      try {
        const ids = path.map((at) => tree[at]!.id);
        const logits = await this.feed(ids, cache, delta, ids.length);
        path.forEach((at, index) => {
          found.set(
            logits.subarray(index * vocabularySize, (index + 1) * vocabularySize),
            at * vocabularySize,
          );
        });
      } finally {
        cache.truncate(past);
      }
    }
    return found;
  }

  /** Frees the sessions. Nothing else may be called after. */
  dispose(): Promise<void> {
    return this.#graphs.dispose();
  }
}
