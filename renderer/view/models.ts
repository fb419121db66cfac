import type {
  ImportChoice,
  ModelEntry,
  ModelFolderReport,
  WeightDtype,
} from '../../preload/contract/index.ts';
import { bytes } from './format.ts';

/** What a model was taught on, as the window says it. */
export const domainWords: Record<ModelEntry['domain'], string> = {
  synthetic: 'synthetic scenes',
  surgical: 'surgical video',
  general: 'general pictures',
  unknown: 'not stated by its maker',
};

/** How weights are stored, for a person who has to choose. */
export const dtypeWords: Record<WeightDtype, { name: string; meaning: string }> = {
  q8: { name: '8 bits', meaning: 'Next to no difference in answers.' },
  int4: { name: '4 bits', meaning: 'Smallest; labels and boxes become somewhat less exact.' },
  fp16: { name: '16-bit floats', meaning: 'For a graphics card.' },
  fp32: { name: '32-bit floats', meaning: 'As exact as can be; largest and slowest.' },
};

/** The order in which they are offered: what most people want first. */
export const dtypeOrder: readonly WeightDtype[] = ['q8', 'int4', 'fp16', 'fp32'];

/** What safetensors files call by other names. */
const storedDtypes: Readonly<Record<string, string>> = {
  BF16: '16-bit floats',
  F16: '16-bit floats',
  F32: '32-bit floats',
};

export const dtypeName = (dtype: string): string =>
  dtype in dtypeWords ? dtypeWords[dtype as WeightDtype].name : (storedDtypes[dtype] ?? dtype);

/** Why a choice may not work here; null where it will. `memoryBytes` is what the machine has in all. */
export function obstacleTo(
  choice: ImportChoice,
  { memoryBytes }: Pick<ModelFolderReport, 'memoryBytes'>,
): string | null {
  if (!choice.fitsDisk) return 'more than is free on the disk';
  if (choice.memoryBytes > memoryBytes) return 'more memory than this machine has';
  if (choice.fitsMemory === 'no') return 'more memory than is free now';
  if (choice.fitsMemory === 'barely') return 'nearly all memory that is free now';
  return null;
}

/** 3754622976 -> "3.8 billion parameters". */
export function parameterWords(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion parameters`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million parameters`;
  return `${Math.round(count / 1000)} thousand parameters`;
}

/** 75 -> "about 75 s left", 400 -> "about 7 min left". */
export function timeLeft(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.ceil(seconds))} s left`;
  if (seconds < 5400) return `about ${Math.ceil(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

/** "0.2.0 · 8 bits · 18 MB": what tells models of one name apart. */
export function modelFacts(model: ModelEntry): string {
  return [
    model.version === 'not stated' ? '' : model.version,
    model.dtype === null ? '' : dtypeName(model.dtype),
    model.bytes === null ? '' : bytes(model.bytes),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
