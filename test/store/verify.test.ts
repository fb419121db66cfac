import Database from 'better-sqlite3';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { chainStart, hashOf, sha256, type ChangeHead } from '../../main/store/changes/chain.ts';
import { cases, videos, type Store } from '../../main/store/index.ts';
import type { RecordCheck } from '../../preload/contract/changes.ts';
import type { CaseId } from '../../preload/contract/values.ts';
import { addReview } from './filled.ts';
import { open, temporaryFolder } from './helpers.ts';
import { aCase, aVideo, day, noon } from './rows.ts';
import { addCase, addSession, tester } from './write.ts';

let home: string;
beforeEach(() => {
  home = temporaryFolder();
});

const caseId = 'a-case' as CaseId;
function rename(store: Store, to: string): void {
  const before = cases.findCase(store.database, caseId)!;
  store.record.commit(tester, { name: 'case.rename', caseId, sessionId: null }, [
    { entity: 'case', id: caseId, before, after: { ...before, pseudonym: to } },
  ]);
}

/** A record of 40 changes and more, with a backup in the midst of it. */
function written(): void {
  let store = open(home);
  addReview(store, 'a', 5);
  for (let index = 0; index < 10; index++) rename(store, `early ${index}`);
  store.close();
  store = open(home, { at: noon + day });
  for (let index = 0; index < 10; index++) rename(store, `late ${index}`);
  store.close();
}

/** Changes the file as somebody does who asks no trigger. */
function tamper(work: (database: Database.Database) => void): void {
  const database = new Database(join(home, 'workstation.db'));
  const triggers = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck().all();
  for (const trigger of triggers) database.exec(`DROP TRIGGER ${String(trigger)}`);
  database.pragma('foreign_keys = OFF');
  work(database);
  database.close();
}

/** Writes every hash anew from a place on, so that the chain holds in itself. */
function rehash(database: Database.Database, from: number): void {
  const rows = database
    .prepare(
      `SELECT changes.seq, at, actor, window_id AS "window", case_id AS caseId, session_id AS sessionId, command, kind, target,
         group_id AS groupId, step, under, edits
       FROM changes JOIN change_bodies ON change_bodies.seq = changes.seq WHERE changes.seq >= ? ORDER BY changes.seq`,
    )
    .all(from) as (Omit<ChangeHead, 'bodySha256' | 'previous'> & { edits: string })[];
  const before = database
    .prepare('SELECT hash FROM changes WHERE seq = ?')
    .pluck()
    .get(from - 1);
  let previous = (before as string | undefined) ?? chainStart;
  for (const { edits, ...head } of rows) {
    const whole = { ...head, bodySha256: sha256(edits), previous };
    const hash = hashOf(whole);
    database
      .prepare('UPDATE changes SET body_sha256 = ?, previous = ?, hash = ? WHERE seq = ?')
      .run(whole.bodySha256, previous, hash, head.seq);
    previous = hash;
  }
}

async function check(sinceLast = false): Promise<RecordCheck> {
  const store = open(home, { at: noon + day });
  const found = await store.checkRecord({ sinceLast });
  store.close();
  return found;
}

describe('a whole record', () => {
  it('is said to be whole, with its head, which a later check is held against', async () => {
    written();
    const first = await check();
    expect(first).toMatchObject({ ok: true, broken: null, reason: null });
    expect(first.head).toMatch(new RegExp(`^${first.changes}:[0-9a-f]{64}$`));
    const store = open(home, { at: noon + day });
    rename(store, 'later');
    const again = await store.checkRecord({ sinceLast: false, head: first.head! });
    expect(again).toMatchObject({ ok: true, changes: first.changes + 1 });
    expect(await store.checkRecord({ sinceLast: true })).toMatchObject({ ok: true });
    const other = `${first.changes}:${'f'.repeat(64)}`;
    expect(await store.checkRecord({ sinceLast: false, head: other })).toMatchObject({
      ok: false,
      broken: first.changes,
      reason: `Change ${first.changes}: it is not the change that the head that was kept names.`,
    });
  });

  it('that is broken is among the notices until a whole check finds nothing', async () => {
    written();
    await check();
    const edits = (database: Database.Database) =>
      database.prepare('SELECT edits FROM change_bodies WHERE seq = 30').pluck().get();
    let before: unknown;
    tamper((database) => {
      before = edits(database);
      database.prepare(`DELETE FROM settings WHERE name = 'recordChecked'`).run();
      database.prepare(`UPDATE change_bodies SET edits = '[]' WHERE seq = 30`).run();
    });
    const store = open(home, { at: noon + day });
    let told = 0;
    store.onNotices(() => told++);
    await store.checkRecord({ sinceLast: true });
    expect(store.notices).toMatchObject([{ code: 'record-broken' }]);
    expect(store.notices[0]?.message).toContain('Change 30: its edits are not the ones that were hashed.');
    await store.checkRecord({ sinceLast: true });
    expect(told).toBe(1);
    tamper((database) => database.prepare('UPDATE change_bodies SET edits = ? WHERE seq = 30').run(before));
    await store.checkRecord({ sinceLast: false });
    expect([store.notices, told]).toEqual([[], 2]);
    store.close();
  });

  it('of nothing is whole, too', async () => {
    expect(await check()).toEqual({ ok: true, changes: 0, broken: null, reason: null, head: null });
  });
});

