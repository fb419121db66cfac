import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { sqliteCode, toStoreError } from './failure.ts';
import type { HomeLayout } from './home.ts';
import { keepPrivate } from './private-files.ts';

const Holder = z.object({ processId: z.int().positive(), since: z.int().min(0) });

export interface WindowLock {
  release(): void;
}

/**
 * Makes this process the only window on a data folder. The lock is SQLite's own, on a file beside the database, so the
 * operating system releases it however its holder dies, and it can't be left behind. The file is never opened by other
 * means, since on POSIX closing any handle to it would release the lock. A note beside it says who holds it. Throws
 * `store-locked` with the holder's process id.
 */
export function takeWindowLock(layout: HomeLayout, now: () => number): WindowLock {
  let database: Database.Database | null = null;
  try {
    database = new Database(layout.lockDatabase, { timeout: 200 });
    keepPrivate(layout.lockDatabase);
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
    writeFileSync(layout.lockHolder, JSON.stringify({ processId: process.pid, since: now() }), {
      mode: 0o600,
    });
  } catch (error) {
    database?.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw locked(layout);
    throw toStoreError(error, layout.database);
  }
  const held = database;
  return {
    release: () => {
      if (!held.open) return;
      try {
        unlinkSync(layout.lockHolder);
      } catch {
        // The note is only for people to read; the lock itself is released below.
      }
      held.close();
    },
  };
}

function locked(layout: HomeLayout): WorkstationError {
  const holder = readHolder(layout);
  const who = holder === null ? 'another process' : `process ${holder.processId}`;
  return new WorkstationError(
    'store-locked',
    `Another window of the workstation (${who}) is working with the data folder ${layout.home}.`,
    'Go on in that window. If it does not answer, end it, or start this one with --home and another folder.',
  );
}

function readHolder(layout: HomeLayout): z.infer<typeof Holder> | null {
  try {
    return Holder.parse(JSON.parse(readFileSync(layout.lockHolder, 'utf8')));
  } catch {
    // The note is missing or half written, so the message names no process.
    return null;
  }
}
