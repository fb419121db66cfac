import { createHash } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { isDiskFull, reasonInWords } from '../../main/platform/file-errors.ts';
import { makeFolder } from '../../main/platform/make-folder.ts';
import { answerOf, parseAnswers, type AnswersHeader } from './answers.ts';
import type { EvaluationRow, RowAnswer } from './rows.ts';

/** Answers of a run, kept as they come, so that a run that was interrupted goes on where it was. */
export interface AnswerStore {
  /** The answer that is kept for this row and picture, or null. */
  find: (row: EvaluationRow, pictureSha256: string) => RowAnswer | null;
  /** @throws WorkstationError `store-full` or `store-unwritable`; what was written before stays. */
  add: (row: EvaluationRow, pictureSha256: string, answer: RowAnswer) => void;
  close: () => void;
}

type RunHeader = AnswersHeader & { modelSha256: string };

/**
 * Opens or begins the file, in a folder that is made where it is not there. Half a last line, left by a kill or a full disk, is cut off.
 *
 * @throws WorkstationError `invalid-input` when the file's answers come from another model, other settings or
 * other data; `data-malformed` when it is none of ours or damaged; `store-unwritable`.
 */
export function openAnswerStore(file: string, header: RunHeader): AnswerStore {
  const kept = statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : '';
  const begun = kept.includes('\n') ? parseAnswers(kept, file) : null;
  if (begun) checkSame(file, begun.header, header);
  const damage = begun?.problems.find(({ what }) => !what.startsWith('half a line'));
  if (damage) {
    throw new WorkstationError(
      'data-malformed',
      `The answers kept before can't be gone on from: ${damage.where}: ${damage.what}.`,
      'Begin anew with --fresh, or with another --out.',
    );
  }
  const descriptor = open(file);
  // Bytes, not characters: the file is UTF-8.
  let length = Buffer.byteLength(kept.slice(0, begun?.wholeCharacters ?? 0));
  if (kept !== '') ftruncateSync(descriptor, length);
  const append = (value: object): void => {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    try {
      // A write to a disk that is filling up may take a part, and refuse the next.
      for (let done = 0; done < bytes.length;)
        done += writeSync(descriptor, bytes, done, bytes.length - done, length + done);
    } catch (error) {
      throw unwritable(file, error);
    }
    length += bytes.length;
  };
  if (!begun) append(header);
  const lines = begun?.lines ?? new Map<string, never>();
  return {
    find: (row, pictureSha256) => {
      const line = lines.get(row.id);
      if (!line) return null;
      if (!('key' in line) || line.key !== keyOf(row, pictureSha256)) {
        throw otherRun(file, `the question or the picture of ${row.id} is another now`);
      }
      return answerOf(line, row, header);
    },
    add: (row, pictureSha256, answer) => append({ id: row.id, key: keyOf(row, pictureSha256), ...answer }),
    close: () => closeSync(descriptor),
  };

  /** What an answer depends on: the header says the model and the settings, the row and its picture the rest. */
  function keyOf(row: EvaluationRow, pictureSha256: string): string {
    const parts = [header.modelSha256, canonical(header.settings), row.id, row.question, pictureSha256];
    return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
  }
}

function checkSame(file: string, before: AnswersHeader, now: RunHeader): void {
  if (before.modelSha256 !== now.modelSha256) {
    throw otherRun(
      file,
      `they come from the model ${before.model} (${short(before.modelSha256)}), not ${now.model} (${short(now.modelSha256)})`,
    );
  }
  if (canonical(before.settings) !== canonical(now.settings)) {
    throw otherRun(
      file,
      `they were made with other settings: ${canonical(before.settings)}, not ${canonical(now.settings)}`,
    );
  }
}

const otherRun = (file: string, why: string): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `The answers kept in ${file} belong to another run: ${why}.`,
    'Begin anew with --fresh, or keep them and name another --out.',
  );

function open(file: string): number {
  try {
    makeFolder(dirname(file));
    return openSync(file, existsSync(file) ? 'r+' : 'w');
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): WorkstationError {
  const full = isDiskFull(error);
  return new WorkstationError(
    full ? 'store-full' : 'store-unwritable',
    `${file} can't be written: ${reasonInWords(error)}.`,
    full
      ? 'Make room and run the same command again: it goes on with the answers that are kept.'
      : 'Name an --out in a folder that you may write to.',
    { cause: error },
  );
}

const short = (sha256: string | undefined): string => sha256?.slice(0, 12) ?? 'unknown';

/** JSON with sorted keys, so that equal settings read equal. */
const canonical = (value: Record<string, unknown>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
