import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { assemble, kernelsBinary, kernelsText } from '../../tools/kernels.ts';

it('the WebAssembly that is loaded is what its text compiles to (npm run kernels)', async () => {
  const compiled = await assemble(kernelsText);
  expect(Buffer.compare(readFileSync(kernelsBinary), compiled)).toBe(0);
  const module = new WebAssembly.Module(Uint8Array.from(compiled));
  expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual(['horizontal', 'vertical']);
});
