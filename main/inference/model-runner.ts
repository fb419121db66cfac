import { Tensor } from 'onnxruntime-node';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { chooseDevice, type Device, type DeviceChoice, type DeviceWish } from './devices.ts';
import { openGraphs, type GraphSessions } from './graph-sessions.ts';
import { ImageProcessor, type PreparedImage, type RgbImage } from './image-processor.ts';
import { KeyValueCache, type Feeds } from './key-value-cache.ts';
import type { ModelDirectory } from './model-directory.ts';
import { promptPositions, TextRotary, type ImageGrid, type PromptPositions } from './positions.ts';
import { intoWindows, maskedScore, outOfWindows, windowLayout } from './window-layout.ts';

/** Nothing stops a run under way, so a prefill goes in pieces of this many tokens, with a look at the signal between. */
export const prefillChunk = 128;

export interface OpenRunnerOptions {
  readonly device: DeviceWish;
  readonly threads?: number;
  /** Why not to touch WebGPU, where it is known already. */
  readonly webgpuTrouble?: string | null;
  /** What is being opened, and the part of it that is done, 0..1. */
  readonly onProgress?: (activity: string, fraction: number) => void;
}

export interface PrefillOptions {
  /** `[to - from, hidden]`: embeddings of the tokens to add, image features put in. */
  readonly embeddings: Float32Array;
  /** Positions of the whole prompt. */
  readonly positions: PromptPositions;
  /** Tokens `from..to` of the prompt; `from` equals the cache's length. */
  readonly from: number;
  readonly to: number;
  readonly cache: KeyValueCache;
  /** Logits to return: of the last token, of all, or none (a prefix that is only to be kept). */
  readonly keep: 'last' | 'all' | 'none';
  /** Tokens per run; {@link prefillChunk} by default. */
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
  readonly #sessions: GraphSessions;
  readonly #rotary: TextRotary;

  private constructor(model: ModelDirectory, sessions: GraphSessions, choice: DeviceChoice) {
    const { headSize, ropeTheta, mropeSection } = model.manifest.parameters;
    this.model = model;
    this.processor = new ImageProcessor(model.processor);
    this.device = choice.device;
    this.deviceReason = choice.reason;
    this.deviceFallback = choice.fallback;
    this.#sessions = sessions;
    this.#rotary = new TextRotary(headSize, ropeTheta, mropeSection);
  }

  static async open(model: ModelDirectory, options: OpenRunnerOptions): Promise<ModelRunner> {
    options.onProgress?.('Choosing the device', 0);
    const choice = await chooseDevice(options.device, model.graphBytes, options.webgpuTrouble ?? null);
    const sessions = await openGraphs(model, {
      device: choice.device,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      onProgress: (_graph, done, total) => options.onProgress?.('Opening the graphs', done / total),
    });
    return new ModelRunner(model, sessions, choice);
  }

