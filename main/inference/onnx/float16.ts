let table: Float32Array | undefined;

/** The largest value that a half-precision float can hold. */
export const largestFloat16 = 65_504;

/** The value of each of the 65,536 half-precision bit patterns (IEEE 754 binary16). */
export function float16Values(): Float32Array {
  table ??= Float32Array.from({ length: 65_536 }, (_, bits) => float16Value(bits));
  return table;
}

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Rounds 32-bit floats to half precision, to the nearest and half to even, as hardware does.
 *
 * @param halves bit patterns, as many as there are floats
 * @returns the index of the first value that is too large, or -1
 */
export function toFloat16(floats: Float32Array, halves: Uint16Array): number {
  const patterns = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < floats.length; i++) {
    const bits = patterns[i]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fff_ffff;
    // 65,520 lies half way to what would be the next half float, so it would be rounded up to that.
    if (magnitude >= 0x477f_f000) return i;
    if (magnitude < 0x3880_0000) {
      // Below the smallest normal half float the steps are 2^-24 wide, and this scaling is exact.
      const steps = Math.abs(floats[i]!) * 2 ** 24;
      const floor = Math.floor(steps);
      const rest = steps - floor;
      halves[i] = sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
      continue;
    }
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    halves[i] = sign | ((rounded - 0x3800_0000) >>> 13);
  }
  return -1;
}
