import { fileURLToPath } from 'node:url';

/** The engine's entry, as source beside this file or as its built form. */
export function engineEntry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./engine-process.${extension}`, import.meta.url));
}
