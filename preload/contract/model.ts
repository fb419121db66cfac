import { z } from 'zod';
import { ModelTeaching } from './teaching.ts';
import { ModelId, Sha256 } from './values.ts';

/** The kind of pictures that a model was trained on; `unknown` if its maker doesn't say. */
export const ModelDomain = z.enum(['synthetic', 'surgical', 'general', 'unknown']);
export type ModelDomain = z.infer<typeof ModelDomain>;

/** A file's hash and size; keys of a `files` record are paths relative to the model directory, with `/`. */
export const ModelFile = z.object({ sha256: Sha256, bytes: z.int().min(0) });
export type ModelFile = z.infer<typeof ModelFile>;
const ModelFiles = z.record(z.string().min(1), ModelFile);

/** The labels by kind of question, and the one label which says that the thing is not in view. */
export const ModelLabels = z.object({
  organ: z.array(z.string()),
  state: z.array(z.string()),
  location: z.array(z.string()),
  /** The things that it can be asked to find. */
  grounding: z.array(z.string()).optional(),
  absent: z.string(),
  /** The labels by which it answers yes or no; a no has no box. */
  presence: z.object({ yes: z.string().min(1), no: z.string().min(1) }).optional(),
  /** The labels by which it declines to answer, without a box. */
  refusals: z.array(z.string().min(1)).optional(),
  /** Set for a model that can answer with a list of things, each with its box. */
  lists: z
    .object({
      /** Names that can stand in a list, besides those that can be asked for. */
      names: z.array(z.string().min(1)),
      /** The counts that can stand before the things that were counted. */
      counts: z.array(z.string().min(1)),
      /** The most things in a list. */
      most: z.int().min(1).max(32),
    })
    .optional(),
});
export type ModelLabels = z.infer<typeof ModelLabels>;

/**
 * How a model writes an answer, which the engine enforces.
 * - `think-answer-json`: `<think>...</think><answer>{"label": "...", "bbox_2d": [x1, y1, x2, y2]}</answer>`
 * - `json`: `{"label": "...", "bbox_2d": [x1, y1, x2, y2]}` alone
 * - `qwen-bbox-list`: a fenced JSON list of one `{"bbox_2d": [...], "label": "..."}`, as Qwen2.5-VL grounds
 * - `none`: any text; what can be read in it is shown
 *
 * In the first two formats, a model whose labels have `lists` may write a list of such objects, one for each thing. If the
 * answer says more than their names, an object with that label and `null` comes first: `[{"label": "2", "bbox_2d":
 * null}, {"label": "suction", "bbox_2d": [...]}, {"label": "stapler", "bbox_2d": [...]}]`.
 *
 * Spaces between the corners are the model's choice. A label that means "not in view", a no, and a label that declines have
 * `null` in place of the box in the first two formats; in `qwen-bbox-list` the list is then empty.
 */
export const AnswerFormat = z.enum(['think-answer-json', 'json', 'qwen-bbox-list', 'none']);
export type AnswerFormat = z.infer<typeof AnswerFormat>;

/**
 * How likely an answer is to be right, from the model's own numbers: with p the probability of its reasoning's and its
 * label's tokens together, `1 / (1 + exp(-(slope * ln(p / (1 - p)) + intercept)))`. After J. Platt, "Probabilistic
 * Outputs for Support Vector Machines" (1999), on answers to questions whose truth is known.
 */
export const ModelCalibration = z.object({
  /** SHA-256 of the weights to whose answers it was fitted. It is not valid for others. */
  weightsSha256: Sha256,
  slope: z.number().positive(),
  intercept: z.number(),
  /** What it was fitted to, in words. */
  fittedTo: z.string(),
});
export type ModelCalibration = z.infer<typeof ModelCalibration>;

/**
 * How to tell a picture that is unlike those that a model was taught with, by the model's own vision features: each
 * picture's features are pooled (mean and deviation over its units), and their Mahalanobis distance from those of the
 * pictures that it was fitted to is held against a threshold. After Lee et al., "A Simple Unified Framework for
 * Detecting Out-of-Distribution Samples" (NeurIPS 2018).
 */
export const ModelPictures = z.object({
  /** In the model's folder: little-endian 32-bit floats, as `picture-gate.ts` of the engine reads them. */
  file: z.string().min(1),
  /** Numbers that a picture is pooled to. */
  dimensions: z.int().min(1).max(1024),
  /** A picture farther away than this is unlike. */
  threshold: z.number().positive(),
  /** SHA-256 of the weights whose features these are. They are not valid for others. */
  weightsSha256: Sha256,
  /** What it was fitted to, in words. */
  fittedTo: z.string(),
});
export type ModelPictures = z.infer<typeof ModelPictures>;

/**
 * How a model is asked about a region that a person drew: with that part of the frame `alone`, as its one picture, or with a
 * crop of it as a second picture `beside` the whole frame.
 */
export const RegionWay = z.enum(['alone', 'beside']);
export type RegionWay = z.infer<typeof RegionWay>;