describe('the first broken change is named', () => {
  const at = (seq: number) => (database: Database.Database, sql: string) => database.prepare(sql).run(seq);
  const cases: [string, number, string, (database: Database.Database) => void][] = [
    [
      'for an edited body',
      9,
      'its edits are not the ones that were hashed',
      (database) =>
        at(9)(database, `UPDATE change_bodies SET edits = replace(edits, 'organ', 'tool') WHERE seq = ?`),
    ],
    [
      'for an edited body of the last',
      43,
      'its edits are not the ones that were hashed',
      (database) =>
        at(43)(
          database,
          `UPDATE change_bodies SET edits = '[]' WHERE seq = (SELECT max(seq) FROM changes) AND ? > 0`,
        ),
    ],
    [
      'for an edited head',
      7,
      'its head is not the one that was hashed',
      (database) => at(7)(database, `UPDATE changes SET actor = 'workstation' WHERE seq = ?`),
    ],
    [
      'for a removed row',
      11,
      'it is missing',
      (database) => {
        at(11)(database, 'DELETE FROM change_bodies WHERE seq = ?');
        at(11)(database, 'DELETE FROM changes WHERE seq = ?');
      },
    ],
    [
      'for the first one removed',
      1,
      'it is missing',
      (database) => {
        at(1)(database, 'DELETE FROM changes WHERE seq = ?');
      },
    ],
    [
      'for removed edits that nobody erased',
      8,
      'its edits are missing',
      (database) => at(8)(database, 'DELETE FROM change_bodies WHERE seq = ?'),
    ],
    [
      'for edits that are called erased by a table alone',
      8,
      'its edits are missing',
      (database) => {
        at(8)(database, `INSERT INTO change_erasures VALUES (?, 'hidden')`);
        at(8)(database, 'DELETE FROM change_bodies WHERE seq = ?');
      },
    ],
    [
      'for one row that was hashed anew',
      12,
      'it is not the change that the next one followed',
      (database) => {
        at(12)(database, `UPDATE change_bodies SET edits = '[]' WHERE seq = ?`);
        const previous = database.prepare('SELECT previous FROM changes WHERE seq = 13').pluck().get();
        rehash(database, 12);
        at(13)(database, `UPDATE changes SET previous = '${String(previous)}' WHERE seq = ?`);
        const head = database
          .prepare(
            `SELECT seq, at, actor, window_id AS "window", case_id AS caseId, session_id AS sessionId, command, kind, target,
             group_id AS groupId, step, under, body_sha256 AS bodySha256, previous FROM changes WHERE seq = 13`,
          )
          .get() as ChangeHead;
        database.prepare('UPDATE changes SET hash = ? WHERE seq = 13').run(hashOf(head));
      },
    ],
    [
      'for an answer that was changed after its end',
      5,
      'the answer that it closed was changed',
      (database) => {
        database.exec(`UPDATE answers SET label = 'kidney' WHERE id = 'a-a0'`);
      },
    ],
    [
      'for an answer that is gone',
      5,
      'the answer that it closed is gone',
      (database) => {
        database.exec(`DELETE FROM answers WHERE id = 'a-a0'`);
      },
    ],
    [
      'for a row that was changed past the record',
      3,
      'the question “What organ is being operated?” is not',
      (database) => {
        database.exec(`UPDATE questions SET text = 'Where?' WHERE id = 'a-q0'`);
      },
    ],
  ];

  it.each(cases)('%s', async (_what, seq, reason, work) => {
    written();
    const last = (await check()).changes;
    tamper(work);
    const broken = seq === 43 ? last : seq;
    expect(await check()).toMatchObject({ ok: false, broken, head: null });
    expect((await check()).reason).toContain(`Change ${broken}: ${reason}`);
  });

  it('for a tail that was cut off, by what was written down in the database itself', async () => {
    written();
    rmSync(join(home, 'backups'), { recursive: true });
    tamper((database) => {
      database.exec('DELETE FROM change_bodies WHERE seq > 20; DELETE FROM changes WHERE seq > 20');
    });
    const found = await check();
    expect(found).toMatchObject({ ok: false, broken: 21 });
    expect(found.reason).toMatch(
      /it is missing: the record went up to change \d+ when the backup workstation-/,
    );
  });

  it('for a tail that was hashed anew, by what was written down in the database itself', async () => {
    written();
    rmSync(join(home, 'backups'), { recursive: true });
    let anchored = 0;
    tamper((database) => {
      anchored = database.prepare('SELECT min(seq) FROM chain_anchors').pluck().get() as number;
      database.exec(
        `UPDATE change_bodies SET edits = replace(edits, 'early 9', 'forged') WHERE seq = ${anchored}`,
      );
      database.exec(`UPDATE cases SET pseudonym = pseudonym`);
      rehash(database, anchored);
    });
    const found = await check();
    expect(found).toMatchObject({ ok: false, broken: anchored });
    expect(found.reason).toContain('it is not the change that the backup workstation-');
  });

  it('for a tail that was hashed anew with its marks, by a backup, which knows the very change', async () => {
    written();
    expect(existsSync(join(home, 'backups'))).toBe(true);
    tamper((database) => {
      database.exec(
        `UPDATE change_bodies SET edits = replace(edits, 'early 4', 'forged') WHERE edits LIKE '%early 4%'`,
      );
      database.exec('DELETE FROM chain_anchors');
      rehash(database, 1);
    });
    const first = new Database(join(home, 'workstation.db'), { readonly: true });
    const forged = first
      .prepare(`SELECT min(seq) FROM change_bodies WHERE edits LIKE '%forged%'`)
      .pluck()
      .get();
    first.close();
    const found = await check();
    expect(found).toMatchObject({ ok: false, broken: forged });
    expect(found.reason).toContain('it is another one in the backup workstation-');
  });
});

