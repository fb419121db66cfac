import Database from 'better-sqlite3';
import { packError, type CarriedError } from '../../platform/carried-error.ts';
import { Connection, type UnreadableRow } from '../database.ts';
import { toStoreError } from '../failure.ts';
import type { HomeLayout } from '../home.ts';
import { BUSY_MILLISECONDS } from '../inspect.ts';
import type { ReaderQueries } from './query.ts';

/** What the thread is told: to run a query, or that nobody waits for its result any more. */
export type ReaderRequest =
  { kind: 'run'; id: number; name: string; input: unknown } | { kind: 'cancel'; id: number };

/** What the thread tells. */
export type ReaderReply =
  | { kind: 'ready' }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: CarriedError }
  | { kind: 'log'; message: string; fields: Readonly<Record<string, unknown>> }
  | { kind: 'damage' }
  | { kind: 'unreadable'; row: UnreadableRow };

/** The way to the thread that asks; a `MessagePort` is one. */
export interface ReaderPort {
  postMessage(reply: ReaderReply): void;
  on(event: 'message', listener: (request: ReaderRequest) => void): unknown;
}

/**
 * Answers queries in this thread, each on a read-only connection and a snapshot of its own, so that what is written meanwhile
 * neither waits for it nor shows in it. Several take turns, page by page.
 */
export function serveQueries(port: ReaderPort, layout: HomeLayout, queries: ReaderQueries): void {
  const running = new Set<number>();

  const start = (id: number, name: string, input: unknown): void => {
    let connection: Connection | null = null;
    const end = (reply: ReaderReply | null): void => {
      running.delete(id);
      connection?.close();
      if (reply !== null) port.postMessage(reply);
    };
    const fail = (error: unknown): void =>
      end({ kind: 'error', id, error: packError(toStoreError(error, layout.database)) });
    try {
      const query = queries[name];
      if (query === undefined) throw new Error(`there is no query ${name}`);
      connection = openSnapshot(port, layout);
      const work = query.run({ database: connection, layout }, input);
      const turn = (): void => {
        try {
          if (!running.has(id)) return end(null);
          const step = work.next();
          if (step.done === true) end({ kind: 'value', id, value: step.value });
          else setImmediate(turn);
        } catch (error) {
          fail(error);
        }
      };
      running.add(id);
      turn();
    } catch (error) {
      fail(error);
    }
  };

  port.on('message', (request) => {
    if (request.kind === 'run') start(request.id, request.name, request.input);
    else running.delete(request.id);
  });
  port.postMessage({ kind: 'ready' });
}

/** A connection that can't write, in a transaction that sees the database as it is at its first read. */
function openSnapshot(port: ReaderPort, layout: HomeLayout): Connection {
  const database = new Database(layout.database, {
    readonly: true,
    fileMustExist: true,
    timeout: BUSY_MILLISECONDS,
  });
  try {
    database.pragma('trusted_schema = OFF');
    database.exec('BEGIN');
  } catch (error) {
    database.close();
    throw error;
  }
  const tell = (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    port.postMessage({ kind: 'log', message, fields });
  return new Connection(database, {
    log: { debug: () => undefined, info: tell, warn: tell },
    onDamage: () => port.postMessage({ kind: 'damage' }),
    onUnreadable: (row) => port.postMessage({ kind: 'unreadable', row }),
  });
}
