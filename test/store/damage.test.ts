import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answers, cases, sessions, videos, type Store } from '../../main/store/index.ts';
import { statement } from '../../main/store/database.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { CaseId, VideoId } from '../../preload/contract/values.ts';
import { answersIn, questionsIn } from './asked.ts';
import { changeBytes, checksOf, flipIn, pagesOf, spoilIndex } from './damage.ts';
import { addReview, answerOf, sessionOf } from './filled.ts';
import { open, refusal, temporaryFolder } from './helpers.ts';
import { day, fullAnswer, noon } from './rows.ts';
import { tester } from './write.ts';

const databaseOf = (home: string): string => join(home, 'workstation.db');
const aside = (home: string): string[] => readdirSync(home).filter((name) => /corrupt.*\.db$/.test(name));
const listed = (store: Store): number => answersIn(store.database, sessionOf('a')).length;

const asGiven = (index: number): Answer => ({
  ...fullAnswer(`a-a${index}`, `a-q${index}`, 'a-session'),
  createdAt: noon + index,
});

function reviewed(count: number): string {
  const home = temporaryFolder();
  const store = open(home);
  addReview(store, 'a', count);
  store.close();
  return home;
}

function edit(home: string, sql: string): void {
  const database = new Database(databaseOf(home));
  database.exec(sql);
  database.close();
}

describe('damage that a quick check passes', () => {
  it.each([
    'questions_of_session',
    'answers_of_session',
    'sqlite_autoindex_answers_1',
    'sqlite_autoindex_cases_1',
  ])('in %s: the next start makes the database anew from its rows, and says so', (index) => {
    const home = reviewed(40);
    for (let count = 0; count < 3; count++)
      edit(
        home,
        `INSERT INTO cases (id, pseudonym, demonstration, created_at) VALUES ('more${count}', 'More', 0, 1)`,
      );
    spoilIndex(databaseOf(home), index);
    expect(checksOf(databaseOf(home))).toEqual({
      quick: 'ok',
      whole: expect.not.stringMatching(/^ok$/) as string,
    });
    const spoilt = readFileSync(databaseOf(home));
    const store = open(home, { exclusive: true });
    expect(store.notices).toMatchObject([{ code: 'store-corrupt' }]);
    expect(store.notices[0]?.message).toContain('Nothing is missing');
    expect(readFileSync(join(home, aside(home)[0] as string)).equals(spoilt)).toBe(true);
    expect(listed(store)).toBe(40);
    expect(questionsIn(store.database, sessionOf('a')).map(({ id }) => id)).toEqual(
      Array.from({ length: 40 }, (_, at) => `a-q${at}`),
    );
    expect(cases.listCases(store.database)).toHaveLength(4);
    store.close();
    expect(checksOf(databaseOf(home))).toEqual({ quick: 'ok', whole: 'ok' });
    expect(open(home, { exclusive: true }).notices).toEqual([]);
  });

  it('met while running: is said with a hint that comes true at the next start, of a command too', () => {
    const home = reviewed(40);
    spoilIndex(databaseOf(home), 'questions_of_session');
    const command = open(home);
    expect(() => listed(command)).toThrow(
      expect.objectContaining({
        code: 'store-corrupt',
        hint: expect.stringContaining('start it again') as string,
      }),
    );
    command.close();
    const next = open(home);
    expect(next.notices[0]?.message).toContain('Nothing is missing');
    expect(listed(next)).toBe(40);
  });

  it('met by a command beside a window: the window is not taken away from, and the next start mends it', () => {
    const home = reviewed(40);
    const window = open(home, { exclusive: true });
    spoilIndex(databaseOf(home), 'questions_of_session');
    const command = open(home);
    expect(() => listed(command)).toThrow(/damaged/);
    command.close();
    open(home).close();
    expect(aside(home)).toEqual([]);
    window.close();
    expect(listed(open(home, { exclusive: true }))).toBe(40);
  });
});