/** What a model's maker states about it, which an import copies unchanged. */
export const ModelDescription = z.object({
  id: ModelId,
  name: z.string().min(1),
  version: z.string().min(1),
  licence: z.string().min(1),
  domain: ModelDomain,
  domainNote: z.string(),
  /**
   * The units of `bbox_2d` in the model's answers: pixels of the resized image that it was shown, or
   * thousandths of the image's width and height.
   */
  coordinateSpace: z.enum(['resized-pixels', 'normalized-1000']),
  /** If set, the model was taught coordinates that are multiples of this many units. */
  coordinateStep: z.number().positive().optional(),
  answerFormat: AnswerFormat,
  /** The labels that the model was taught, by kind of question; missing if it may give any label. */
  labels: ModelLabels.optional(),
  /** The questions that the model was taught; missing if its maker does not state them. */
  taught: ModelTeaching.optional(),
  calibration: ModelCalibration.optional(),
  pictures: ModelPictures.optional(),
  /** If this is missing, {@link regionWayOf} decides. */
  regions: RegionWay.optional(),
  /** The longest answer, in tokens, that makes sense for the model. */
  maxNewTokens: z.int().positive().optional(),
});

/**
 * How a model is asked about a region. A model of the family can take several pictures in a question. But one whose maker
 * states which questions it was taught was taught them about one picture, so a second one would make each of them untaught.
 */
export const regionWayOf = ({
  regions,
  taught,
}: Partial<Pick<z.infer<typeof ModelDescription>, 'regions' | 'taught'>>): RegionWay =>
  regions ?? (taught === undefined ? 'beside' : 'alone');

/**
 * `manifest.json` of a checkpoint folder that carries one (the embedded model does; a foreign Hugging Face
 * checkpoint doesn't). Its hashes are verified before an import.
 */
export const CheckpointManifest = z.object({
  formatVersion: z.literal(1),
  kind: z.literal('checkpoint').optional(),
  architecture: z.string().min(1),
  ...ModelDescription.shape,
  files: ModelFiles,
});
export type CheckpointManifest = z.infer<typeof CheckpointManifest>;

/**
 * The largest numbers that a model's files may claim, because loops and memory depend on them and a damaged file may claim
 * anything. The largest models of the family (72B) have a tenth of them.
 */
export const modelLimits = {
  layers: 1024,
  heads: 1024,
  /** Values in a row. */
  width: 2 ** 20,
  /** Tokens in the vocabulary. */
  vocabulary: 2 ** 22,
  /** Sides in pixels, patches or merge units. */
  side: 4096,
} as const;

const Count = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
const Heads = Count.max(modelLimits.heads);
const Width = Count.max(modelLimits.width);
const Side = Count.max(modelLimits.side);

/** The numbers of a Qwen2.5-VL `config.json` that running its graphs needs, whichever layout the file has. */
export const ModelParameters = z.object({
  hiddenSize: Width,
  layers: Count.max(modelLimits.layers),
  heads: Heads,
  keyValueHeads: Heads,
  headSize: Width,
  vocabularySize: z.int().positive(),
  maxPositions: Count,
  ropeTheta: z.number().positive(),
  /** Pairs of rotary dimensions for the time, height and width axes; the sum is headSize / 2. */
  mropeSection: z.tuple([Count, Count, Count]),
  tokens: z.object({
    image: z.int().min(0),
    visionStart: z.int().min(0),
    visionEnd: z.int().min(0),
    /** Any of these tokens ends an answer. Empty if the checkpoint names none. */
    end: z.array(z.int().min(0)).max(1000),
  }),
  vision: z.object({
    headSize: Width,
    /** Side of a square patch, in pixels. */
    patchSize: Side,
    temporalPatchSize: Side,
    channels: Side,
    /** Side of a merge unit, in patches. */
    mergeSize: Side,
    /** Side of an attention window, in merge units: 4 for window_size 112, patch 14, merge 2. */
    windowUnits: Side,
    /** Rows of pixel_values in a window: (windowUnits * mergeSize)^2, 64 for the above. */
    windowRows: Count,
    ropeTheta: z.number().positive(),
  }),
});
export type ModelParameters = z.infer<typeof ModelParameters>;

/** `manifest.json` of an imported model's directory: the graphs that the engine runs, and all it must know about them. */
export const ModelManifest = z.object({
  formatVersion: z.literal(1),
  kind: z.literal('imported'),
  /** Qwen2-VL can't be imported, but its graphs can be used in place. */
  architecture: z.enum(['qwen2_5_vl', 'qwen2_vl']),
  ...ModelDescription.shape,
  /**
   * How the weights are stored: as floats of 32 or 16 bits, or as matrices in 8 or 4 bits with a scale for each block of a
   * row's values. With int4 the vision part is in 8 bits.
   */
  dtype: z.enum(['fp32', 'fp16', 'q8', 'int4']),
  /** Values in a block of an int4 model. */
  blockSize: z.int().positive().optional(),
  /** False if the checkpoint had none. The model can then be checked against golden numbers, but not be asked. */
  tokenizer: z.boolean(),
  /**
   * SHA-256 of the checkpoint's weight files, which are read in the order of their names as if they were one file, and of
   * the adapter that was merged in.
   */
  source: z.object({
    sha256: Sha256,
    adapter: z.object({ name: z.string(), sha256: Sha256 }).optional(),
  }),
  parameters: ModelParameters,
  /**
   * The layout of the graphs. `transformers` is that of transformers.js, whose graphs keep keys and values as
   * `past_key_values` and `present`; missing for the workstation's own layout.
   */
  layout: z.literal('transformers').optional(),
  /** Paths relative to the model directory. */
  graphs: z.object({
    visionEncoder: z.string(),
    embedTokens: z.string(),
    decoder: z.string(),
    /**
     * The decoder with the same weights for a GPU, which keeps keys and values in its own memory. Missing if the model was
     * imported by an earlier version; a GPU is then sent them again at every run.
     */
    decoderInPlace: z.string().optional(),
  }),
  /** Every file of the directory except the manifest itself. */
  files: ModelFiles,
});
export type ModelManifest = z.infer<typeof ModelManifest>;
