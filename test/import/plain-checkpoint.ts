import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const nano = join(import.meta.dirname, '../../models/nano');
const files = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

/** Copies the embedded model's checkpoint as Hugging Face would have it: without our manifest. Returns the folder. */
export function copyPlainCheckpoint(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of files) cpSync(join(nano, name), join(folder, name));
  return folder;
}