describe('rows that are lost', () => {
  /** Overwrites one leaf page of a table. */
  function losePage(home: string, table: string): void {
    const leaves = pagesOf(databaseOf(home), table).filter(({ leaf }) => leaf);
    expect(leaves.length).toBeGreaterThan(4);
    changeBytes(
      databaseOf(home),
      (leaves[2] as { offset: number }).offset,
      (bytes) => bytes.fill(0x5a),
      4096,
    );
  }

  it('are taken from the backup, and what was done since is kept as far as it can be read', () => {
    const home = reviewed(40);
    open(home, { at: noon + day, exclusive: true }).close();
    const store = open(home, { at: noon + day });
    addReview(store, 'today', 10);
    store.close();
    losePage(home, 'answers');
    const after = open(home, { at: noon + day + 1, exclusive: true });
    expect(after.notices[0]?.message).toContain(
      'what was missing was taken from the backup of 2026-11-23 12:00 UTC',
    );
    expect(after.notices[0]?.message).toContain('2 cases, 2 sessions, 50 questions and 50 answers');
    expect(listed(after)).toBe(40);
    expect(answers.findAnswer(after.database, answerOf('a', 5))).toEqual(asGiven(5));
    expect(answersIn(after.database, sessionOf('today'))).toHaveLength(10);
    expect(aside(home)).toHaveLength(1);
  });

  it('without a backup: all the others are kept', () => {
    const home = reviewed(40);
    losePage(home, 'answers');
    const store = open(home, { exclusive: true });
    expect(store.notices[0]?.message).toContain('all of it that could still be read');
    const left = listed(store);
    expect(left).toBeGreaterThan(30);
    expect(left).toBeLessThan(40);
    expect(questionsIn(store.database, sessionOf('a'))).toHaveLength(40);
  });

  it('with a whole table: the others are kept, and it comes back from the backup', () => {
    for (const table of ['answers', 'questions', 'sessions', 'videos', 'cases', 'settings', 'models']) {
      const home = reviewed(5);
      open(home, { at: noon + day, exclusive: true }).close();
      edit(home, `PRAGMA foreign_keys = OFF; DROP TABLE ${table}`);
      const store = open(home, { at: noon + day + 1 });
      expect(store.notices, table).toMatchObject([{ code: 'store-corrupt' }]);
      expect(listed(store)).toBe(5);
      expect(sessions.listSessions(store.database, tester.actor)).toMatchObject([{ questionCount: 5 }]);
    }
  });
});

describe('a wrong number of the schema', () => {
  it.each([0, -5, 3, 2_000_000_000, -2_147_483_648])(
    '%i: the tables count, and nothing is missing',
    (version) => {
      const home = reviewed(5);
      edit(home, `PRAGMA user_version = ${version}`);
      const store = open(home);
      expect(store.notices[0]?.message).toContain('Nothing is missing');
      expect(listed(store)).toBe(5);
    },
  );

  it('of a database of another program: that is kept under another name', () => {
    const home = temporaryFolder();
    edit(home, `CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')`);
    const store = open(home);
    expect(store.notices).toMatchObject([{ code: 'store-corrupt' }]);
    const kept = new Database(join(home, aside(home)[0] as string), { readonly: true });
    expect(kept.prepare('SELECT url FROM bookmarks').pluck().get()).toBe('x');
    kept.close();
    expect(cases.listCases(store.database)).toEqual([]);
  });

  it('a missing index is made again', () => {
    const home = reviewed(5);
    edit(home, 'DROP INDEX answers_of_session');
    expect(open(home).notices[0]?.message).toContain('Nothing is missing');
  });
});

describe('a file that does not begin like a database', () => {
  it.each([
    ['as an encrypted one, which needs its key', (path: string) => writeFileSync(path, randomBytes(200_000))],
    ['as a text', (path: string) => writeFileSync(path, 'This is a text file, of some length.'.repeat(99))],
    [
      'as a database whose pages alone are encrypted',
      (path: string) =>
        changeBytes(
          path,
          16,
          (bytes) => bytes.set(randomBytes(bytes.length)),
          readFileSync(path).length - 16,
        ),
    ],
  ])('is refused and left as it is: %s', (_what, replace) => {
    const home = reviewed(5);
    open(home, { at: noon + day, exclusive: true }).close();
    const path = databaseOf(home);
    replace(path);
    const before = readFileSync(path);
    for (const exclusive of [true, false]) {
      const error = refusal(() => open(home, { at: noon + day + 1, exclusive }));
      expect(error.code).toBe('store-unreadable');
      expect(error.message).toContain('it may be encrypted');
      expect(error.message).not.toContain('damaged');
    }
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(aside(home)).toEqual([]);
  });

  it('is damaged where the rest of it is plainly a database of ours', () => {
    const home = reviewed(5);
    open(home, { at: noon + day, exclusive: true }).close();
    changeBytes(databaseOf(home), 0, (bytes) => bytes.fill(0xa5), 1024);
    const store = open(home, { at: noon + day + 1 });
    expect(store.notices[0]?.message).toContain('damaged');
    expect(aside(home)).toHaveLength(1);
    expect(listed(store)).toBe(5);
  });
});

/** What damages a file asks no trigger. */
const unlock = ({ database }: Store): number =>
  database.run(statement('test.unlock', 'DROP TRIGGER answers_refuse_update_of_sealed'));

