import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { RgbImage } from '../image/image-processor.ts';
import type { ModelRunner } from './model-runner.ts';

/** Side of a card in pixels: one attention window of the usual sizes, 16 tokens. */
const side = 112;
const grey = [128, 128, 128] as const;
const red = [230, 40, 30] as const;
const blue = [30, 60, 220] as const;
const squareSide = 36;
const discRadius = 20;

/**
 * Least {@link reactionToCards} of a model that sees. Measured on the CPU:
 *
 * | model | fp32 | q8 | int4 |
 * |---|---|---|---|
 * | the embedded one | 0.071 | | 0.074 |
 * | random weights: tied, untied | 0.60, 1.03 | | 0.59 (tied) |
 * | any of these, features set to zero or to those of one card | 0 | 0 | 0 |
 * | features that differ a thousandth of what they did: embedded | 0.0003 | 0.009 | 0.006 |
 * | the same: random weights | 0.001, 0.003 | | 0.020 |
 *
 * The last two rows are what rounding adds in 8-bit arithmetic. The same card twice gives exactly 0.
 */
const leastReaction = 0.02;

/**
 * Shows the model two drawn cards, with a red square and a blue disc on grey, that have changed places on the second.
 * A model whose next token is the same after both, or no number at all, does not see, and its answers would be
 * guesses from the question's wording. Nothing is read from what it would write, so that any vocabulary will do.
 *
 * @throws WorkstationError `model-mismatch` for a blind or broken model.
 */
export async function checkThatModelSees(runner: ModelRunner): Promise<void> {
  const reaction = await reactionToCards(runner);
  if (reaction >= leastReaction) return;
  const found = reaction === 0 ? 'the same' : `almost the same (they differ by ${reaction.toPrecision(2)})`;
  throw new WorkstationError(
    'model-mismatch',
    `The model does not see: two test pictures, with a square and a disc at other places, give ${found} output.`,
    'Check that the checkpoint has its vision weights, and import it again.',
  );
}

/**
 * How far the logits after one card are from those after the other, in units of their own spread: 0 for the same, 1.4
 * for logits that have nothing to do with each other. Their mean is taken off before, since a constant over all
 * logits changes no probability. Unlike a distance of distributions it does not vanish where a model is sure of its
 * next token whatever it sees, a line break for instance.
 *
 * @throws WorkstationError `model-mismatch` where a value is no number.
 */
export async function reactionToCards(runner: ModelRunner): Promise<number> {
  const first = centred(await lastLogits(runner, card([10, 10], [82, 82])));
  const second = centred(await lastLogits(runner, card([66, 66], [30, 30])));
  const difference = first.map((value, index) => value - second[index]!);
  const spread = (meanSquare(first) + meanSquare(second)) / 2;
  return spread === 0 ? 0 : Math.sqrt(meanSquare(difference) / spread);
}

/** @param square Its corner at the top left; `disc` its centre, both in pixels. */
function card(square: readonly [number, number], disc: readonly [number, number]): RgbImage {
  const rgb = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const inSquare =
        x >= square[0] && x < square[0] + squareSide && y >= square[1] && y < square[1] + squareSide;
      const inDisc = (x - disc[0]) ** 2 + (y - disc[1]) ** 2 < discRadius ** 2;
      rgb.set(inSquare ? red : inDisc ? blue : grey, (y * side + x) * 3);
    }
  }
  return { rgb, width: side, height: side };
}

function centred(logits: Float32Array): Float64Array {
  const values = Float64Array.from(logits);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
}

/** Logits `[vocabulary]` behind nothing but the picture between its two marks. */
async function lastLogits(runner: ModelRunner, picture: RgbImage): Promise<Float32Array> {
  const image = runner.prepareImage(picture);
  const features = await runner.encodeImage(image);
  refuseNoNumbers(features, 'vision part');
  const { tokens } = runner.model.manifest.parameters;
  const units = runner.units(image.grid);
  const ids = [tokens.visionStart, ...Array<number>(units).fill(tokens.image), tokens.visionEnd];
  const cache = runner.newCache(ids.length);
  try {
    const logits = await runner.prefill({
      embeddings: await runner.embed(ids, [features]),
      positions: runner.positions(ids, [image.grid]),
      from: 0,
      to: ids.length,
      cache,
      keep: 'last',
    });
    refuseNoNumbers(logits, 'text part');
    return logits;
  } finally {
    cache.dispose();
  }
}

function refuseNoNumbers(values: Float32Array, part: string): void {
  if (values.every((value) => Number.isFinite(value))) return;
  throw new WorkstationError(
    'model-mismatch',
    `The model’s ${part} gives values that are no numbers for a test picture.`,
    'Its weights are damaged, or don’t suit this device: import it again, or choose the CPU.',
  );
}
