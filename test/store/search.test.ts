import Database from 'better-sqlite3';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { statement, type Connection } from '../../main/store/database.ts';
import { findRows, openStore, type Store } from '../../main/store/index.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import type { FoundKind } from '../../preload/contract/search/found.ts';
import { parseSearch } from '../../preload/contract/search/query.ts';
import type { CaseId, SessionId } from '../../preload/contract/values.ts';
import type { Judgement, Verdict } from '../../preload/contract/verdicts.ts';
import { addReview } from './filled.ts';
import { multiplyQuestion } from './long-session.ts';
import { aCase, aQuestion, fullAnswer, noon, runningAnswer, silent } from './rows.ts';
import { addAnswer, addQuestion, end, removeQuestion } from './write.ts';

/** Full-text search over what real SQLite holds, kept right by the transactions that write it. */
const anna = { actor: ActorId.parse('anna'), window: null };
const ben = { actor: ActorId.parse('ben'), window: null };
const sessionId = 'one-session' as SessionId;
const caseId = 'one-case' as CaseId;
let home: string;
let store: Store;

const open = (): Store => openStore({ home, now: Date.now, log: silent });

const find = (query: string, kind: FoundKind = 'answer', actor = anna.actor): string[] =>
  findRows(store.database, parseSearch(query), { kind, actor, limit: 100 }).rows.map(
    ({ subject }) => subject,
  );

function say(
  question: string,
  { note = '', ...given }: { note?: string; judgement?: Judgement },
  by = anna,
): void {
  const verdict = {
    ...{ answerId: `a-${question}`, questionId: question, actor: by.actor, marks: [], note },
    judgement: given.judgement ?? null,
  } as unknown as Verdict;
  const edit: Edit = { entity: 'verdict', id: `a-${question}:${by.actor}`, before: null, after: verdict };
  store.record.commit(by, { name: 'verdict.note', caseId, sessionId }, [edit]);
}

function ask(id: string, text: string, change: Parameters<typeof runningAnswer>[3] = {}): void {
  addQuestion(store, aQuestion(id, sessionId, { text }));
  addAnswer(store, runningAnswer(`a-${id}`, id, sessionId));
  end(store, { ...fullAnswer(`a-${id}`, id, sessionId), ...change });
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'workstation-search-'));
  store = open();
  addReview(store, 'one', 0);
  ask('grasp', 'What does the forceps do?', {
    label: 'Grasping',
    reasoning: 'It holds the edge of the capsule.',
  });
  ask('cut', 'Is there smoke?', { label: 'Cutting', probability: 0.1, evidence: null });
});

afterEach(() => {
  store.close();
  rmSync(home, { recursive: true, force: true });
});

