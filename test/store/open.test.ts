import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../preload/contract/changes.ts';
import type { AnswerId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import { statement } from '../../main/store/database.ts';
import { answers, cases, defaultHome, sessionViews, videos } from '../../main/store/index.ts';
import { migrate } from '../../main/store/migrate.ts';
import { migrations } from '../../main/store/migrations/index.ts';
import { open, refusal, temporaryFolder } from './helpers.ts';
import { aCase, aVideo, day, noon } from './rows.ts';
import { addCase, addSession, tester } from './write.ts';

/** Fills a database with more than a page of cases and closes it. */
function fill(home: string, count = 400): void {
  const store = open(home);
  store.database.transaction(() => {
    for (let index = 0; index < count; index++) addCase(store, aCase(`case-${index}`));
  });
  store.close();
}

describe('a data folder', () => {
  it('is made with its parents, for its owner only, and remembers', () => {
    const home = join(temporaryFolder(), 'deep', 'inside');
    fill(home, 3);
    if (process.platform !== 'win32') expect(statSync(home).mode & 0o077).toBe(0);
    expect(cases.listCases(open(home).database)).toHaveLength(3);
  });

  it('is the platform’s own by default', () => {
    expect(defaultHome()).toMatch(/surgery-r1-workstation/);
  });

  it('runs in WAL with foreign keys, and syncs every commit', () => {
    const { database } = open(temporaryFolder());
    const pragma = (name: string) =>
      Object.values(database.get(statement('p', `PRAGMA ${name}`)) as object)[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('busy_timeout')).toBe(5000);
  });

  it('that cannot be written to is refused with the reason and a remedy', () => {
    const file = join(temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    for (const home of [join(file, 'home'), file, ...(existsSync('/proc/self') ? ['/proc/nowhere'] : [])]) {
      const error = refusal(() => open(home));
      expect(error).toMatchObject({ code: 'store-unwritable' });
      expect(error.message).toContain(home);
      expect(error.hint).toContain('--home');
    }
  });

  it('says when something was saved', () => {
    const store = open(temporaryFolder());
    const heard: number[] = [];
    const end = store.onSaved((at) => heard.push(at));
    expect(store.savedAt).toBeNull();
    store.database.transaction(() => {
      addCase(store, aCase('a'));
      addCase(store, aCase('b'));
    });
    expect(heard).toEqual([noon, noon]);
    expect(() => addCase(store, aCase('a'))).toThrow('is there already');
    videos.insertVideo(store.database, aVideo('v', 'a'));
    addSession(store, { id: 's', caseId: 'a', videoId: 'v' });
    expect(heard).toHaveLength(3);
    const view = { actor: tester.actor, videoId: 'v' as VideoId, frameIndex: 3 as FrameIndex };
    sessionViews.saveView(store.database, 's' as SessionId, view, noon);
    expect(heard).toHaveLength(3);
    end();
    addCase(store, aCase('c'));
    expect(heard).toHaveLength(3);
    expect(store.savedAt).toBe(noon);
  });
});

describe('a database from a newer version', () => {
  it('is refused and not touched', () => {
    const home = temporaryFolder();
    fill(home);
    const path = join(home, 'workstation.db');
    const newer = new Database(path);
    newer.pragma('user_version = 99');
    newer.pragma('journal_mode = DELETE');
    newer.close();
    const before = readFileSync(path);
    for (const exclusive of [true, false]) {
      const error = refusal(() => open(home, { exclusive }));
      expect(error).toMatchObject({ code: 'store-newer' });
      expect(error.message).toContain('99');
    }
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(home).filter((name) => name.includes('corrupt'))).toEqual([]);
  });
});

describe('a database from an older version', () => {
  it('is copied before it is brought up to date', () => {
    const home = temporaryFolder();
    const old = new Database(join(home, 'workstation.db'));
    migrate(old, migrations.slice(0, 1));
    old.exec(`INSERT INTO cases VALUES ('old', 'Old case', 0, 1)`);
    old.close();
    const store = open(home);
    expect(cases.listCases(store.database)).toMatchObject([{ pseudonym: 'Old case' }]);
    const backup = new Database(store.backups()[0]?.path ?? '', { readonly: true });
    expect(backup.pragma('user_version', { simple: true })).toBe(1);
    backup.close();
  });
});

describe('a damaged database', () => {
  const spoil = (path: string): void => {
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4096, bytes.length - 100);
    writeFileSync(path, bytes);
  };
  const aside = (home: string): string[] =>
    readdirSync(home).filter((name) => /^workstation\.corrupt-20261122T120000Z(-\d)?\.db$/.test(name));

  it.each([
    ['spoilt in the middle', spoil],
    ['cut short', (path: string) => truncateSync(path, 5000)],
  ])('%s: is moved aside with a notice, and work goes on', (_, damage) => {
    const home = temporaryFolder();
    fill(home);
    damage(join(home, 'workstation.db'));
    const damaged = readFileSync(join(home, 'workstation.db'));
    const store = open(home, { exclusive: true });
    expect(store.notices).toMatchObject([{ code: 'store-corrupt' }]);
    expect(store.notices[0]?.message).toContain('workstation.corrupt-20261122T120000Z.db');
    expect(aside(home)).toHaveLength(1);
    expect(readFileSync(join(home, aside(home)[0] as string)).equals(damaged)).toBe(true);
    expect(cases.listCases(store.database)).toEqual([]);
    addCase(store, aCase('new'));
    expect(cases.listCases(store.database)).toHaveLength(1);
  });

  it('is replaced by the newest sound backup', () => {
    const home = temporaryFolder();
    fill(home);
    open(home, { at: noon - 2 * day }).close();
    open(home, { at: noon - day }).close();
    const [newest] = open(home, { at: noon - day }).backups();
    spoil(newest?.path as string);
    spoil(join(home, 'workstation.db'));
    const store = open(home, { exclusive: true });
    expect(cases.listCases(store.database)).toHaveLength(400);
    expect(store.notices[0]?.message).toContain('2026-11-20 12:00 UTC, which holds 400 cases');
    expect(store.notices[0]?.hint).toContain(join(home, 'backups'));
  });

  it('a second time the same second: neither is overwritten', () => {
    const home = temporaryFolder();
    for (let round = 0; round < 2; round++) {
      writeFileSync(join(home, 'workstation.db'), `CREATE TABLE cases ${round}`.repeat(1000));
      open(home, { exclusive: true }).close();
    }
    expect(aside(home)).toHaveLength(2);
  });

  it('is left alone by a command while a window has it open', () => {
    const home = temporaryFolder();
    fill(home);
    open(home, { exclusive: true });
    writeFileSync(join(home, 'workstation.db'), 'CREATE TABLE cases'.repeat(1000));
    expect(refusal(() => open(home))).toMatchObject({ code: 'store-locked' });
    expect(aside(home)).toEqual([]);
  });
});