describe('a check since the last one', () => {
  it('reads what came after it, and sees that the change of the last one is another', async () => {
    written();
    const { changes } = await check();
    tamper((database) => {
      database.exec(`UPDATE change_bodies SET edits = '[]' WHERE seq = 9`);
    });
    // What was checked is trusted: the whole check sees it.
    expect(await check(true)).toMatchObject({ ok: true });
    expect(await check()).toMatchObject({ ok: false, broken: 9 });
    tamper((database) => {
      database.exec(`UPDATE changes SET hash = '${'e'.repeat(64)}' WHERE seq = ${changes}`);
    });
    expect(await check(true)).toMatchObject({ ok: false, broken: changes });
  });
});

describe('a backup that was restored', () => {
  it('leaves a record that holds, beside the backups of the one that it replaced', async () => {
    written();
    const store = open(home, { at: noon + day, exclusive: true });
    const [older] = store.backups();
    const kept = store.record.head!;
    store.restore(older!.name);
    expect(store.record.since(0).changes.at(-1)).toMatchObject({ command: 'record.restore' });
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
    rename(store, 'on the other branch');
    const replacedAgain = store.backups().find(({ name }) => name !== older!.name)!;
    store.restore(replacedAgain.name);
    expect(store.record.hashAt(kept.seq)).toBe(kept.hash);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });
});

describe('a database of another folder under the name of this one', () => {
  it('is told from the backups beside it', async () => {
    written();
    const other = temporaryFolder();
    const strange = open(other);
    addCase(strange, aCase('z'));
    videos.insertVideo(strange.database, aVideo('v', 'z'));
    addSession(strange, { id: 's', caseId: 'z', videoId: 'v' });
    for (let index = 0; index < 40; index++) addCase(strange, aCase(`z${index}`));
    strange.close();
    rmSync(join(home, 'workstation.db'));
    const database = new Database(join(other, 'workstation.db'));
    database.prepare('VACUUM INTO ?').run(join(home, 'workstation.db'));
    database.close();
    expect(await check()).toMatchObject({ ok: false, broken: 1 });
  });
});
