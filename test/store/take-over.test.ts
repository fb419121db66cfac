import Database from 'better-sqlite3';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../main/store/changes/chain.ts';
import { sealOf } from '../../main/store/changes/seals.ts';
import { statement } from '../../main/store/database.ts';
import {
  cases,
  endAnswer,
  moveBoxesToDisplayed,
  sessions,
  type Store,
  answers,
  questions,
  caseRecordings,
} from '../../main/store/index.ts';
import { migrate } from '../../main/store/migrate.ts';
import { migrations } from '../../main/store/migrations/index.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { AnswerId, CaseId, QuestionId, SessionId, VideoId } from '../../preload/contract/values.ts';
import { questionsIn } from './asked.ts';
import { open, temporaryFolder } from './helpers.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';
import { addAnswer, addCase, addQuestion, addSession, tester } from './write.ts';
import { videos } from '../../main/store/index.ts';

/**
 * Made by the workstation of commit dce76b9, schema 11: the demonstration case, renamed; six questions of which one was asked
 * again, one refused, one deleted and one stopped while it waited; and a case without a session.
 */
const schema11 = 'schema-11.db';

/**
 * Made by the workstation of commit 5a502ea, schema 13: the demonstration case with two sessions; a question in each, another one
 * that was deleted, and the case renamed, all of which can be undone; the second session was left at frame 77.
 */
const schema13 = 'schema-13.db';

function takenOver(fixture = schema11): { store: Store; before: Record<string, Record<string, unknown>[]> } {
  const home = temporaryFolder();
  const path = join(home, 'workstation.db');
  cpSync(resolve(import.meta.dirname, '../fixtures/store', fixture), path);
  const old = new Database(path);
  const rows = (table: string) =>
    old.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all() as Record<string, unknown>[];
  const tables = ['cases', 'videos', 'sessions', 'questions', 'answers'];
  if (fixture === schema13) tables.push('changes', 'actors');
  const before = Object.fromEntries(tables.map((table) => [table, rows(table)]));
  old.close();
  return { store: open(home), before };
}

