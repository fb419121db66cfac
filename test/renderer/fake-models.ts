import type { ModelEntry, ModelFolderReport, ModelImport } from '../../preload/contract/index.ts';

const id = <T extends string>(text: string): T => text as T;
const added = Date.UTC(2026, 10, 20, 9, 5);
const gigabyte = 1e9;

/** The model that comes with the workstation. */
export const embeddedModel: ModelEntry = {
  id: id('surgery-r1-nano'),
  name: 'Surgery-R1 nano',
  version: '0.1.0',
  embedded: true,
  domain: 'synthetic',
  domainNote: 'Taught on drawn scenes alone. It has never seen a patient; do not trust it on real video.',
  licence: 'Apache-2.0',
  kind: 'embedded',
  dtype: 'q8',
  bytes: 18_000_000,
  sourceSha256: 'ab'.repeat(32),
  source: null,
  addedAt: null,
  canAsk: true,
  chosen: true,
  problem: null,
};

export const importedModel: ModelEntry = {
  ...embeddedModel,
  id: id('surgery-r1-7b--int4-0123456789'),
  name: 'surgery-r1-7b',
  version: '3f9a1c2b7d10',
  embedded: false,
  domain: 'unknown',
  domainNote: 'Imported from a checkpoint that does not say what it was taught on.',
  licence: 'not stated; see where the checkpoint came from',
  kind: 'imported',
  dtype: 'int4',
  bytes: 5_200_000_000,
  source: '/home/reviewer/models/surgery-r1-7b',
  addedAt: added,
  chosen: false,
};

export const folderModel: ModelEntry = {
  ...importedModel,
  id: id('in-place-0123456789abcdef'),
  name: 'Qwen2.5-VL-3B-Instruct-ONNX',
  version: 'used in place',
  kind: 'in-place',
  dtype: null,
  source: '/home/reviewer/models/Qwen2.5-VL-3B-Instruct-ONNX',
};

/** A whole checkpoint of 7 billion parameters, on a machine that can hold it in 4 bits. */
export const checkpointReport: ModelFolderReport = {
  kind: 'checkpoint',
  name: 'surgery-r1-7b',
  architecture: 'Qwen2_5_VLForConditionalGeneration',
  parameters: 8_292_166_656,
  weights: { files: 5, bytes: 16_584_333_312, dtype: 'BF16' },
  manifest: null,
  adapter: null,
  files: [
    'config.json',
    'preprocessor_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'model.safetensors.index.json',
  ].map((name) => ({ name, present: true })),
  problem: null,
  choices: [
    { dtype: 'fp32', diskBytes: 33.2 * gigabyte, memoryBytes: 42 * gigabyte },
    { dtype: 'fp16', diskBytes: 16.6 * gigabyte, memoryBytes: 21 * gigabyte },
    { dtype: 'q8', diskBytes: 9.4 * gigabyte, memoryBytes: 12 * gigabyte },
    { dtype: 'int4', diskBytes: 5.9 * gigabyte, memoryBytes: 7.6 * gigabyte },
  ].map(({ dtype, diskBytes, memoryBytes }) => ({
    dtype: dtype as 'fp32' | 'fp16' | 'q8' | 'int4',
    diskBytes: Math.round(diskBytes),
    memoryBytes: Math.round(memoryBytes),
    fitsDisk: diskBytes < 30 * gigabyte,
    fitsMemory: memoryBytes < 8 * gigabyte ? 'well' : memoryBytes < 14 * gigabyte ? 'barely' : 'no',
    recommended: dtype === 'int4',
    interruptedAt: null,
    existing: null,
  })),
  freeDiskBytes: 30 * gigabyte,
  freeMemoryBytes: 12_400_000_000,
  memoryBytes: 16 * gigabyte,
};

export const runningImport: ModelImport = {
  modelId: importedModel.id,
  jobId: id('job9'),
  name: 'surgery-r1-7b',
  source: '/home/reviewer/models/surgery-r1-7b',
  base: null,
  dtype: 'int4',
  state: 'running',
  activity: 'Converting the weights',
  done: 9.1 * gigabyte,
  total: 28 * gigabyte,
  secondsLeft: 412,
  error: null,
};
