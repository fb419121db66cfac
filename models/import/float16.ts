let table: Float32Array | undefined;

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