describe('a database of before the record', () => {
  it('keeps every row, and has a first record of each case with the digest of all that it holds', async () => {
    const { store, before } = takenOver();
    for (const [table, rows] of Object.entries(before)) {
      const now = store.database.all(statement('test.all', `SELECT * FROM ${table} ORDER BY rowid`));
      const kept = rows.map(({ video_id: video, ...row }) =>
        table === 'sessions' ? { ...row, left_video_id: video } : row,
      );
      expect(now, table).toMatchObject(kept);
    }
    const { changes } = store.record.since(0);
    const takeOver = { command: 'case.take-over', kind: 'record', actor: 'workstation', sessionId: null };
    const caseIds = before['cases']!.map(({ id }) => id);
    const withVideo = new Set(before['videos']!.map((row) => row['case_id']));
    expect(changes).toMatchObject(
      [...caseIds, ...caseIds.filter((id) => withVideo.has(id))].map((caseId) => ({ ...takeOver, caseId })),
    );
    const count = (name: Edit['entity']) =>
      changes.flatMap(({ edits }) => edits ?? []).filter(({ entity }) => entity === name).length;
    expect([count('case'), count('session'), count('question'), count('answer'), count('seal')]).toEqual([
      2, 1, 5, 7, 7,
    ]);
    const digests = store.database.all(
      statement('test.digests', 'SELECT body_sha256, edits FROM changes JOIN change_bodies USING (seq)'),
    ) as { body_sha256: string; edits: string }[];
    for (const { body_sha256: digest, edits } of digests) expect(sha256(edits)).toBe(digest);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({
      ok: true,
      changes: changes.length,
    });
    expect(store.backups()).toHaveLength(1);
  });

  it('closes every answer that had ended, and refuses to change one', () => {
    const { store, before } = takenOver();
    const seals = store.database.all(statement('test.seals', 'SELECT seal FROM answers ORDER BY rowid'));
    expect(seals).toEqual(before['answers']!.map((row) => ({ seal: sealOf(row) })));
    const spoil = statement('test.spoil', `UPDATE answers SET label = 'liver'`);
    expect(() => store.database.run(spoil)).toThrow('a sealed answer is never changed');
  });

  it('has its questions about their session’s video, and everybody where the session was left', async () => {
    const { store, before } = takenOver();
    const [session] = sessions.listSessions(store.database, tester.actor);
    const row = before['sessions']!.find(({ id }) => id === session!.id)!;
    const left = { videoId: row['video_id'], frameIndex: row['frame_index'] };
    for (const question of questionsIn(store.database, session!.id)) {
      expect(question.videoId).toBe(left.videoId);
    }
    expect(session).toMatchObject(left);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('goes on: its deleted question comes back and goes again, its name is undone', async () => {
    const { store, before } = takenOver();
    const [session] = sessions.listSessions(store.database, tester.actor);
    const { id: sessionId, caseId } = session!;
    const deleted = before['questions']!.find((row) => row['deleted_at'] !== null)!['id'] as QuestionId;
    const question = questions.findQuestion(store.database, deleted)!;
    const command = { name: 'question.restore', caseId, sessionId };
    store.record.commit(tester, command, [
      { entity: 'question', id: deleted, before: null, after: question },
    ]);
    expect(questionsIn(store.database, sessionId)).toHaveLength(6);
    store.record.undo(tester, sessionId);
    expect(questionsIn(store.database, sessionId)).toHaveLength(5);
    const owner = cases.findCase(store.database, caseId)!;
    store.record.commit(tester, { name: 'case.rename', caseId, sessionId }, [
      { entity: 'case', id: caseId, before: owner, after: { ...owner, pseudonym: 'Another' } },
    ]);
    store.record.undo(tester, sessionId);
    expect(cases.findCase(store.database, caseId)).toEqual(owner);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('of half a million bytes of answers is taken over whatever the size of a change may be', async () => {
    const home = temporaryFolder();
    const old = new Database(join(home, 'workstation.db'));
    migrate(old, migrations.slice(0, 11));
    old.exec(`INSERT INTO cases VALUES ('c', 'C', 0, 1)`);
    old.exec(`INSERT INTO videos (id, case_id, path, display_name, fingerprint, size_bytes, container, codec, width,
      height, time_base, variable_frame_rate, index_state, playback, added_at, opened_at)
      VALUES ('v', 'c', '/a', 'a', 'p', 1, 'mp4', 'h264', 2, 2, '[1,1]', 0, 'building', 'native', 1, 1)`);
    old.exec(`INSERT INTO sessions VALUES ('s', 'c', 'v', 1, 1, 1, 1, 0, 1, 1)`);
    const location = JSON.stringify({ index: 1, pts: 1, seconds: 0.1, timecode: '00:00:00.100' });
    old.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO questions SELECT 'q' || i, 's', 'What? ' || i, 1, '${location}', 1, NULL FROM n`);
    old.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO answers (id, question_id, session_id, version, status, reasoning, raw, notes, settings, created_at,
        ended_at, process_id, alive_at)
      SELECT 'a' || i, 'q' || i, 's', 1, 'stopped', '', 'raw', '[]', '{}', 1, 2, 0, 1 FROM n`);
    old.exec(`UPDATE questions SET location = 'no json' WHERE id = 'q7'`);
    old.close();
    const store = open(home);
    const found = await store.checkRecord({ sinceLast: false });
    expect(found).toMatchObject({ ok: true, changes: 2 });
    expect(store.record.since(0).changes[0]?.edits).toHaveLength(1 + 1 + 4999 + 5000 + 5000);
  });
});

describe('a database whose sessions had one video each', () => {
  it('keeps what was recorded, and has the recordings of each case in the record', async () => {
    const { store, before } = takenOver(schema13);
    const { changes } = store.record.since(0);
    const [video] = before['videos']!;
    const place = { videoId: video!['id'], caseId: video!['case_id'], place: 1 };
    expect(changes).toHaveLength(before['changes']!.length + 1);
    expect(changes.at(-1)).toMatchObject({
      ...{ command: 'case.take-over', kind: 'record', actor: 'workstation' },
      edits: [{ entity: 'recording', before: null, after: place }],
    });
    expect(caseRecordings.listCaseRecordings(store.database, place.caseId as CaseId)).toEqual([
      { ...place, eye: null, start: null },
    ]);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('has every question about its session’s video, and each session where it was left', () => {
    const { store, before } = takenOver(schema13);
    for (const { id, video_id: videoId, frame_index: frameIndex } of before['sessions']!) {
      const stored = sessions.findSession(store.database, id as SessionId)!;
      expect(sessions.asSeenBy(store.database, tester.actor, stored)).toMatchObject({ videoId, frameIndex });
      const asked = questionsIn(store.database, stored.id);
      expect(asked).toHaveLength(1);
      expect(asked[0]?.videoId).toBe(videoId);
    }
  });

  it('lets what was done be undone and done again, though it was recorded without the video', async () => {
    const { store, before } = takenOver(schema13);
    const actor = before['actors']!.find(({ kind }) => kind === 'person')!['id'] as ActorId;
    const by = { actor, window: null };
    const [first] = before['sessions']!.map(({ id }) => id as SessionId);
    const all = questionsIn(store.database, first!);
    expect(Array.from({ length: 4 }, () => store.record.undo(by, first!).what.split(':')[0])).toEqual([
      'Rename case',
      'Delete question',
      'Ask',
      'Ask',
    ]);
    expect(questionsIn(store.database, first!)).toEqual([]);
    for (let count = 0; count < 4; count++) store.record.redo(by, first!);
    expect(questionsIn(store.database, first!)).toEqual(all);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('does not let the record pass where a question was changed by hand', async () => {
    const { store } = takenOver(schema13);
    store.database.run(
      statement('test.spoil', `UPDATE questions SET text = 'Other?' WHERE deleted_at IS NULL`),
    );
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: false, broken: 3 });
  });
});

describe('an answer of another process', () => {
  const began = (store: Store, writer: number): Answer => {
    addCase(store, aCase('c'));
    videos.insertVideo(store.database, aVideo('v', 'c'));
    addSession(store, { id: 's', caseId: 'c', videoId: 'v' });
    addQuestion(store, aQuestion('q', 's'));
    addAnswer(store, runningAnswer('x', 'q', 's'), writer);
    return fullAnswer('x', 'q', 's');
  };
  const seal = (store: Store): unknown =>
    store.database.get(statement('test.seal', `SELECT status, seal FROM answers WHERE id = 'x'`));
  const commands = (store: Store): string[] =>
    store.record
      .since(0)
      .changes.map(({ command }) => command)
      .filter((command) => /^answer\.(end|seal)$/.test(command));

  it('that was only silent is stopped and left open: its writer’s own word counts, and closes it', async () => {
    const home = temporaryFolder();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await wait(50);
    const full = began(open(home), other.pid!);
    const later = open(home, { at: noon + 10 * 60 * 1000 });
    expect(seal(later)).toEqual({ status: 'stopped', seal: null });
    expect(endAnswer(later, full, 1)).toBe(false);
    expect(endAnswer(later, full, other.pid)).toBe(true);
    expect(answers.findAnswer(later.database, 'x' as AnswerId)).toEqual(full);
    expect(endAnswer(later, { ...full, label: 'late' }, other.pid)).toBe(false);
    expect(commands(later)).toEqual(['answer.end']);
    expect(later.record.since(0).changes.at(-1)?.actor).toMatch(/^model-[0-9a-f]{32}$/);
    other.kill();
  });

  it('that was stopped and then died is closed at the next start', async () => {
    const home = temporaryFolder();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await wait(50);
    began(open(home), other.pid!);
    expect(seal(open(home, { at: noon + 10 * 60 * 1000 }))).toEqual({ status: 'stopped', seal: null });
    const gone = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await gone;
    const after = open(home, { at: noon + 11 * 60 * 1000 });
    expect(seal(after)).toMatchObject({
      status: 'stopped',
      seal: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(commands(after)).toEqual(['answer.end']);
    expect(endAnswer(after, fullAnswer('x', 'q', 's'), other.pid)).toBe(false);
    expect(await after.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('of an earlier version is closed once its box lies on the displayed picture', async () => {
    const store = open(temporaryFolder());
    const full = began(store, process.pid);
    const { frame } = full;
    // Ended by a version that closed nothing.
    store.database.run(
      statement(
        'test.ended',
        `UPDATE answers SET status = 'answered', ended_at = 5, box = '[1,2,3,4]', frame = '${JSON.stringify(frame)}'`,
      ),
    );
    expect(seal(store)).toMatchObject({ seal: null });
    moveBoxesToDisplayed(store, 'v' as VideoId, { width: 10, height: 10 }, (box) => box);
    expect(seal(store)).toMatchObject({ seal: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(commands(store)).toEqual(['answer.seal']);
    moveBoxesToDisplayed(store, 'v' as VideoId, { width: 10, height: 10 }, () => [0, 0, 9, 9]);
    expect(answers.findAnswer(store.database, 'x' as AnswerId)?.box).toEqual([1, 2, 3, 4]);
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });
});
