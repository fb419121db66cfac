import canonicalize from 'canonicalize';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf, sha256, type ChangeHead } from '../../main/store/changes/chain.ts';
import { MOST_BODY_BYTES } from '../../main/store/changes/index.ts';
import { statement } from '../../main/store/database.ts';
import {
  cases,
  endAnswer,
  questions,
  videos,
  type ChangeContext,
  type Store,
} from '../../main/store/index.ts';
import type { Change, Edit, GroupId } from '../../preload/contract/changes.ts';
import { ActorId, windowId } from '../../preload/contract/context.ts';
import type { Case } from '../../preload/contract/domain.ts';
import type { CaseId, QuestionId, SessionId } from '../../preload/contract/values.ts';
import { questionsIn } from './asked.ts';
import { open, refusal, temporaryFolder } from './helpers.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';
import { addAnswer, addCase, addQuestion, addSession, removal } from './write.ts';

const anna: ChangeContext = { actor: ActorId.parse('anna'), window: windowId('web', '0123456789') };
const bert: ChangeContext = { actor: ActorId.parse('bert'), window: null };
const caseId = 'a' as CaseId;
const sessionId = 's' as SessionId;

let home: string;
let store: Store;
beforeEach(() => {
  home = temporaryFolder();
  store = open(home);
  addCase(store, aCase('a'));
  videos.insertVideo(store.database, aVideo('v', 'a'));
  addSession(store, { id: 's', caseId: 'a', videoId: 'v' });
});
afterEach(async () => {
  // Whatever was done, undone or refused, the record is whole and the tables are as it says.
  if (store.database.get(statement('test.open', 'SELECT 1')) === undefined) return;
  expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
});

const present = (): Case => cases.findCase(store.database, caseId)!;
const name = (): string => present().pseudonym;
const renaming = (to: string, before = present()): Edit[] => [
  { entity: 'case', id: 'a', before, after: { ...before, pseudonym: to } },
];
const rename = (to: string, by = anna, group: string | null = null): Change | null =>
  store.record.commit(
    by,
    { name: 'case.rename', caseId, sessionId, groupId: group as GroupId | null },
    renaming(to),
  );
const undo = (by = anna): string => store.record.undo(by, sessionId).what;
const redo = (by = anna): string => store.record.redo(by, sessionId).what;
const dump = (): string =>
  JSON.stringify(
    ['cases', 'questions', 'answers'].map((table) =>
      store.database.all(statement('test.dump', `SELECT * FROM ${table} ORDER BY id`)),
    ),
  );

