import type { PreparedImage } from '../image/image-processor.ts';

/** Looks at one prepared image. */
export interface VisionGraph {
  /** Features `[units, hidden]` in raster merge order. */
  encode: (image: PreparedImage) => Promise<Float32Array>;
}

/** Looks tokens up. */
export interface EmbeddingGraph {
  /** Embeddings `[ids, hidden]`; the ids are within the vocabulary. */
  embed: (ids: ArrayLike<number>) => Promise<Float32Array>;
}

/** New tokens for the decoder, behind what its cache holds. */
export interface DecoderInput {
  readonly tokens: number;
  /** `[tokens, hidden]` */
  readonly embeddings: Float32Array;
  /** Where they stand on the axes of M-RoPE, `[3, tokens]`: time, height, width. */
  readonly positions: Int32Array;
  /**
   * What each token sees: scores to add, `[tokens, cache.length + tokens]`, 0 or `maskedScore`. Null: all that is
   * before it and itself. Only for a decoder with `freeAttention`.
   */
  readonly attention: Float32Array | null;
  /** Of how many of the last tokens the logits are wanted; 0 for a prefix that is only to be kept. */
  readonly logits: number;
}

/** Rows `start..end` of a cache. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Keys and values of the tokens so far, wherever the device keeps them. */
export interface DecoderCache {
  /** Tokens that the cache holds. */
  readonly length: number;
  readonly bytes: number;
  /** Makes room for `tokens` in all, so that adding does not have to move what is there. */
  reserve: (tokens: number) => void;
  /** Forgets all tokens from `length` on. */
  truncate: (length: number) => void;
  /** Frees what it holds on a device. Nothing else may be called after. */
  dispose: () => void;
  /** Adds the first `tokens` rows of another cache of the decoder. Absent, as the next two: rows cannot be copied. */
  readonly addFrom?: (other: DecoderCache, tokens: number) => void;
  /** Moves the rows of these ranges, which ascend, to the beginning, and forgets all others. */
  readonly keep?: (ranges: readonly RowRange[]) => void;
  /** Gives memory back that more than `tokens` in all would take. */
  readonly shrink?: (tokens: number) => void;
}

/** The text model: one run adds tokens to a cache and gives logits. */
export interface DecoderGraph {
  /** Whether a run may say what each token sees; without, every token sees all before it. */
  readonly freeAttention: boolean;
  newCache: (capacity: number) => DecoderCache;
  /** Logits `[input.logits, vocabulary]`; the cache, one of its own, holds the tokens too afterwards. */
  run: (input: DecoderInput, cache: DecoderCache) => Promise<Float32Array>;
}

/** The graphs of a loaded model. */
export interface ModelGraphs {
  readonly vision: VisionGraph;
  readonly embedder: EmbeddingGraph;
  readonly decoder: DecoderGraph;
  /** What the device does not do as it should, and what is done instead; for a person. */
  readonly deviceNote?: string;
  /** Frees the sessions. */
  dispose: () => Promise<void>;
}
