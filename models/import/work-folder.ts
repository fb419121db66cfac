import { createHash, randomBytes } from 'node:crypto';
import { appendFile, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { refusalOf } from '../../main/platform/file-errors.ts';
import { makeFolder } from '../../main/platform/make-folder.ts';
import { isAlive } from '../../main/platform/process-alive.ts';
import type { SourceHashes } from './checkpoint.ts';
import { pieceRanges } from './weights.ts';
import type { Piece } from './weights.ts';

const journalName = 'import.jsonl';
const JournalLine = z.union([
  z.object({ key: z.string() }),
  z.object({ source: z.object({ sha256: z.string(), adapter: z.string().nullable() }) }),
  z.object({ piece: z.int().min(0), sha256: z.string() }),
]);

/**
 * Where a model is put together, beside the place that it will have: `<out>.importing-<process>-<random>`. A
 * journal in it names what is done. An import that is interrupted leaves it as `<out>.interrupted-<random>`, and
 * one that is killed leaves it as it is; the next import of the same weights to the same place takes it over, by
 * renaming, so that only one can.
 */
export class WorkFolder {
  readonly path: string;
  source: SourceHashes | null;
  /** SHA-256 of each finished piece, by its number. */
  readonly pieces: Map<number, string>;

  private constructor(path: string, source: SourceHashes | null, pieces: Map<number, string>) {
    this.path = path;
    this.source = source;
    this.pieces = pieces;
  }

  /**
   * @param key see importKey
   * @param fresh don't take over, remove
   */
  static async open(out: string, key: string, fresh: boolean): Promise<WorkFolder> {
    makeFolder(dirname(out));
    const path = `${out}.importing-${process.pid}-${randomBytes(4).toString('hex')}`;
    let taken: WorkFolder | null = null;
    for (const left of await abandoned(out)) {
      const journal: Journal | null = fresh || taken ? null : await readJournal(left);
      if (journal?.key === key && (await rename(left, path).then(() => true, isGone))) {
        taken = new WorkFolder(path, journal.source, journal.pieces);
      } else {
        await rm(left, { recursive: true, force: true });
      }
    }
    if (taken) return taken;
    makeFolder(join(path, 'onnx'));
    const work = new WorkFolder(path, null, new Map());
    await work.note({ key });
    return work;
  }

  async noteSource(source: SourceHashes): Promise<void> {
    this.source = source;
    await this.note({ source });
  }

  async notePiece(piece: number, sha256: string): Promise<void> {
    this.pieces.set(piece, sha256);
    await this.note({ piece, sha256 });
  }

  /** Forgets the pieces whose bytes are not those that were noted: their file may not have reached the disk. */
  async verify(pieces: readonly Piece[], folder: string, onPiece: (index: number) => void): Promise<void> {
    for (const [index, expected] of [...this.pieces]) {
      const piece = pieces[index];
      if (piece && (await hashPiece(folder, piece)) === expected) onPiece(index);
      else this.pieces.delete(index);
    }
  }

  /** The journal is no part of the model. */
  async finish(): Promise<void> {
    await rm(join(this.path, journalName), { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  /** Leaves the work for a later import, if any is done. */
  async release(out: string): Promise<void> {
    if (this.pieces.size === 0) await this.remove();
    else await rename(this.path, `${out}.interrupted-${randomBytes(4).toString('hex')}`);
  }

  private async note(line: z.infer<typeof JournalLine>): Promise<void> {
    await appendFile(join(this.path, journalName), `${JSON.stringify(line)}\n`);
  }
}

/** What has to be the same for work to be gone on with: every piece and its place, and the files read. */
export async function importKey(pieces: readonly Piece[], sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(pieces));
  for (const file of sources) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Folders of imports into the same place that no running process owns. */
async function abandoned(out: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dirname(out))) {
    const match = /^\.(importing|interrupted)-(\d*)/.exec(
      name.startsWith(basename(out)) ? name.slice(basename(out).length) : '',
    );
    if (!match || (match[1] === 'importing' && (match[2] === '' || isAlive(Number(match[2]))))) continue;
    found.push(join(dirname(out), name));
  }
  return found;
}

interface Journal {
  key: string | null;
  source: SourceHashes | null;
  pieces: Map<number, string>;
}

async function readJournal(folder: string): Promise<Journal> {
  const journal: Journal = { key: null, source: null, pieces: new Map() };
  const text = await readFile(join(folder, journalName), 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const parsed = JournalLine.safeParse(parseJson(line));
    // A process that was killed may have left half a line.
    if (!parsed.success) continue;
    if ('key' in parsed.data) journal.key = parsed.data.key;
    else if ('source' in parsed.data) journal.source = parsed.data.source;
    else journal.pieces.set(parsed.data.piece, parsed.data.sha256);
  }
  return journal;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null;
  }
}

async function hashPiece(folder: string, piece: Piece): Promise<string | null> {
  const hash = createHash('sha256');
  const handle = await open(join(folder, piece.file), 'r').catch(isGone);
  if (!handle) return null;
  try {
    for (const [at, bytes] of pieceRanges(piece)) {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await handle.read(buffer, 0, bytes, at);
      if (bytesRead !== bytes) return null;
      hash.update(buffer);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

function isGone(error: unknown): false {
  if (refusalOf(error) === 'missing') return false;
  throw error;
}

/** What interrupted imports into a place have left there. */
export interface Interrupted {
  folder: string;
  /** See importKey; null where even that was not written. */
  key: string | null;
  /** Numbers of the finished pieces. */
  pieces: number[];
}

/** Interrupted imports into the place `out` that no running process owns. */
export async function findInterrupted(out: string): Promise<Interrupted[]> {
  const folders = await abandoned(out).catch((error: unknown) => {
    // Nothing was ever imported here.
    isGone(error);
    return [];
  });
  return Promise.all(
    folders.map(async (folder) => {
      const { key, pieces } = await readJournal(folder);
      return { folder, key, pieces: [...pieces.keys()] };
    }),
  );
}

/** Removes what interrupted imports into the place `out` have left. */
export async function discardInterrupted(out: string): Promise<void> {
  for (const { folder } of await findInterrupted(out)) await rm(folder, { recursive: true, force: true });
}
