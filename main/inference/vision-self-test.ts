import { WorkstationError } from '../../preload/contract/errors.ts';
import type { ModelRunner } from './model-runner.ts';

/** Side in pixels of the two test pictures: one attention window of the usual sizes. */
const side = 112;

/**
 * Shows the model an empty picture and a patterned one. A model whose last logits are the same for both, or
 * no numbers at all, does not see, and its answers would be guesses from the question's wording.
 *
 * @throws WorkstationError `model-mismatch` for a blind or broken model.
 */
export async function checkThatModelSees(runner: ModelRunner): Promise<void> {
  const empty = await lastLogits(runner, () => 128);
  const patterned = await lastLogits(runner, (x, y, channel) =>
    channel === 0 ? (x * 2) % 256 : channel === 1 ? (y * 2) % 256 : (x >> 4) % 2 === (y >> 4) % 2 ? 240 : 16,
  );
  let difference = 0;
  for (let index = 0; index < empty.length; index += 1) {
    const first = empty[index]!;
    const second = patterned[index]!;
    if (!Number.isFinite(first) || !Number.isFinite(second)) {
      throw new WorkstationError(
        'model-mismatch',
        'The model gives values that are no numbers for a test picture.',
        'Its weights are damaged, or don’t suit this device: import it again, or choose the CPU.',
      );
    }
    difference = Math.max(difference, Math.abs(first - second));
  }
  if (difference < 1e-4) {
    throw new WorkstationError(
      'model-mismatch',
      'The model does not see: an empty and a patterned test picture give the same output.',
      'Check that the checkpoint has its vision weights, and import it again.',
    );
  }
}

async function lastLogits(
  runner: ModelRunner,
  pixel: (x: number, y: number, channel: number) => number,
): Promise<Float32Array> {
  const rgb = new Uint8Array(side * side * 3);
  for (let index = 0; index < rgb.length; index += 1) {
    const place = Math.floor(index / 3);
    rgb[index] = pixel(place % side, Math.floor(place / side), index % 3);
  }
  const image = runner.prepareImage({ rgb, width: side, height: side });
  const features = await runner.encodeImage(image);
  const { tokens } = runner.model.manifest.parameters;
  const units = runner.units(image.grid);
  const ids = [tokens.visionStart, ...Array<number>(units).fill(tokens.image), tokens.visionEnd];
  return runner.prefill({
    embeddings: await runner.embed(ids, [features]),
    positions: runner.positions(ids, [image.grid]),
    from: 0,
    to: ids.length,
    cache: runner.newCache(ids.length),
    keep: 'last',
  });
}
