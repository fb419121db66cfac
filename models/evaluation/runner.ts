import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { AnswerStore } from './answer-store.ts';
import { byPicture } from './rows.ts';
import type { AnsweredRow, EvaluationRow, Problem, RowAnswer } from './rows.ts';

/**
 * Asks a model questions with known answers. It knows rows and a function that answers one of them: no video,
 * no engine, no host.
 */

export interface RunProgress {
  done: number;
  total: number;
  /** Seconds that the rest will take at the pace so far; null before the first new answer. */
  secondsLeft: number | null;
}

export interface RunOptions {
  rows: readonly EvaluationRow[];
  /** SHA-256 of the picture's file, which a kept answer must have been given to. */
  pictureSha256: (row: EvaluationRow) => Promise<string>;
  answer: (row: EvaluationRow, signal: AbortSignal) => Promise<RowAnswer>;
  /** Answers kept from an interrupted run, and where new ones go. */
  store?: AnswerStore | null;
  /** Stop at the first row that cannot be measured. */
  strict?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: RunProgress) => void;
  /** Milliseconds of any clock. */
  now: () => number;
}

export interface RunResult {
  answered: AnsweredRow[];
  /** Rows whose picture cannot be read. */
  problems: Problem[];
  answeredNow: number;
  answeredBefore: number;
}

/**
 * Asks every row, questions about one picture after one another because the engine keeps its look at a picture.
 * A picture that cannot be read costs its rows; any other error ends the run, with the answers so far kept.
 *
 * @throws WorkstationError `cancelled` when the signal is raised; what `answer` and the store throw.
 */
export async function answerRows(options: RunOptions): Promise<RunResult> {
  const { store = null, strict = false } = options;
  const signal = options.signal ?? new AbortController().signal;
  const rows = byPicture(options.rows);
  const result: RunResult = { answered: [], problems: [], answeredNow: 0, answeredBefore: 0 };
  const start = options.now();
  const report = (): void => {
    const done = result.answered.length + result.problems.length;
    const pace = result.answeredNow > 0 ? (options.now() - start) / 1000 / result.answeredNow : null;
    options.onProgress?.({
      done,
      total: rows.length,
      secondsLeft: pace === null ? null : pace * (rows.length - done),
    });
  };
  report();
  for (const row of rows) {
    throwIfAborted(signal);
    try {
      const picture = await options.pictureSha256(row);
      const kept = store?.find(row, picture) ?? null;
      const answer = kept ?? (await options.answer(row, signal));
      if (!kept) store?.add(row, picture, answer);
      result.answered.push({ row, answer });
      if (kept) result.answeredBefore++;
      else result.answeredNow++;
    } catch (error) {
      const unreadable =
        error instanceof WorkstationError &&
        (error.code === 'data-malformed' || error.code === 'file-missing');
      if (strict || !unreadable) throw error;
      result.problems.push({ where: row.id, what: error.message });
    }
    report();
  }
  return result;
}