describe('backups', () => {
  it('are written daily, not more often, and the last five are kept', () => {
    const home = temporaryFolder();
    fill(home, 2);
    for (let index = 0; index < 8; index++) {
      open(home, { at: noon + index * day }).close();
      open(home, { at: noon + index * day + 1000 }).close();
    }
    const found = open(home, { at: noon + 7 * day + 2000 }).backups();
    expect(found.map(({ at }) => at)).toEqual([7, 6, 5, 4, 3].map((index) => noon + index * day));
    expect(readdirSync(join(home, 'backups'))).toHaveLength(5);
  });

  it('that cannot be written are said, and nothing else stops', () => {
    const home = temporaryFolder();
    fill(home, 2);
    writeFileSync(join(home, 'backups'), 'a file in the way');
    const store = open(home, { at: noon + day });
    expect(store.notices[0]?.message).toContain('daily backup');
    expect(cases.listCases(store.database)).toHaveLength(2);
  });
});

describe('a full disk', () => {
  it('is said as such, loses only the change that did not fit, and is over when there is room', () => {
    const store = open(temporaryFolder());
    addCase(store, aCase('before'));
    const pages = (store.database.get(statement('p', 'PRAGMA page_count')) as { page_count: number })
      .page_count;
    // SQLite itself refuses to grow the file, by the same path as on a disk without room.
    store.database.get(statement('p', `PRAGMA max_page_count = ${pages}`));
    const many = (): void =>
      store.database.transaction(() => {
        for (let index = 0; index < 500; index++) addCase(store, aCase(`large-${index}`));
      });
    const told: Change[] = [];
    store.record.onChange((change) => told.push(change));
    const error = refusal(many);
    expect(error).toMatchObject({ code: 'store-full' });
    expect(error.hint).toContain('Free some space');
    expect(cases.listCases(store.database).map(({ id }) => id)).toEqual(['before']);
    expect(store.record.seq).toBe(1);
    expect(told).toEqual([]);
    store.database.get(statement('p', 'PRAGMA max_page_count = 1000000'));
    addCase(store, aCase('after'));
    expect(cases.listCases(store.database)).toHaveLength(2);
    expect(told.map(({ seq }) => seq)).toEqual([2]);
  });
});