describe('one bad field', () => {
  it('of an answer hides that field alone, is noted in the answer and told once', () => {
    const home = reviewed(3);
    const store = open(home);
    unlock(store);
    store.database.run(
      statement(
        'test',
        `UPDATE answers SET timings = replace(timings, '"decode', '"secret') WHERE id = 'a-a1'`,
      ),
    );
    const told: number[] = [];
    store.onNotices(() => told.push(1));
    for (let count = 0; count < 3; count++) {
      const found = answersIn(store.database, sessionOf('a'));
      expect(found.map(({ id }) => id)).toEqual(['a-a0', 'a-a1', 'a-a2']);
      expect(found[0]).toEqual(asGiven(0));
      const whole = asGiven(1);
      expect(found[1]).toEqual({
        ...whole,
        timings: null,
        notes: [...whole.notes, expect.stringContaining('timings') as string],
      });
    }
    expect(told).toHaveLength(1);
    expect(store.notices).toMatchObject([{ code: 'store-corrupt' }]);
    expect(store.notices[0]?.message).toContain('parts of 1 answer');
    expect(JSON.stringify(store.notices)).not.toContain('secret');
  });

  it('by one byte flipped in the file: only that field is hidden', () => {
    const home = reviewed(3);
    flipIn(databaseOf(home), '{"decodeFrameMilliseconds"');
    const store = open(home, { exclusive: true });
    expect(listed(store)).toBe(3);
    expect(answersIn(store.database, sessionOf('a')).filter(({ timings }) => timings)).toHaveLength(2);
    expect(store.notices[0]?.message).toContain('parts of 1 answer');
    expect(aside(home)).toEqual([]);
  });

  const fields: [string, string][] = [
    ['answers', `status = 'dreaming'`],
    ['answers', `settings = '{'`],
    ['answers', `box = '[1,2,3]'`],
    ['answers', `notes = 'x'`],
    ['answers', `frame = '{}'`],
    ['answers', `created_at = -1`],
    ['questions', `location = '{'`],
    ['questions', `text = ''`],
    ['sessions', `frame_index = -1`],
    ['sessions', `updated_at = -1`],
    ['videos', `time_base = '[1,x'`],
    ['videos', `width = -7`],
    ['videos', `playback = '?'`],
    ['videos', `fingerprint = ''`],
    ['cases', `created_at = -1`],
    ['cases', `pseudonym = ''`],
  ];
  it.each(fields)('of %s (%s): no list fails, and the rows beside it are all there', (table, change) => {
    const home = temporaryFolder();
    const store = open(home);
    addReview(store, 'a', 4);
    addReview(store, 'b', 4);
    const all = () => ({
      answers: answersIn(store.database, sessionOf('a')).length,
      questions: questionsIn(store.database, sessionOf('a')).length,
      sessions: sessions.listSessions(store.database, tester.actor).length,
      videos: videos.listRecentVideos(store.database, 20).length,
      cases: cases.listCases(store.database).length,
    });
    const before = all();
    unlock(store);
    const first = (
      store.database.get(statement('first', `SELECT id FROM ${table} WHERE id LIKE 'a-%'`)) as { id: string }
    ).id;
    const row = store.database.run(statement('spoil', `UPDATE ${table} SET ${change} WHERE id = :id`), {
      id: first,
    });
    expect(row).toBe(1);
    const after = all();
    for (const [name, count] of Object.entries(before)) {
      expect(after[name as keyof typeof after], name).toBeGreaterThanOrEqual(count - 1);
    }
    expect(sessions.findLastOpenedSession(store.database)).not.toBeNull();
    // Not every one of these is a fault that a schema can see.
    for (const notice of store.notices) expect(notice.code).toBe('store-corrupt');
    // The row is still there, as it was.
    expect(
      store.database.get(statement('count', `SELECT count(*) AS count FROM ${table} WHERE ${change}`)),
    ).toEqual({ count: 1 });
  });

  it('of a video leaves its session open: the file says again what was lost', () => {
    const home = temporaryFolder();
    const store = open(home);
    addReview(store, 'a', 1);
    store.database.run(statement('spoil', `UPDATE videos SET time_base = '[1'`));
    const video = videos.findVideo(store.database, 'a-video' as VideoId);
    expect(video?.problem).toMatchObject({ code: 'store-corrupt' });
    expect(cases.findCase(store.database, 'a-case' as CaseId)).not.toBeNull();
  });
});

describe('what is kept aside', () => {
  it('is its owner’s alone, and a copy of the same second takes nothing’s place', () => {
    const home = reviewed(3);
    const whole = join(temporaryFolder(), 'whole.db');
    copyFileSync(databaseOf(home), whole);
    for (let round = 0; round < 2; round++) {
      copyFileSync(whole, databaseOf(home));
      edit(home, 'DROP INDEX answers_of_session');
      open(home).close();
    }
    expect(aside(home)).toHaveLength(2);
    if (process.platform !== 'win32') {
      for (const name of aside(home)) expect(statSync(join(home, name)).mode & 0o077).toBe(0);
    }
    expect(existsSync(`${databaseOf(home)}.unfinished`)).toBe(false);
    writeFileSync(join(home, 'workstation.check'), '');
    open(home, { exclusive: true }).close();
    expect(existsSync(join(home, 'workstation.check'))).toBe(false);
  });
});