describe('what is asked and answered', () => {
  it('is found by its words wherever they stand, the newest first', () => {
    expect(find('forceps')).toEqual(['grasp']);
    expect(find('GRASP')).toEqual(['grasp']);
    expect(find('forceps capsule')).toEqual(['grasp']);
    expect(find('"edge of the cap')).toEqual(['grasp']);
    expect(find('"edge capsule"')).toEqual([]);
    expect(find('smoke capsule')).toEqual([]);
    expect(find('i')).toEqual(['cut', 'grasp']);
    expect(find('label:cutting')).toEqual(['cut']);
    expect(find('label:smoke')).toEqual([]);
    expect(find('model:nano is:unsure')).toEqual(['cut']);
    expect(find('case:one forceps')).toEqual(['grasp']);
    expect(find('case:two forceps')).toEqual([]);
    expect(find('case one', 'case')).toEqual([caseId]);
    expect(find('session one', 'session')).toEqual([sessionId]);
    expect(find('is:open case', 'case')).toEqual([]);
  });

  it('is found by what people say of it, until they take it back', () => {
    say('grasp', { note: 'Ask Prof. Müller about this' });
    say('cut', { judgement: { decision: 'corrected', at: noon, label: 'Blunt dissection', box: null } });
    expect(find('muller')).toEqual(['grasp']);
    expect(find('label:blunt')).toEqual(['cut']);
    expect(find('is:corrected')).toEqual(['cut']);
    expect(find('is:open')).toEqual(['grasp']);
    expect(find('is:open', 'answer', ben.actor)).toEqual(['cut', 'grasp']);
    say('grasp', { judgement: { decision: 'accepted', at: noon } }, ben);
    expect(find('is:open', 'answer', ben.actor)).toEqual(['cut']);
    expect(find('is:accepted')).toEqual([]);
    store.record.undo(anna, sessionId);
    expect(find('label:blunt')).toEqual([]);
    expect(find('is:open')).toEqual(['cut', 'grasp']);
    store.record.redo(anna, sessionId);
    expect(find('label:blunt')).toEqual(['cut']);
  });

  it('is not found while it is deleted, and has its place again when it comes back', () => {
    const question = aQuestion('grasp', sessionId, { text: 'What does the forceps do?' });
    const { database } = store;
    const present = { ...question, videoId: 'one-video' } as typeof question;
    removeQuestion(store, present);
    expect(find('forceps')).toEqual([]);
    addQuestion({ record: store.record, database }, present);
    expect(find('is:open')).toEqual(['cut', 'grasp']);
  });

  it('is found among bookmarks and segments, too', () => {
    const mark = {
      sessionId,
      videoId: 'one-video',
      actor: anna.actor,
      createdAt: noon,
      note: 'compare with the plane',
    };
    const bookmark = { ...mark, id: 'b1', location: aQuestion('x', sessionId).location, name: 'Hilum' };
    const segment = {
      ...mark,
      id: 's1',
      span: { videoId: 'one-video', from: 0, to: 9 },
      seconds: { from: 0, to: 1 },
    };
    const edits = [
      { entity: 'bookmark', id: 'b1', before: null, after: bookmark },
      {
        entity: 'segment',
        id: 's1',
        before: null,
        after: { ...segment, name: 'Dissection', tags: ['left'], look: 'teal' },
      },
    ] as unknown as Edit[];
    store.record.commit(anna, { name: 'bookmark.add', caseId, sessionId }, edits);
    expect(find('hilum plane', 'bookmark')).toEqual(['b1']);
    expect(find('dissection left', 'segment')).toEqual(['s1']);
    store.record.undo(anna, sessionId);
    expect(find('plane', 'bookmark')).toEqual([]);
  });

  it('follows the name of its case', () => {
    const renamed = aCase(caseId, { pseudonym: 'Nephrectomy 12' });
    store.record.commit(anna, { name: 'case.rename', caseId, sessionId }, [
      { entity: 'case', id: caseId, before: aCase(caseId), after: renamed },
    ]);
    expect(find('nephrec', 'case')).toEqual([caseId]);
    expect(find('nephrectomy', 'session')).toEqual([sessionId]);
    expect(find('case:nephrectomy smoke')).toEqual(['cut']);
    expect(find('one', 'session')).toEqual([]);
  });
});

