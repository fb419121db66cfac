import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import { PieceConverter } from './convert.ts';
import type { Piece } from './weights.ts';

/**
 * Converts pieces and writes them to their places.
 *
 * @param folder of the external files, which exist in their full length
 * @param onBytes called with the number of bytes just written
 */
export async function writePieces(
  folder: string,
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const converter = new PieceConverter();
  const targets = new Map<string, FileHandle>();
  try {
    for (const piece of pieces) {
      throwIfAborted(signal);
      const target = targets.get(piece.file) ?? (await open(join(folder, piece.file), 'r+'));
      targets.set(piece.file, target);
      const { values, scales } = await converter.convert(piece);
      await writeAt(target, values, piece.valuesAt);
      if (scales && piece.scalesAt !== null) await writeAt(target, scales, piece.scalesAt);
      onBytes(values.length + (scales?.length ?? 0));
    }
    for (const target of targets.values()) await target.sync();
  } finally {
    for (const target of targets.values()) await target.close();
    await converter.close();
  }
}

/** Makes an external file of its full length; what no piece fills is 0. */
export async function makeFile(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

async function writeAt(target: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await target.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
