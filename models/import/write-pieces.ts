import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { unpackError, type CarriedError } from '../../main/platform/carried-error.ts';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import { PieceConverter } from './convert.ts';
import { pieceBytes } from './weights.ts';
import type { Piece } from './weights.ts';

/** Below this, starting threads takes longer than they save. */
const bytesForThreads = 64 * 1024 * 1024;
/** More threads than these only wait for the disk, and each has a piece in memory. */
const mostThreads = 4;

/** Converts pieces, writes them to their places, and hashes what it has written. */
export class PieceWriter {
  private readonly folder: string;
  private readonly converter = new PieceConverter();
  private readonly targets = new Map<string, FileHandle>();

  /** @param folder of the external files, which exist in their full length */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns SHA-256 of the piece's values and scales */
  async write(piece: Piece): Promise<string> {
    const target = this.targets.get(piece.file) ?? (await open(join(this.folder, piece.file), 'r+'));
    this.targets.set(piece.file, target);
    const { values, scales } = await this.converter.convert(piece);
    const hash = createHash('sha256').update(values);
    await writeAt(target, values, piece.valuesAt);
    if (scales && piece.scalesAt !== null) {
      hash.update(scales);
      await writeAt(target, scales, piece.scalesAt);
    }
    return hash.digest('hex');
  }

  async close(): Promise<void> {
    for (const target of this.targets.values()) await target.close();
    await this.converter.close();
  }
}

export interface WriteOptions {
  folder: string;
  /** Number of threads; by default what the machine and the amount of work suggest. 0: none but this one. */
  threads: number | undefined;
  signal: AbortSignal | undefined;
  /** A piece is on the disk. */
  onPiece: (index: number, sha256: string) => Promise<void>;
}

/** Writes the pieces at `indices`, in this thread or in several. */
export async function writePieces(
  pieces: readonly Piece[],
  indices: readonly number[],
  options: WriteOptions,
): Promise<void> {
  const bytes = indices.reduce((sum, index) => sum + pieceBytes(pieces[index]!), 0);
  const suggested = bytes < bytesForThreads ? 0 : Math.min(mostThreads, availableParallelism());
  const threads = Math.min(options.threads ?? suggested, indices.length);
  const queue = indices[Symbol.iterator]();
  const lanes =
    threads === 0
      ? [new PieceWriter(options.folder)]
      : Array.from({ length: threads }, () => startThread(options));
  const state = { failed: false };
  const ends = await Promise.allSettled(
    lanes.map(async (lane) => {
      try {
        for (const index of queue) {
          throwIfAborted(options.signal);
          if (state.failed) return;
          await options.onPiece(index, await lane.write(pieces[index]!));
        }
      } catch (error) {
        state.failed = true;
        throw error;
      } finally {
        await lane.close();
      }
    }),
  );
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}

/** What a thread answers to a piece. */
export type PieceReply = { sha256: string } | { error: CarriedError };

/** A thread with a PieceWriter in it, asked for one piece at a time. */
function startThread({ folder }: WriteOptions): Pick<PieceWriter, 'write' | 'close'> {
  const worker = new Worker(new URL('./piece-worker.ts', import.meta.url), { workerData: { folder } });
  return {
    write: (piece) =>
      new Promise((resolve, reject) => {
        const settle = (reply: PieceReply): void => {
          worker.off('error', reject);
          if ('sha256' in reply) resolve(reply.sha256);
          else reject(unpackError(reply.error));
        };
        worker.once('message', settle);
        worker.once('error', reject);
        worker.postMessage(piece);
      }),
    close: () =>
      new Promise((resolve) => {
        worker.once('exit', () => {
          resolve();
        });
        worker.postMessage(null);
      }),
  };
}

/** Makes an external file of its full length; what no piece fills is 0. One that is there keeps its content. */
export async function makeFile(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'a');
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
