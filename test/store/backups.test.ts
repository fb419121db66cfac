import Database from 'better-sqlite3';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { questionsIn } from './asked.ts';
import { addAnswer, addReview, sessionOf } from './filled.ts';
import { open, temporaryFolder } from './helpers.ts';
import { day, noon } from './rows.ts';

const databaseOf = (home: string): string => join(home, 'workstation.db');
const backupsOf = (home: string): string[] => readdirSync(join(home, 'backups')).sort();

/** A data folder with a review of `count` questions and a backup that holds all of it. */
function reviewed(count = 8): string {
  const home = temporaryFolder();
  const store = open(home);
  addReview(store, 'old', count);
  store.close();
  open(home, { at: noon + day, exclusive: true }).close();
  return home;
}

describe('a database that is lost', () => {
  const losses: [string, (path: string) => void, string][] = [
    ['has 0 bytes', (path) => truncateSync(path, 0), 'The database was empty.'],
    ['is not there', (path) => rmSync(path), 'The database was not there'],
    [
      'was replaced by a smaller one',
      (path) => {
        const other = temporaryFolder();
        const store = open(other);
        addReview(store, 'new', 1);
        store.close();
        copyFileSync(databaseOf(other), path);
      },
      'The database holds 1 case, 1 session, 1 question and 1 answer.',
    ],
  ];

  it.each(losses)('as it %s: is said at every start, with what the backup holds', (_, lose, words) => {
    const home = reviewed();
    lose(databaseOf(home));
    const store = open(home, { at: noon + day, exclusive: true });
    expect(store.notices).toMatchObject([{ code: 'store-lost' }]);
    expect(store.notices[0]?.message).toContain(words);
    expect(store.notices[0]?.message).toContain('1 case, 1 session, 8 questions and 8 answers');
    expect(store.restoreOffered).toBe(true);
    store.close();
    expect(open(home, { at: noon + day }).notices).toMatchObject([{ code: 'store-lost' }]);
  });

  it.each(losses)('as it %s: its only backup outlives thirty starts of the new one', (_, lose) => {
    const home = reviewed();
    const [precious] = backupsOf(home) as [string];
    lose(databaseOf(home));
    for (let index = 2; index < 32; index++) {
      const store = open(home, { at: noon + index * day, exclusive: true });
      if (index === 2) addReview(store, 'other', 3);
      // In the end the new database holds more than the old one did, and still not the same.
      if (index > 10) addAnswer(store, 'other', index);
      store.close();
    }
    expect(backupsOf(home)).toHaveLength(6);
    expect(backupsOf(home)).toContain(precious);
    const store = open(home, { at: noon + 40 * day, exclusive: true });
    store.restore(precious);
    expect(questionsIn(store.database, sessionOf('old'))).toHaveLength(8);
  });

  it('keeps the log of changes that is left of it, instead of letting SQLite delete it', () => {
    const home = reviewed();
    const store = open(home, { at: noon + day });
    addReview(store, 'last', 2);
    const log = readFileSync(`${databaseOf(home)}-wal`);
    expect(log.length).toBeGreaterThan(0);
    // The process is killed and the file lost: copies stand for that, since this process closes its own.
    const found = temporaryFolder();
    copyFileSync(`${databaseOf(home)}-wal`, `${databaseOf(found)}-wal`);
    const next = open(found, { exclusive: true });
    expect(next.notices[0]?.message).toContain('workstation.corrupt-20261122T120000Z.db-wal');
    expect(readFileSync(join(found, 'workstation.corrupt-20261122T120000Z.db-wal')).equals(log)).toBe(true);
  });

  it('is not said of a first start, nor where all that the backups hold is there', () => {
    expect(open(temporaryFolder(), { exclusive: true }).notices).toEqual([]);
    const home = reviewed();
    expect(open(home, { at: noon + 9 * day, exclusive: true }).notices).toEqual([]);
  });
});

