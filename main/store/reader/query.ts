import type { Connection, ReadableDatabase } from '../database.ts';
import type { HomeLayout } from '../home.ts';

/** What a query may read from. */
export interface ReaderContext {
  readonly database: ReadableDatabase & Pick<Connection, 'inspect'>;
  readonly layout: HomeLayout;
}

/**
 * A query that may take long. Input and output are plain data, because they are sent between threads. `run` yields between
 * pages, so that other queries have their turn and one for which nobody waits any more can be ended.
 */
export interface ReaderQuery<Input, Output> {
  /**
   * Whether there is so little to read that starting a thread would take longer. It must be cheap to find out. Without it, the
   * query always runs in the thread.
   */
  readonly isSmall?: (context: ReaderContext, input: Input) => boolean;
  readonly run: (context: ReaderContext, input: Input) => Generator<null, Output>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- queries of every input stand in one table
export type ReaderQueries = Readonly<Record<string, ReaderQuery<any, any>>>;

export type InputOf<Query> = Query extends ReaderQuery<infer Input, unknown> ? Input : never;
export type OutputOf<Query> = Query extends { run: (...given: never[]) => Generator<null, infer Output> }
  ? Output
  : never;

/** Runs a query to its end at once, without a turn for anything else. */
export function runAtOnce<Output>(work: Generator<null, Output>): Output {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