  get #parameters(): ModelDirectory['manifest']['parameters'] {
    return this.model.manifest.parameters;
  }

  prepareImage(image: RgbImage): PreparedImage {
    return this.processor.prepare(image);
  }

  /** Tokens that an image of this grid takes in the prompt. */
  units(grid: ImageGrid): number {
    return (grid[1] * grid[2]) / this.#parameters.vision.mergeSize ** 2;
  }

  /** Looks at one image. Returns its features `[units, hidden]` in raster merge order. */
  async encodeImage(image: PreparedImage): Promise<Float32Array> {
    const { vision, hiddenSize } = this.#parameters;
    const layout = windowLayout({
      gridHeight: image.grid[1],
      gridWidth: image.grid[2],
      mergeSize: vision.mergeSize,
      windowUnits: vision.windowUnits,
      headDimension: vision.headSize,
    });
    const rows = layout.windows * layout.windowRows;
    const patchLength = this.processor.patchLength;
    const outputs = await this.#sessions.visionEncoder.run({
      pixel_values: floats(intoWindows(image.pixelValues, layout, patchLength), [rows, patchLength]),
      rotary_cos: floats(layout.rotaryCos, [rows, vision.headSize]),
      rotary_sin: floats(layout.rotarySin, [rows, vision.headSize]),
      key_bias: floats(layout.keyBias, [layout.windows, layout.windowRows]),
    });
    return outOfWindows(outputs['image_features']!.data as Float32Array, layout, hiddenSize);
  }

  positions(ids: ArrayLike<number>, grids: readonly ImageGrid[]): PromptPositions {
    const { tokens, vision } = this.#parameters;
    return promptPositions(ids, tokens.image, grids, vision.mergeSize);
  }

  /**
   * Embeddings `[sequence, hidden]` of token ids, with the features of the images, in order, in place of the
   * image tokens.
   * @throws WorkstationError `model-mismatch` for an id outside the vocabulary, or features that don't fit.
   */
  async embed(ids: ArrayLike<number>, features: readonly Float32Array[]): Promise<Float32Array> {
    const { hiddenSize, tokens } = this.#parameters;
    const embeddings = await this.#lookUp(ids);
    const places: number[] = [];
    for (let index = 0; index < ids.length; index += 1) if (ids[index] === tokens.image) places.push(index);
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

  async #lookUp(ids: ArrayLike<number>): Promise<Float32Array> {
    const { vocabularySize } = this.#parameters;
    const input = new BigInt64Array(ids.length);
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index]!;
      if (id < 0 || id >= vocabularySize) {
        throw new WorkstationError(
          'model-mismatch',
          `The prompt has token ${id}, but the model's vocabulary has ${vocabularySize}.`,
          'Use the tokenizer that belongs to this model, and import it again.',
        );
      }
      input[index] = BigInt(id);
    }
    const outputs = await this.#sessions.embedTokens.run({
      input_ids: new Tensor('int64', input, [1, ids.length]),
    });
    return outputs['inputs_embeds']!.data as Float32Array;
  }

  newCache(capacity: number): KeyValueCache {
    // The WebGPU provider ends the process on an input without rows, which an empty past would be.
    return new KeyValueCache(this.#parameters, capacity, this.device === 'webgpu' ? 1 : 0);
  }

  /** Bytes that one token takes in the key-value cache. */
  get cacheBytesPerToken(): number {
    const { layers, keyValueHeads, headSize } = this.#parameters;
    return 2 * layers * keyValueHeads * headSize * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * Adds prompt tokens to the cache, in chunks, causally. Returns the kept logits: `[vocabulary]` for 'last',
   * `[to - from, vocabulary]` for 'all', empty for 'none'.
   * @throws WorkstationError `cancelled` between two chunks; the cache then holds the chunks before.
   */
  async prefill(options: PrefillOptions): Promise<Float32Array> {
    const { embeddings, positions, from, to, cache, keep } = options;
    const { hiddenSize, vocabularySize } = this.#parameters;
    if (cache.length !== from) {
      throw new RangeError(`the cache holds ${cache.length} tokens, but the prefill starts at ${from}`);
    }
    cache.reserve(to);
    const kept = new Float32Array(keep === 'all' ? (to - from) * vocabularySize : 0);
    let last: Float32Array = kept;
    const step = options.chunk ?? prefillChunk;
    for (let start = from; start < to; start += step) {
      throwIfAborted(options.signal);
      const end = Math.min(start + step, to);
      const tokens = end - start;
      const logitsToKeep = keep === 'all' ? tokens : keep === 'last' && end === to ? 1 : 0;
      const logits = await this.#run(
        embeddings.subarray((start - from) * hiddenSize, (end - from) * hiddenSize),
        this.#rotary.tables(positions.positions, positions.sequence, start, end),
        causalBias(cache.maskedRows, start, tokens),
        tokens,
        logitsToKeep,
        cache,
      );
      if (keep === 'all') kept.set(logits, (start - from) * vocabularySize);
      else last = logits;
    }
    return keep === 'all' ? kept : last;
  }

  /**
   * Adds one generated token. Returns its logits `[vocabulary]`.
   * @param delta From the prompt's positions: the token stands at `cache.length + delta` on all axes.
   */
  async decode(id: number, cache: KeyValueCache, delta: number): Promise<Float32Array> {
    // A generated token is text, whatever its id: a model may write the image token, and nothing is to see there.
    const embeddings = await this.#lookUp([id]);
    const past = cache.length;
    return this.#run(
      embeddings,
      this.#rotary.single(past + delta),
      causalBias(cache.maskedRows, past, 1),
      1,
      1,
      cache,
    );
  }

  /**
   * Adds generated tokens that are known already, in one run. Returns the logits of the last, `[vocabulary]`, or
   * of all, `[tokens, vocabulary]`.
   */
  async feed(
    ids: readonly number[],
    cache: KeyValueCache,
    delta: number,
    keep: 'last' | 'all',
  ): Promise<Float32Array> {
    const embeddings = await this.#lookUp(ids);
    const past = cache.length;
    cache.reserve(past + ids.length);
    return this.#run(
      embeddings,
      this.#textRotary(ids.map((_, index) => past + index + delta)),
      causalBias(cache.maskedRows, past, ids.length),
      ids.length,
      keep === 'all' ? ids.length : 1,
      cache,
    );
  }

  /**
   * Tries texts that go on differently from the end of the cache, in one run: a tree of tokens, each of which sees
   * the cache, its ancestors and itself. Returns the logits after each, `[tokens, vocabulary]`; the cache is left
   * as it was.
   * @param tree Tokens in any order that puts parents first; `parent` is an index into the list, -1 for the cache.
   */
  async tryTree(
    tree: readonly { readonly id: number; readonly parent: number }[],
    cache: KeyValueCache,
    delta: number,
  ): Promise<Float32Array> {
    const past = cache.length;
    const masked = cache.maskedRows;
    const width = masked + past + tree.length;
    const bias = new Float32Array(tree.length * width);
    const depths: number[] = [];
    tree.forEach(({ parent }, row) => {
      bias.fill(maskedScore, row * width, row * width + masked);
      bias.fill(maskedScore, row * width + masked + past, (row + 1) * width);
      for (let at = row; at >= 0; at = tree[at]!.parent) bias[row * width + masked + past + at] = 0;
      depths.push(parent < 0 ? 0 : depths[parent]! + 1);
    });
    const embeddings = await this.#lookUp(tree.map(({ id }) => id));
    cache.reserve(past + tree.length);
    try {
      return await this.#run(
        embeddings,
        this.#textRotary(depths.map((depth) => past + depth + delta)),
        bias,
        tree.length,
        tree.length,
        cache,
      );
    } finally {
      cache.truncate(past);
    }
  }

  /** Tables of text tokens, which stand at one position on all axes. */
  #textRotary(positions: readonly number[]): { cos: Float32Array; sin: Float32Array } {
    const count = positions.length;
    return this.#rotary.tables(Int32Array.from([...positions, ...positions, ...positions]), count, 0, count);
  }

  async #run(
    embeddings: Float32Array,
    rotary: { cos: Float32Array; sin: Float32Array },
    bias: Float32Array,
    tokens: number,
    logitsToKeep: number,
    cache: KeyValueCache,
  ): Promise<Float32Array> {
    const { hiddenSize, headSize } = this.#parameters;
    const feeds: Feeds = {
      inputs_embeds: floats(embeddings, [1, tokens, hiddenSize]),
      rotary_cos: floats(rotary.cos, [tokens, headSize]),
      rotary_sin: floats(rotary.sin, [tokens, headSize]),
      attention_bias: floats(bias, [tokens, cache.maskedRows + cache.length + tokens]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(logitsToKeep)), []),
    };
    cache.addTo(feeds);
    const outputs = await this.#sessions.decoder.run(feeds);
    cache.append(outputs, tokens);
    return outputs['logits']!.data as Float32Array;
  }

  /** Frees the sessions. Nothing else may be called after. */
  async dispose(): Promise<void> {
    const { visionEncoder, embedTokens, decoder } = this.#sessions;
    for (const session of [visionEncoder, embedTokens, decoder]) await session.release();
  }
}

function floats(data: Float32Array, dimensions: number[]): Tensor {
  return new Tensor('float32', data, dimensions);
}

/** `[tokens, masked + past + tokens]`: a token sees every token before it and itself. */
function causalBias(masked: number, past: number, tokens: number): Float32Array {
  const width = masked + past + tokens;
  const bias = new Float32Array(tokens * width);
  for (let row = 0; row < tokens; row += 1) {
    bias.fill(maskedScore, row * width, row * width + masked);
    bias.fill(maskedScore, row * width + masked + past + row + 1, (row + 1) * width);
  }
  return bias;
}
