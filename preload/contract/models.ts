import { z } from 'zod';
import { ModelSummary } from './domain.ts';
import { ErrorReport } from './errors.ts';
import { ModelManifest } from './model.ts';
import { ShownName } from './visible-text.ts';
import { JobId, ModelId, Sha256, Timestamp } from './values.ts';

/** How the weights of an imported model are stored, from the largest and most exact to the smallest. */
export const WeightDtype = ModelManifest.shape.dtype;
export type WeightDtype = z.infer<typeof WeightDtype>;

/** A model that can be chosen. */
export const ModelEntry = ModelSummary.extend({
  /**
   * In place: a folder of graphs that is used where it lies and never changed. Server: it runs on a server of the
   * hospital's own, to which the frames are sent.
   */
  kind: z.enum(['embedded', 'imported', 'in-place', 'server']),
  /** Null where only loading it tells. */
  dtype: z.string().nullable(),
  /** On the disk; null where it cannot be read. */
  bytes: z.int().min(0).nullable(),
  /** Of the weights that it was imported from. */
  sourceSha256: Sha256.nullable(),
  /**
   * The folder that the person chose, as a path: shown, never taken back. Of a server its address. Null for the
   * embedded model.
   */
  source: ShownName.nullable(),
  addedAt: Timestamp.nullable(),
  /** False: it has no tokenizer, so it cannot be asked. */
  canAsk: z.boolean(),
  /** The one that questions go to, remembered between starts. */
  chosen: z.boolean(),
  /** Why it cannot be used now: its folder is gone, for instance. */
  problem: ErrorReport.nullable(),
});
export type ModelEntry = z.infer<typeof ModelEntry>;

/** One way of importing a checkpoint. */
export const ImportChoice = z.object({
  dtype: WeightDtype,
  diskBytes: z.int().min(0),
  /** That the engine will take, estimated. */
  memoryBytes: z.int().min(0),
  /** Into the disk's free space. */
  fitsDisk: z.boolean(),
  /** Into the memory that is free now: with room to spare, barely, or not. */
  fitsMemory: z.enum(['well', 'barely', 'no']),
  recommended: z.boolean(),
  /** The part that an interrupted import has already done, 0..1; null without one. */
  interruptedAt: z.number().min(0).max(1).nullable(),
  /** The model that this very import has made before. */
  existing: ModelId.nullable(),
});
export type ImportChoice = z.infer<typeof ImportChoice>;

/** What a folder holds, told before anything is done with it. */
export const ModelFolderReport = z.object({
  kind: z.enum(['checkpoint', 'adapter', 'imported', 'in-place', 'unknown']),
  /** The folder's own name. */
  name: ShownName,
  /** `Qwen2_5_VLForConditionalGeneration`, for instance. */
  architecture: ShownName.nullable(),
  parameters: z.int().min(0).nullable(),
  weights: z
    .object({ files: z.int().min(0), bytes: z.int().min(0), dtype: z.string().nullable() })
    .nullable(),
  /** What it says of itself, where it has a manifest. */
  manifest: ModelSummary.pick({
    name: true,
    version: true,
    domain: true,
    domainNote: true,
    licence: true,
  }).nullable(),
  /** Of a LoRA adapter: the model that it names as its base, and the base's folder where it was found or chosen. */
  adapter: z
    .object({ base: ShownName.nullable(), baseFolder: ShownName.nullable(), rank: z.int().positive() })
    .nullable(),
  files: z.array(z.object({ name: ShownName, present: z.boolean() })),
  /** What stands in the way. */
  problem: ErrorReport.nullable(),
  choices: z.array(ImportChoice),
  freeDiskBytes: z.int().min(0),
  freeMemoryBytes: z.int().min(0),
  memoryBytes: z.int().min(0),
});
export type ModelFolderReport = z.infer<typeof ModelFolderReport>;

/** An import that is under way, has ended in this run of the workstation, or was interrupted in an earlier one. */
export const ModelImport = z.object({
  /** Of the model that it makes. */
  modelId: ModelId,
  /** Null where it is not under way and was not in this run. */
  jobId: JobId.nullable(),
  name: ShownName,
  /** The folder that the person chose, and the checkpoint that it is merged into where it is an adapter. */
  source: ShownName,
  base: ShownName.nullable(),
  dtype: WeightDtype,
  state: z.enum(['running', 'done', 'failed', 'interrupted']),
  /** What it is doing, in words. */
  activity: z.string().nullable(),
  /** Bytes read for hashes plus bytes written. */
  done: z.number().min(0),
  total: z.number().min(0).nullable(),
  /** Null while too little is done to tell. */
  secondsLeft: z.number().min(0).nullable(),
  error: ErrorReport.nullable(),
});
export type ModelImport = z.infer<typeof ModelImport>;
