import type Database from 'better-sqlite3';
import { z } from 'zod';
import { connect } from './connect.ts';
import { stackOf } from '../../preload/contract/errors.ts';
import { isDamage, toStoreError } from './failure.ts';
import type { Log } from '../platform/log.ts';

export type SqlValue = string | number | null | Uint8Array;
export type SqlParameters = Readonly<Record<string, SqlValue>>;

/** A statement with the name that the log knows it by. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
}

export const statement = (name: string, sql: string): Statement => ({ name, sql });

declare const readable: unique symbol;
declare const writable: unique symbol;

/** A database that may be read. Rows are `unknown` until a schema has checked them. */
export interface ReadableDatabase {
  readonly [readable]: true;
  get(statement: Statement, parameters?: SqlParameters): unknown;
  all(statement: Statement, parameters?: SqlParameters): unknown[];
  /** Reports that a row, or some of its fields, can't be read and is not shown. */
  tellUnreadable(row: UnreadableRow): void;
}

/** A row that can't be read, as something else has changed it. It is named by table and id, never by its values. */
export interface UnreadableRow {
  readonly table: string;
  readonly id: string;
  /** The fields that are left out; null if the whole row is. */
  readonly fields: readonly string[] | null;
}

/** A database that may also be written. Functions that only read take the other type, so that the compiler proves it. */
export interface WritableDatabase extends ReadableDatabase {
  readonly [writable]: true;
  /** Runs one statement and returns the number of changed rows. */
  run(statement: Statement, parameters?: SqlParameters): number;
  /** Does all of `work` or nothing. It takes the write lock at once, so that what `work` reads stays true. */
  transaction<T>(work: () => T): T;
  /** Within a transaction, registers `tell` to run once everything is committed, and never if it is rolled back. */
  afterCommit(tell: () => void): void;
}

const SLOW_MILLISECONDS = 50;
const dataVersion = statement('dataVersion', 'PRAGMA data_version');

export interface ConnectionOptions {
  log: Log;
  /** Called when SQLite finds the file damaged. */
  onDamage: () => void;
  onUnreadable: (row: UnreadableRow) => void;
}

/** One connection to the database. Slow statements go to the log by name, never with their values. */
export class Connection implements WritableDatabase {
  declare readonly [readable]: true;
  declare readonly [writable]: true;
  #database: Database.Database;
  readonly #options: ConnectionOptions;
  readonly #prepared = new Map<Statement, Database.Statement>();
  /** Listeners to call once the transaction is committed. */
  #untold: (() => void)[] = [];

  constructor(database: Database.Database, options: ConnectionOptions) {
    this.#database = database;
    this.#options = options;
  }

  get(statement: Statement, parameters: SqlParameters = {}): unknown {
    return this.#timed(statement.name, () => this.#prepare(statement).get(parameters));
  }

  all(statement: Statement, parameters: SqlParameters = {}): unknown[] {
    return this.#timed(statement.name, () => this.#prepare(statement).all(parameters));
  }

  run(statement: Statement, parameters: SqlParameters = {}): number {
    return this.#timed(statement.name, () => this.#prepare(statement).run(parameters)).changes;
  }

  transaction<T>(work: () => T): T {
    const before = this.#untold.length;
    try {
      const result = this.#timed('transaction', () => this.#database.transaction(work).immediate());
      if (!this.#database.inTransaction) this.#tell();
      return result;
    } catch (error) {
      this.#untold.length = before;
      throw error;
    }
  }

  afterCommit(tell: () => void): void {
    if (!this.#database.inTransaction) throw new Error('there is no transaction to wait for');
    this.#untold.push(tell);
  }

  /** Calls the listeners. One that fails is only logged, because the commit stays and the others must still be told. */
  #tell(): void {
    for (const tell of this.#untold.splice(0)) {
      try {
        tell();
      } catch (error) {
        this.#options.log.warn('a listener to the database failed', { stack: stackOf(error) });
      }
    }
  }

  tellUnreadable(row: UnreadableRow): void {
    this.#options.onUnreadable(row);
  }

  /** Gives access to the database itself, for what statements can't do, such as checks and backups. */
  inspect<T>(look: (database: Database.Database) => T): T {
    return this.#timed('inspect', () => look(this.#database));
  }

  /** Counts up when another process has committed something. */
  get dataVersion(): number {
    return z.object({ data_version: z.int() }).parse(this.#prepare(dataVersion).get()).data_version;
  }

  /** Continues with another file under the same name. If `swap` fails, the file that is there is opened again. */
  replace<T extends { database: Database.Database }>(swap: (database: Database.Database) => T): T {
    const path = this.#database.name;
    this.#prepared.clear();
    try {
      const swapped = swap(this.#database);
      this.#database = swapped.database;
      return swapped;
    } catch (error) {
      if (!this.#database.open) this.#database = connect(path);
      throw toStoreError(error, path);
    }
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #prepare(statement: Statement): Database.Statement {
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      prepared = this.#database.prepare(statement.sql);
      this.#prepared.set(statement, prepared);
    }
    return prepared;
  }

  #timed<T>(name: string, work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } catch (error) {
      if (isDamage(error)) this.#options.onDamage();
      throw toStoreError(error, this.#database.name);
    } finally {
      const milliseconds = performance.now() - start;
      if (milliseconds > SLOW_MILLISECONDS) {
        this.#options.log.warn('slow statement', {
          statement: name,
          milliseconds: Math.round(milliseconds),
        });
      }
    }
  }
}