describe('the index', () => {
  it('is filled with what an earlier version wrote, and the same again after it was lost', () => {
    say('grasp', { note: 'look again' });
    const queries = ['look', 'label:grasping', 'is:open', 'i', 'smoke'];
    const before = queries.map((query) => find(query));
    store.close();
    const database = new Database(join(home, 'workstation.db'));
    database.exec(`DELETE FROM search_state; DELETE FROM search_documents;
      INSERT INTO search_index (search_index) VALUES ('delete-all');`);
    database.close();
    store = open();
    expect(queries.map((query) => find(query))).toEqual(before);
  });

  it('of many answers is made beside everything else, tells how far it is, and can be broken off and gone on with', async () => {
    store.close();
    multiplyQuestion(home, 1500);
    const lose = new Database(join(home, 'workstation.db'));
    lose.exec('DELETE FROM search_state');
    lose.close();
    store = open();
    const first = store.searchFilling!;
    // Everything that can be found: 1,501 answers, a case and a session.
    expect(first.of).toBe(1503);
    expect(first.done).toBeLessThan(200);
    await expect.poll(() => store.searchFilling!.done).toBeGreaterThan(first.done + 100);
    // What is asked meanwhile is found in its place, and what is said of what is there already at once.
    ask('meanwhile', 'What does the forceps do?');
    store.close();
    store = open();
    expect(store.searchFilling!.done).toBeGreaterThan(first.done + 100);
    await expect.poll(() => store.searchFilling).toBeNull();
    expect(find('forceps')).toEqual(['meanwhile', 'grasp']);
    expect(find('scissors')).toHaveLength(100);
    const found = store.database.all(
      statement('test.found', 'SELECT count(*) AS count FROM search_documents'),
    );
    expect(found).toEqual([{ count: 1504 }]);
    store.close();
    store = open();
    expect(store.searchFilling).toBeNull();
  });

  it('is gone on with when a full disk has room again, and says meanwhile that it is not whole', () => {
    store.close();
    multiplyQuestion(home, 1500);
    const lose = new Database(join(home, 'workstation.db'));
    lose.exec('DELETE FROM search_state');
    lose.close();
    vi.useFakeTimers();
    try {
      const opened = openStore({ home, now: Date.now, log: silent });
      store = opened;
      const connection = opened.database as Connection;
      const limit = (pages: number | string) =>
        connection.inspect((database) => database.exec(`PRAGMA max_page_count = ${pages}`));
      limit(1);
      vi.advanceTimersByTime(60_000);
      expect(opened.searchFilling!.done).toBeLessThan(opened.searchFilling!.of);
      limit(4_294_967_294);
      vi.advanceTimersByTime(60_000);
      expect(opened.searchFilling).toBeNull();
      expect(find('scissors')).toHaveLength(100);
    } finally {
      vi.useRealTimers();
    }
  });

  it('comes in pages that miss none and repeat none', () => {
    for (let index = 0; index < 25; index++) ask(`q${index}`, 'A clip is seen');
    const query = parseSearch('clip');
    const seen: string[] = [];
    for (let before: number | undefined; ;) {
      const page = findRows(store.database, query, { kind: 'answer', actor: anna.actor, before, limit: 7 });
      expect(page.count).toBe(25);
      seen.push(...page.rows.map(({ subject }) => subject));
      before = page.rows.at(-1)?.place;
      if (!page.more) break;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `q${24 - index}`));
  });
});

describe('no text fails', () => {
  const hostile = [
    ...[
      '"',
      '""',
      "'",
      "';DROP TABLE cases;--",
      '*',
      '^a',
      'a*b',
      'a AND',
      'NOT',
      'NEAR(a b)',
      '(',
      ')',
      '{a}:',
      'a:b:c',
    ],
    ...[
      'label:"',
      'is:',
      'facts:kindxanswer',
      'kindxanswer',
      '😀 scissors',
      '\0',
      'a\0b',
      '\ud800',
      '\u0301',
      '%',
      '_',
      '\\',
    ],
    ...[
      'label:'.repeat(2000),
      '"'.repeat(9999),
      'is:open '.repeat(1200),
      'ab '.repeat(3333),
      'x'.repeat(10_000),
    ],
    ...['case:'.concat('a'.repeat(10_000)), '字'.repeat(5000), '\u202e'.repeat(100), 'NULL', '𞤀𞤁'],
  ];

  it('of any kind', () => {
    for (const text of hostile) {
      for (const kind of ['answer', 'session', 'case'] as const) {
        expect(Array.isArray(find(text, kind)), text.slice(0, 40)).toBe(true);
      }
    }
    // A word of the index's own is no word that a person can find.
    expect(find('kindxanswer')).toEqual([]);
    expect(find('awaits')).toEqual([]);
  });
});