describe('slow statements', () => {
  it('go to the log by name, without values', () => {
    const lines: string[] = [];
    const note = (message: string, fields?: object): number => lines.push(JSON.stringify([message, fields]));
    const store = open(temporaryFolder(), { log: { debug: note, info: note, warn: note } });
    lines.length = 0;
    const slow = statement(
      'test.slow',
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200000)
       SELECT count(*) AS count FROM n WHERE :secret <> ''`,
    );
    store.database.get(slow, { secret: 'Mrs. Example' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/slow statement.*test\.slow.*milliseconds/);
    expect(lines[0]).not.toContain('Example');
  });
});

/** A process that works on a data folder; see child.ts. */
function child(mode: string, home: string) {
  const started = spawn(process.execPath, [new URL('child.ts', import.meta.url).pathname, mode, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  return {
    pid: started.pid as number,
    line: async (): Promise<string> => (await lines.next()).value as string,
    kill: async (): Promise<void> => {
      started.kill('SIGKILL');
      await ended;
    },
    end: async (): Promise<void> => {
      started.stdin.end();
      await ended;
    },
  };
}

describe('two processes', () => {
  it('a second window is refused, naming the first; when that is killed, its lock is gone with it', async () => {
    const home = temporaryFolder();
    const first = child('window', home);
    expect(await first.line()).toBe('open');
    const error = refusal(() => open(home, { exclusive: true }));
    expect(error).toMatchObject({ code: 'store-locked' });
    expect(error.message).toContain(`process ${first.pid}`);
    await first.kill();
    expect(() => open(home, { exclusive: true })).not.toThrow();
  });

  it('a command reads and writes beside a window, and both see it all', async () => {
    const home = temporaryFolder();
    const store = open(home, { exclusive: true });
    const command = child('writer', home);
    for (let index = 0; index < 50; index++) addCase(store, aCase(`window-${index}`));
    expect(await command.line()).toBe('written');
    await command.end();
    expect(cases.listCases(store.database)).toHaveLength(100);
  });

  it('a first start of both at once makes one database', async () => {
    const home = temporaryFolder();
    const commands = [child('writer', home), child('writer', home)];
    for (const command of commands) expect(await command.line()).toBe('written');
    for (const command of commands) await command.end();
    const found = cases.listCases(open(home, { exclusive: true }).database);
    expect(found).toHaveLength(100);
  });

  it('an answer that a killed process was writing is stopped with its text; a living one’s is left', async () => {
    const home = temporaryFolder();
    const window = child('answer', home);
    expect(await window.line()).toBe('open');
    let acknowledged = 0;
    while (acknowledged < 40) acknowledged = Number(await window.line());

    const id = 'x' as AnswerId;
    const beside = open(home, { at: Date.now() });
    expect(answers.findAnswer(beside.database, id)?.status).toBe('running');

    await window.kill();
    const after = open(home, { at: Date.now(), exclusive: true });
    const answer = answers.findAnswer(after.database, id);
    expect(answer?.status).toBe('stopped');
    expect(answer?.endedAt).not.toBeNull();
    expect(answer?.notes).toHaveLength(1);
    const words = answer?.raw.split(' ') ?? [];
    expect(words.length).toBeGreaterThanOrEqual(acknowledged);
    expect(words.slice(0, 3)).toEqual(['1', '2', '3']);
    expect(after.notices).toEqual([]);
  });

  it('an answer whose process lives but has long been silent is stopped', async () => {
    const home = temporaryFolder();
    const window = child('answer', home);
    expect(await window.line()).toBe('open');
    expect(Number(await window.line())).toBe(1);
    const later = open(home, { at: Date.now() + 10 * 60 * 1000 });
    expect(answers.findAnswer(later.database, 'x' as AnswerId)?.status).toBe('stopped');
    await window.kill();
  });
});

describe('frame index files', () => {
  it('come back as they went in, by fingerprint, and are replaced whole', async () => {
    const { frameIndexes } = open(temporaryFolder());
    expect(await frameIndexes.read('print')).toBeNull();
    await frameIndexes.write('print', Buffer.from([1, 2, 3]));
    await frameIndexes.write('other/../print', Buffer.from([9]));
    await frameIndexes.write('print', Buffer.from([4, 5]));
    expect([...((await frameIndexes.read('print')) ?? [])]).toEqual([4, 5]);
    expect([...((await frameIndexes.read('other/../print')) ?? [])]).toEqual([9]);
  });
});