describe('a change', () => {
  it('is written with its rows, holds them before and after, and follows the one before it', () => {
    const before = present();
    const change = rename('Nephrectomy 12')!;
    expect(change).toMatchObject({
      seq: 3,
      at: noon,
      actor: 'anna',
      window: 'web-0123456789',
      command: 'case.rename',
      kind: 'do',
      edits: [{ entity: 'case', id: 'a', before, after: { ...before, pseudonym: 'Nephrectomy 12' } }],
    });
    expect(name()).toBe('Nephrectomy 12');
    const { hash, previous } = change;
    expect(store.record.since(2)).toEqual({ changes: [change], seq: 3, hash, more: false });
    expect(store.record.hashAt(2)).toBe(previous);
    expect(store.record.since(0, 2)).toMatchObject({ seq: 3, more: true });
  });

  it('is refused where a thing is not as it was, names it, and writes nothing', () => {
    const before = present();
    rename('Case 7', bert);
    const error = refusal(() =>
      store.record.commit(anna, { name: 'case.rename', caseId, sessionId }, renaming('Mine', before)),
    );
    expect(error.code).toBe('changed-since');
    expect(error.message).toBe('The case “Case 7” was changed (name) since then, so nothing was done.');
    expect(name()).toBe('Case 7');
    expect(store.record.seq).toBe(3);
    const gone = removal(aQuestion('none', 's'));
    expect(
      refusal(() => store.record.commit(anna, { name: 'question.delete', caseId, sessionId }, [gone]))
        .message,
    ).toContain('was deleted since then');
  });

  it('of a database that was put back, which has the place of another one, does not follow what came before that', () => {
    rename('one');
    const before = join(temporaryFolder(), 'before');
    store.close();
    cpSync(home, before, { recursive: true });
    store = open(home);
    rename('two');
    const { seq, hash } = store.record.head!;
    // A window stood there when the workstation was closed and the older file put in its place.
    store.close();
    store = open(before);
    rename('other two');
    rename('three');
    const [next] = store.record.since(seq).changes;
    expect(next).toMatchObject({ seq: seq + 1 });
    expect(next!.previous).not.toBe(hash);
    expect(store.record.since(seq + 1)).toMatchObject({ changes: [], hash: next!.hash });
  });

  it('that changes nothing is none', () => {
    expect(rename(name())).toBeNull();
    expect(store.record.seq).toBe(2);
  });

  it('is told once it is committed, and never where the transaction fails', () => {
    const told: number[] = [];
    store.record.onChange(({ seq }) => {
      // Another connection sees it by then.
      const beside = open(home);
      expect(beside.record.seq).toBeGreaterThanOrEqual(seq);
      told.push(seq);
    });
    expect(() =>
      store.database.transaction(() => {
        rename('one');
        throw new Error('in the midst');
      }),
    ).toThrow('in the midst');
    expect(told).toEqual([]);
    expect(name()).toBe('Case a');
    store.database.transaction(() => {
      rename('two');
      expect(() =>
        store.database.transaction(() => {
          rename('three');
          throw new Error('inside');
        }),
      ).toThrow('inside');
      rename('four');
      expect(told).toEqual([]);
    });
    expect(told).toEqual([3, 4]);
  });

  it('stays where a listener fails, and the other listeners are told', () => {
    const told: number[] = [];
    store.record.onChange(() => {
      throw new Error('a window is gone');
    });
    store.record.onChange(({ seq }) => told.push(seq));
    rename('one');
    expect(told).toEqual([3]);
  });

  it('too large is refused with its size, and nothing is written', () => {
    const edits = Array.from({ length: 600 }, (_, index): Edit => {
      const question = aQuestion(`q${index}`, 's', { text: 'x'.repeat(2000) });
      return { entity: 'question', id: question.id, before: null, after: question };
    });
    const error = refusal(() =>
      store.record.commit(anna, { name: 'question.ask', caseId, sessionId }, edits),
    );
    expect(error.code).toBe('invalid-input');
    expect(error.message).toContain(`${MOST_BODY_BYTES / 1024} KiB are the most`);
    expect(questionsIn(store.database, sessionId)).toEqual([]);
  });

  it('is placed by its number, whatever the clock says', () => {
    store.close();
    store = open(home, { at: noon - 1_000_000 });
    rename('earlier');
    rename('later');
    const { changes } = store.record.since(2);
    expect(changes.slice(-2).map(({ seq, at }) => [seq, at])).toEqual([
      [4, noon - 1_000_000],
      [5, noon - 1_000_000],
    ]);
    undo();
    expect(name()).toBe('earlier');
  });

  it('keeps text that no database can hold as text that it can', () => {
    const question = aQuestion('q', 's', { text: 'half \ud800 and \u0000 zero' });
    store.record.commit(anna, { name: 'question.ask', caseId, sessionId }, [
      { entity: 'question', id: 'q', before: null, after: question },
    ]);
    const kept = () => questionsIn(store.database, sessionId).map(({ text }) => text);
    expect(kept()).toEqual(['half \ufffd and \u0000 zero']);
    undo();
    redo();
    expect(kept()).toEqual(['half \ufffd and \u0000 zero']);
  });

  it('can’t be changed or removed by a statement, nor can who made it', () => {
    rename('one');
    for (const sql of [
      `UPDATE changes SET at = 0`,
      `DELETE FROM changes WHERE seq = 3`,
      `UPDATE change_bodies SET edits = '[]'`,
      `DELETE FROM change_bodies`,
      `INSERT OR REPLACE INTO change_bodies VALUES (1, '[]')`,
      `DELETE FROM actors`,
    ]) {
      expect(() => store.database.run(statement('test.spoil', sql)), sql).toThrow(
        'the record is never changed',
      );
    }
  });
});

