/** A part of a file, from its first byte to the byte behind its last. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** What can be read at any place, as a file can. */
export interface ByteSource {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

/** Bytes in all pieces together. */
export const bytesIn = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { start, end }) => sum + end - start, 0);

/** The bytes from `start` to before `end` of pieces that lie one behind the other. */
export function part(pieces: readonly Piece[], start: number, end: number): Piece[] {
  const found: Piece[] = [];
  let before = 0;
  for (const piece of pieces) {
    const from = piece.start + Math.max(0, start - before);
    const to = Math.min(piece.end, piece.start + end - before);
    if (from < to) found.push({ start: from, end: to });
    before += piece.end - piece.start;
  }
  return found;
}

/** Pieces of a file as if they lay one behind the other in a file of their own; the file itself where there are none. */
export function joined(file: ByteSource, pieces: readonly Piece[] | null | undefined): ByteSource {
  return pieces ? { read: (...where) => readJoined(file, pieces, ...where) } : file;
}

async function readJoined(
  file: ByteSource,
  pieces: readonly Piece[],
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
): Promise<{ bytesRead: number }> {
  let bytesRead = 0;
  let before = 0;
  for (const { start, end } of pieces) {
    const within = position + bytesRead - before;
    const most = Math.min(length - bytesRead, end - start - within);
    before += end - start;
    if (most <= 0) continue;
    const { bytesRead: done } = await file.read(buffer, offset + bytesRead, most, start + within);
    bytesRead += done;
    if (done < most) break;
  }
  return { bytesRead };
}
