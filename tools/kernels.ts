import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import openAssembler from 'wabt';

/** The engine's WebAssembly: what a person reads and changes, and what is loaded, which is checked in beside it. */
const folder = resolve(import.meta.dirname, '..', 'main', 'inference', 'image');
export const kernelsText = join(folder, 'resample-kernels.wat');
export const kernelsBinary = join(folder, 'resample-kernels.wasm');

/** The bytes of a module from its text. Throws with the line and what is wrong in it. */
export async function assemble(file: string): Promise<Uint8Array> {
  const assembler = await openAssembler();
  const parsed = assembler.parseWat(basename(file), readFileSync(file, 'utf8'));
  try {
    parsed.validate();
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

// `npm run kernels`, after a change of the text; a test compares the two files.
if (import.meta.main) {
  const bytes = await assemble(kernelsText);
  writeFileSync(kernelsBinary, bytes);
  process.stdout.write(`${basename(kernelsBinary)}: ${bytes.length} bytes\n`);
}