describe('restoring', () => {
  it('lists what each backup holds, beside the database', async () => {
    const home = reviewed(3);
    truncateSync(databaseOf(home), 0);
    const list = await open(home, { at: noon + day }).backupList();
    expect(list.present).toEqual({ cases: 0, sessions: 0, questions: 0, answers: 0, changedAt: null });
    expect(list.backups).toEqual([
      {
        name: 'workstation-000001-20261123T120000Z.db',
        writtenAt: noon + day,
        content: { cases: 1, sessions: 1, questions: 3, answers: 3, changedAt: noon + 2 },
        holdsMore: true,
      },
    ]);
  });

  it('goes on with the backup at once, and keeps the database as it was as a backup', () => {
    const home = reviewed(3);
    truncateSync(databaseOf(home), 0);
    const store = open(home, { at: noon + 2 * day, exclusive: true });
    addReview(store, 'new', 2);
    const { movedTo } = store.restore('workstation-000001-20261123T120000Z.db');
    expect(questionsIn(store.database, sessionOf('old'))).toHaveLength(3);
    expect(questionsIn(store.database, sessionOf('new'))).toEqual([]);
    expect(store.notices).toEqual([]);
    addAnswer(store, 'old', 3);
    store.close();

    const later = open(home, { at: noon + 3 * day, exclusive: true });
    expect(later.notices).toEqual([]);
    expect(questionsIn(later.database, sessionOf('old'))).toHaveLength(4);
    later.restore(movedTo.slice(movedTo.lastIndexOf('workstation-')));
    expect(questionsIn(later.database, sessionOf('new'))).toHaveLength(2);
  });

  it('is no longer offered once a person has said that the database may stay as it is', async () => {
    const home = reviewed();
    truncateSync(databaseOf(home), 0);
    const store = open(home, { at: noon + day, exclusive: true });
    let told = 0;
    store.onNotices(() => told++);
    store.keepPresent();
    expect(store.restoreOffered).toBe(false);
    expect(store.notices).toEqual([]);
    expect(told).toBe(1);
    store.close();
    const later = open(home, { at: noon + 2 * day, exclusive: true });
    expect(later.notices).toEqual([]);
    expect((await later.backupList()).backups.some(({ holdsMore }) => holdsMore)).toBe(true);
  });

  it('refuses a backup that is not there or can’t be read, and leaves the database alone', () => {
    const home = reviewed();
    writeFileSync(join(home, 'backups', 'workstation-000002-20261124T120000Z.db'), 'no database');
    const store = open(home, { at: noon + day });
    const refused = (name: string): unknown => {
      try {
        return store.restore(name);
      } catch (error) {
        return error;
      }
    };
    expect(refused('workstation-000009-20261124T120000Z.db')).toMatchObject({ code: 'not-found' });
    expect(refused('workstation-000002-20261124T120000Z.db')).toMatchObject({ code: 'store-corrupt' });
    expect(questionsIn(store.database, sessionOf('old'))).toHaveLength(8);
  });

  it('is refused while another connection works with the database, and beside a window', () => {
    const home = reviewed();
    const store = open(home, { at: noon + day, exclusive: true });
    const [name] = backupsOf(home) as [string];
    const command = open(home, { at: noon + day });
    expect(() => command.restore(name)).toThrow(expect.objectContaining({ code: 'store-locked' }));
    expect(() => store.restore(name)).toThrow(expect.objectContaining({ code: 'busy' }));
    addAnswer(store, 'old', 8);
    command.close();
    store.restore(name);
    expect(questionsIn(store.database, sessionOf('old'))).toHaveLength(8);
  });
});

describe('a clock that was wrong', () => {
  it('once, and stamped a backup 2036: the next start writes one all the same', () => {
    const home = reviewed();
    const [first] = backupsOf(home) as [string];
    // As they were named before they were numbered.
    renameSync(join(home, 'backups', first), join(home, 'backups', 'workstation-20360101T000000Z.db'));
    open(home, { at: noon + 2 * day, exclusive: true }).close();
    expect(backupsOf(home)).toEqual([
      'workstation-000001-20261124T120000Z.db',
      'workstation-20360101T000000Z.db',
    ]);
    open(home, { at: noon + 2 * day + 1000, exclusive: true }).close();
    expect(backupsOf(home)).toHaveLength(2);
  });

  it('and stamped five backups later than now: none of the new ones is dropped, and the fullest is gone on from', () => {
    const home = reviewed(2);
    const backups = join(home, 'backups');
    const [first] = backupsOf(home) as [string];
    for (const year of [2037, 2038, 2039, 2040, 2041]) {
      copyFileSync(join(backups, first), join(backups, `workstation-${year}0101T000000Z.db`));
    }
    rmSync(join(backups, first));
    for (let index = 2; index < 5; index++) {
      const store = open(home, { at: noon + index * day, exclusive: true });
      addAnswer(store, 'old', index);
      store.close();
    }
    expect(backupsOf(home).filter((name) => name.includes('-2026'))).toHaveLength(3);
    expect(backupsOf(home)).toHaveLength(5);
    writeFileSync(databaseOf(home), 'CREATE TABLE cases, and nothing more of it. '.repeat(300));
    const store = open(home, { at: noon + 5 * day, exclusive: true });
    expect(store.notices[0]?.message).toContain('2026-11-26 12:00 UTC');
    // The last answer was given after the last backup.
    expect(questionsIn(store.database, sessionOf('old'))).toHaveLength(4);
  });

  it('and goes back: backups go on', () => {
    const home = reviewed();
    open(home, { at: noon - 300 * day, exclusive: true }).close();
    open(home, { at: noon - 300 * day + 1000, exclusive: true }).close();
    open(home, { at: noon - 299 * day, exclusive: true }).close();
    expect(backupsOf(home).map((name) => name.slice(0, 27))).toEqual([
      'workstation-000001-20261123',
      'workstation-000002-20260126',
      'workstation-000003-20260127',
    ]);
  });
});

describe.skipIf(process.platform === 'win32')('the permissions', () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  it('of the database, what lies beside it and its backups are their owner’s alone', () => {
    const before = process.umask(0o022);
    try {
      const home = reviewed();
      const store = open(home, { exclusive: true });
      addReview(store, 'more', 1);
      for (const suffix of ['', '-wal', '-shm']) expect(modeOf(databaseOf(home) + suffix)).toBe(0o600);
      for (const name of backupsOf(home)) expect(modeOf(join(home, 'backups', name))).toBe(0o600);
      expect(modeOf(join(home, 'backups'))).toBe(0o700);
      expect(modeOf(join(home, 'window.lock'))).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });

  it('of an older database are tightened when it is opened', () => {
    const home = reviewed();
    const old = new Database(databaseOf(home));
    old.pragma('journal_mode = WAL');
    old.exec(`UPDATE cases SET pseudonym = 'x'`);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(existsSync(databaseOf(home) + suffix)).toBe(true);
    }
    for (const suffix of ['', '-wal', '-shm']) chmodSync(databaseOf(home) + suffix, 0o644);
    const store = open(home, { at: noon + day });
    for (const suffix of ['', '-wal', '-shm']) expect(modeOf(databaseOf(home) + suffix)).toBe(0o600);
    store.close();
    old.close();
  });
});
