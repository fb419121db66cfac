import type { Size } from '../../preload/contract/values.ts';

/** Pillow's bicubic resampling of RGB bytes, one number after another: what the engine's has to be equal to. */
export function plainResample(rgb: Uint8Array, size: Size, target: Size): Uint8Array {
  // Samples of a line are `step` bytes apart; lines are pixels' channels of one row, or of one column.
  const wide = new Uint8Array(target.width * size.height * 3);
  for (let row = 0; row < size.height; row += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = { bytes: rgb, at: row * size.width * 3 + channel, step: 3, length: size.width };
      const to = { bytes: wide, at: row * target.width * 3 + channel, step: 3, length: target.width };
      resampleLine(from, to);
    }
  }
  const resized = new Uint8Array(target.width * target.height * 3);
  const step = target.width * 3;
  for (let column = 0; column < step; column += 1) {
    const from = { bytes: wide, at: column, step, length: size.height };
    resampleLine(from, { bytes: resized, at: column, step, length: target.height });
  }
  return resized;
}

interface Line {
  bytes: Uint8Array;
  at: number;
  step: number;
  length: number;
}

function resampleLine(from: Line, to: Line): void {
  const scale = from.length / to.length;
  const widening = Math.max(scale, 1);
  const one = 2 ** 22;
  for (let index = 0; index < to.length; index += 1) {
    const centre = (index + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - 2 * widening + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 2 * widening + 0.5), from.length);
    const weights: number[] = [];
    // One after another, as Pillow adds them up.
    let total = 0;
    for (let sample = first; sample < end; sample += 1) {
      const weight = keys((sample - centre + 0.5) * (1 / widening));
      weights.push(weight);
      total += weight;
    }
    let sum = one / 2;
    weights.forEach((weight, place) => {
      const fixed = (weight / total) * one;
      const value = from.bytes[from.at + (first + place) * from.step]!;
      sum += value * Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    to.bytes[to.at + index * to.step] = Math.min(Math.max(Math.floor(sum / one), 0), 255);
  }
}

/** The cubic convolution kernel with a = -0.5 (Keys, 1981). */
function keys(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((-0.5 + 2) * x - (-0.5 + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}
