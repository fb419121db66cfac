/** Rows of `[count, row]` numbers, without a copy. */
export function rowsOf(numbers: Float32Array, count: number): Float32Array[] {
  const size = numbers.length / count;
  return Array.from({ length: count }, (_, row) => numbers.subarray(row * size, (row + 1) * size));
}

/** Numbers one after another in one array; those of one piece are not copied. */
export function joined(pieces: readonly Float32Array[]): Float32Array {
  const [first] = pieces;
  if (first === undefined || pieces.length === 1) return first ?? new Float32Array(0);
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