describe('the hash of a change', () => {
  it('is of its head in the canonical form, which the library gives, too', () => {
    const head: ChangeHead = {
      ...{ seq: 7, at: 1, actor: 'a', window: null, caseId: 'c', sessionId: null, command: 'x.y' },
      ...{ kind: 'undo', target: 3, groupId: 'g', step: 7, under: null },
      ...{ bodySha256: 'b'.repeat(64), previous: 'p'.repeat(64) },
    };
    expect(hashOf(head)).toBe(sha256(canonicalize({ format: 1, ...head })!));
  });
});

describe('undo and redo', () => {
  it('take the last step of one’s own first, and do it again', () => {
    rename('one');
    rename('two');
    expect(store.record.undoable(anna.actor, sessionId)).toEqual({ undo: 'Rename case: “two”', redo: null });
    expect(undo()).toBe('Rename case: “two”');
    expect(name()).toBe('one');
    expect(store.record.undoable(anna.actor, sessionId)).toEqual({
      undo: 'Rename case: “one”',
      redo: 'Rename case: “two”',
    });
    undo();
    expect(name()).toBe('Case a');
    expect(refusal(undo).code).toBe('not-found');
    expect(redo()).toBe('Rename case: “one”');
    expect(redo()).toBe('Rename case: “two”');
    expect(name()).toBe('two');
    expect(refusal(redo).code).toBe('not-found');
    expect(undo()).toBe('Rename case: “two”');
    rename('three');
    expect(refusal(redo).code).toBe('not-found');
    undo();
    expect(name()).toBe('one');
  });

  it('leave every row as it was, byte for byte', () => {
    addQuestion(store, aQuestion('q', 's'));
    addAnswer(store, runningAnswer('x', 'q', 's'));
    const before = dump();
    rename('one');
    store.record.commit(anna, { name: 'question.delete', caseId, sessionId }, [removal(aQuestion('q', 's'))]);
    const after = dump();
    undo();
    undo();
    expect(dump()).toBe(before);
    redo();
    redo();
    expect(dump()).toBe(after);
  });

  it('outlive restarts', () => {
    rename('one');
    rename('two');
    store.close();
    store = open(home);
    undo();
    store.close();
    store = open(home);
    expect(redo()).toBe('Rename case: “two”');
    expect(undo()).toBe('Rename case: “two”');
    expect(undo()).toBe('Rename case: “one”');
    expect(name()).toBe('Case a');
  });

  it('leave what another did, are refused where it stands on one’s own, and go on with what lies below', () => {
    const question = aQuestion('q', 's');
    const asked: Edit = { entity: 'question', id: 'q', before: null, after: question };
    store.record.commit(anna, { name: 'question.ask', caseId, sessionId }, [asked]);
    rename('anna’s');
    expect(refusal(() => undo(bert)).code).toBe('not-found');
    rename('bert’s', bert);
    const error = refusal(undo);
    expect(error.code).toBe('changed-since');
    expect(error.message).toContain('The case “bert’s” was changed (name) since then');
    expect(error.hint).toContain('The next undo passes over it.');
    expect(name()).toBe('bert’s');
    const refused = store.record.since(store.record.seq - 1).changes[0]!;
    expect(refused).toMatchObject({ command: 'undo.refused', kind: 'undo', target: 4, edits: [] });

    store.close();
    store = open(home);
    expect(store.record.undoable(anna.actor, sessionId)).toEqual({
      undo: 'Ask: “What organ is being operated?”',
      redo: null,
    });
    expect(undo()).toContain('Ask');
    expect(questionsIn(store.database, sessionId)).toEqual([]);
    expect(refusal(undo).code).toBe('not-found');
    expect(redo()).toContain('Ask');
    expect(refusal(redo).code).toBe('not-found');
    expect(name()).toBe('bert’s');
    expect(undo(bert)).toBe('Rename case: “bert’s”');
  });

  it('pass over what can’t be done again, too', () => {
    const question = aQuestion('q', 's');
    const asked: Edit = { entity: 'question', id: 'q', before: null, after: question };
    rename('anna’s');
    store.record.commit(anna, { name: 'question.ask', caseId, sessionId }, [asked]);
    undo();
    undo();
    rename('bert’s', bert);
    expect(refusal(redo).code).toBe('changed-since');
    expect(redo()).toContain('Ask');
    expect(undo()).toContain('Ask');
    expect(refusal(undo).code).toBe('not-found');
    expect(name()).toBe('bert’s');
  });

  it('take a group as one step, and a new group as another', () => {
    for (const at of ['1', '2', '3']) rename(`drag ${at}`, anna, 'drag-1');
    for (const at of ['4', '5']) rename(`drag ${at}`, anna, 'drag-2');
    undo();
    expect(name()).toBe('drag 3');
    undo();
    expect(name()).toBe('Case a');
    redo();
    expect(name()).toBe('drag 3');
    redo();
    expect(name()).toBe('drag 5');
    // What was done again is not gone on with.
    rename('drag 6', anna, 'drag-2');
    undo();
    expect(name()).toBe('drag 5');
  });

  it('refuse a group that another was in the midst of', () => {
    rename('drag 1', anna, 'drag');
    rename('bert’s', bert);
    rename('drag 2', anna, 'drag');
    expect(refusal(undo).code).toBe('changed-since');
    expect(name()).toBe('drag 2');
  });

  it('hide what was asked and bring it back with its answer, which has ended meanwhile', () => {
    const question = aQuestion('q', 's');
    const facts = { id: 'x', questionId: 'q', sessionId: 's', version: 1, createdAt: noon };
    store.record.commit(anna, { name: 'question.ask', caseId, sessionId }, [
      { entity: 'question', id: 'q', before: null, after: question },
      { entity: 'answer', id: 'x', before: null, after: facts as never },
    ]);
    const listed = () => questionsIn(store.database, sessionId).map(({ id }) => id);
    expect(undo()).toContain('Ask');
    expect(listed()).toEqual([]);
    endAnswer(store, fullAnswer('x', 'q', 's'));
    redo();
    expect(listed()).toEqual(['q']);
    undo();
    expect(listed()).toEqual([]);
    expect(questions.findQuestion(store.database, 'q' as QuestionId)).toEqual({ ...question, videoId: 'v' });
  });

  it('find their target by indexes alone', () => {
    const plan = (sql: string) =>
      store.database
        .all(statement('test.plan', `EXPLAIN QUERY PLAN ${sql}`), { sessionId: 's', actor: 'a', step: 1 })
        .map((row) => (row as { detail: string }).detail)
        .join('; ');
    expect(
      plan(
        `SELECT * FROM changes WHERE session_id = :sessionId AND actor = :actor AND kind <> 'record' AND :step = 1
         ORDER BY seq DESC LIMIT 1`,
      ),
    ).toBe('SEARCH changes USING INDEX undoable_changes (session_id=? AND actor=?)');
    expect(plan(`SELECT * FROM changes WHERE step = :step AND :sessionId <> :actor`)).toBe(
      'SEARCH changes USING INDEX changes_of_step (step=?)',
    );
  });
});

describe('an erasure', () => {
  it('takes the edits of a case, keeps the chain, says who did it, and leaves the rows', async () => {
    rename('Mrs. Example');
    addCase(store, aCase('b'));
    const count = store.eraseFromRecord(bert, { caseId, reason: 'Withdrawal of 12 November' });
    expect(count).toBe(3);
    const { changes } = store.record.since(0);
    expect(changes.map(({ seq, edits }) => [seq, edits === null])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
      [5, false],
    ]);
    expect(changes.at(-1)).toMatchObject({ command: 'record.erase', actor: 'bert' });
    expect(name()).toBe('Mrs. Example');
    expect(await store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
    expect(refusal(() => store.eraseFromRecord(bert, { caseId, reason: 'again' })).code).toBe('not-found');
    expect(store.record.undoable(anna.actor, sessionId)).toEqual({ undo: 'Rename case', redo: null });
    expect(refusal(undo).message).toContain('was erased from the record');
    expect(store.record.undoable(anna.actor, sessionId)).toEqual({ undo: null, redo: null });
  });
});
