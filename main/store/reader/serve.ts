import Database from 'better-sqlite3';
import { packError, type CarriedError } from '../../platform/carried-error.ts';
import { Connection, type UnreadableRow } from '../database.ts';
import { toStoreError } from '../failure.ts';
import type { HomeLayout } from '../home.ts';
import { BUSY_MILLISECONDS } from '../inspect.ts';
import type { ReaderQueries } from './query.ts';

/** A message to the thread: to run a query, or to end one for which nobody waits any more. */
export type ReaderRequest =
  { kind: 'run'; id: number; name: string; input: unknown } | { kind: 'cancel'; id: number };

/** A message from the thread. */
export type ReaderReply =
  | { kind: 'ready' }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: CarriedError }
  | { kind: 'log'; message: string; fields: Readonly<Record<string, unknown>> }
  | { kind: 'damage' }
  | { kind: 'unreadable'; row: UnreadableRow };

/** The connection to the thread that asks, of which a `MessagePort` is one. */
export interface ReaderPort {
  postMessage(reply: ReaderReply): void;
  on(event: 'message', listener: (request: ReaderRequest) => void): unknown;
}

/**
 * Answers queries in this thread. Each has a read-only connection with a snapshot of its own, so that writers do not wait for
 * it and it does not see what they write. Several queries take turns, page by page.
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

/** Opens a read-only connection with a transaction, which keeps seeing the database as it is at the first read. */
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
