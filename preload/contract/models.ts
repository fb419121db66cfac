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
   * `in-place` stands for a folder of graphs that is used where it lies and never changed, `server` for a model on the
   * hospital's own server, to which the frames are sent.
   */
  kind: z.enum(['embedded', 'imported', 'in-place', 'server']),
  /** Null if that is only known after loading it. */
  dtype: z.string().nullable(),
  /** Size on the disk; null if it can't be read. */
  bytes: z.int().min(0).nullable(),
  /** SHA-256 of the weights from which it was imported. */
  sourceSha256: Sha256.nullable(),
  /**
   * The path of the folder that the person chose, or the address of a server; null for the embedded model. It is only shown:
   * no call takes it.
   */
  source: ShownName.nullable(),
  addedAt: Timestamp.nullable(),
  /** False if it has no tokenizer, so that it can't be asked. */
  canAsk: z.boolean(),
  /** Whether it is the model that a person has chosen, which is remembered over restarts. */
  chosen: z.boolean(),
  /** Why it can't be used now, for instance because its folder is gone. */
  problem: ErrorReport.nullable(),
});
export type ModelEntry = z.infer<typeof ModelEntry>;

/** One way of importing a checkpoint. */
export const ImportChoice = z.object({
  dtype: WeightDtype,
  diskBytes: z.int().min(0),
  /** Estimated memory that the engine will take. */
  memoryBytes: z.int().min(0),
  /** Whether it fits into the free space of the disk. */
  fitsDisk: z.boolean(),
  /** Whether it fits into the memory that is free now: with room to spare, barely, or not. */
  fitsMemory: z.enum(['well', 'barely', 'no']),
  recommended: z.boolean(),
  /** The part that an interrupted import has already done, 0..1; null without one. */
  interruptedAt: z.number().min(0).max(1).nullable(),
  /** The model that the same import has made before. */
  existing: ModelId.nullable(),
});
export type ImportChoice = z.infer<typeof ImportChoice>;

/** What a folder holds, so that a person can decide before anything is done with it. */
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
  /** What its manifest says, if it has one. */
  manifest: ModelSummary.pick({
    name: true,
    version: true,
    domain: true,
    domainNote: true,
    licence: true,
  }).nullable(),
  /** For a LoRA adapter, the base model that it names, and the folder of that model if it was found or chosen. */
  adapter: z
    .object({ base: ShownName.nullable(), baseFolder: ShownName.nullable(), rank: z.int().positive() })
    .nullable(),
  files: z.array(z.object({ name: ShownName, present: z.boolean() })),
  /** What prevents it from being used. */
  problem: ErrorReport.nullable(),
  choices: z.array(ImportChoice),
  freeDiskBytes: z.int().min(0),
  freeMemoryBytes: z.int().min(0),
  memoryBytes: z.int().min(0),
});
export type ModelFolderReport = z.infer<typeof ModelFolderReport>;

/** An import that is under way, has ended in this run of the workstation, or was interrupted in an earlier one. */
export const ModelImport = z.object({
  /** The id of the model that the import makes. */
  modelId: ModelId,
  /** Null if it was not under way in this run. */
  jobId: JobId.nullable(),
  name: ShownName,
  /** The folder that the person chose and, if it is an adapter, the checkpoint into which it is merged. */
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
