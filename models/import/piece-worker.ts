import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../main/platform/carried-error.ts';
import type { Piece } from './weights.ts';
import { PieceWriter } from './write-pieces.ts';
import type { PieceReply } from './write-pieces.ts';

/** Writes the pieces that it is sent, one at a time, and ends at null. */
const { folder } = workerData as { folder: string };
const writer = new PieceWriter(folder);
const port = parentPort!;

async function answer(piece: Piece): Promise<PieceReply> {
  try {
    return { sha256: await writer.write(piece) };
  } catch (error) {
    return { error: packError(error) };
  }
}

port.on('message', (piece: Piece | null) => {
  if (piece === null) void writer.close().finally(() => port.close());
  else void answer(piece).then((reply) => port.postMessage(reply));
});
