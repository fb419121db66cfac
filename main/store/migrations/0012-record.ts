import type Database from 'better-sqlite3';
import { canonicalText, chainStart, hashOf, sha256, type ChangeHead } from '../changes/chain.ts';
import { sealedColumns, sealOf } from '../changes/seals.ts';
import { isAlive } from '../../platform/process-alive.ts';
import type { Migration } from './migration.ts';

const tables = `
  CREATE TABLE actors (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'model', 'program')),
    name TEXT NOT NULL,
    -- Of a person who is known by the account of the operating system.
    account TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
  ) STRICT;

  CREATE TABLE changes (
    seq INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL REFERENCES actors (id),
    window_id TEXT,
    case_id TEXT,
    session_id TEXT,
    command TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('do', 'undo', 'redo', 'record')),
    target INTEGER REFERENCES changes (seq),
    group_id TEXT,
    step INTEGER NOT NULL,
    under INTEGER,
    body_sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;

  CREATE INDEX undoable_changes ON changes (session_id, actor, seq) WHERE kind <> 'record';
  CREATE INDEX changes_of_step ON changes (step);

  CREATE TABLE change_bodies (
    seq INTEGER NOT NULL PRIMARY KEY REFERENCES changes (seq),
    edits TEXT NOT NULL
  ) STRICT;

  CREATE TABLE change_erasures (
    seq INTEGER NOT NULL PRIMARY KEY REFERENCES changes (seq),
    reason TEXT NOT NULL
  ) STRICT;

  CREATE TABLE chain_anchors (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;

  ALTER TABLE answers ADD COLUMN hidden_at INTEGER;
  ALTER TABLE answers ADD COLUMN seal TEXT;
`;

const refuse = (table: string, event: 'UPDATE' | 'DELETE', condition = ''): string => `
  CREATE TRIGGER ${table}_refuse_${event.toLowerCase()} BEFORE ${event} ON ${table} ${condition}
  BEGIN SELECT RAISE(ABORT, 'the record is never changed'); END;
`;

const triggers = `
  ${['changes', 'change_bodies', 'change_erasures', 'chain_anchors'].map((table) => refuse(table, 'UPDATE')).join('')}
  ${['actors', 'changes', 'change_erasures', 'chain_anchors'].map((table) => refuse(table, 'DELETE')).join('')}
  ${refuse('change_bodies', 'DELETE', 'WHEN NOT EXISTS (SELECT 1 FROM change_erasures WHERE seq = OLD.seq)')}

  CREATE TRIGGER answers_refuse_update_of_sealed
  BEFORE UPDATE OF ${[...sealedColumns, 'seal'].join(', ')} ON answers WHEN OLD.seal IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a sealed answer is never changed'); END;

  CREATE TRIGGER answers_refuse_delete_of_sealed BEFORE DELETE ON answers WHEN OLD.seal IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a sealed answer is never removed'); END;
`;

/**
 * Makes the record of all changes. Each case that exists already gets a first change with the digest of all that it holds.
 */
export const migration: Migration = {
  version: 12,
  name: 'record',
  up: (database) => {
    database.exec(tables);
    takeOverAccounts(database);
    sealEndedAnswers(database);
    takeOver(database);
    database.exec(triggers);
  },
};

/** Turns the accounts that an earlier version kept in a setting into actors. */
function takeOverAccounts(database: Database.Database): void {
  database.exec(`
    INSERT INTO actors (id, kind, name, account, created_at)
      SELECT json_extract(value, '$.id'), 'person', json_extract(value, '$.account'), json_extract(value, '$.account'), 0
      FROM json_each((SELECT value FROM settings WHERE name = 'localActors' AND json_valid(value)));
    DELETE FROM settings WHERE name = 'localActors';
  `);
}

/**
 * Seals the answers that have ended. One stays open if it may still change: its box has yet to be moved onto the displayed
 * picture, or it was stopped for a process that turns out to be alive.
 */
function sealEndedAnswers(database: Database.Database): void {
  const seal = database.prepare('UPDATE answers SET seal = :seal WHERE id = :id');
  const rows = database
    .prepare(
      `SELECT ${sealedColumns.join(', ')}, process_id FROM answers
       WHERE ended_at IS NOT NULL
         AND (frame IS NULL OR NOT json_valid(frame) OR json_extract(frame, '$.picture') IS NOT NULL)`,
    )
    .all() as Record<string, unknown>[];
  for (const row of rows) {
    const processId = Number(row['process_id']);
    const open = row['status'] === 'stopped' && processId !== process.pid && isAlive(processId);
    if (!open) seal.run({ id: row['id'], seal: sealOf(row) });
  }
}

type Fact = { id: string; [name: string]: unknown };

/** Selects everything that belongs to a case now, in the form in which its later changes are recorded. */
const factsOf: Readonly<Record<string, string>> = {
  case: `SELECT id, json_object('id', id, 'pseudonym', pseudonym, 'createdAt', created_at, 'demonstration',
      json(iif(demonstration = 1, 'true', 'false'))) AS value
    FROM cases WHERE id = :caseId`,
  session: `SELECT id, json_object('id', id, 'caseId', case_id, 'videoId', video_id, 'number', number,
      'createdAt', created_at) AS value
    FROM sessions WHERE case_id = :caseId ORDER BY number`,
  question: `SELECT questions.id, json_object('id', questions.id, 'sessionId', session_id, 'text', text,
      'location', json(location), 'createdAt', questions.created_at) AS value
    FROM questions JOIN sessions ON sessions.id = session_id
    WHERE case_id = :caseId AND deleted_at IS NULL AND json_valid(location) ORDER BY questions.rowid`,
  answer: `SELECT answers.id, json_object('id', answers.id, 'questionId', question_id, 'sessionId', session_id,
      'version', version, 'createdAt', answers.created_at) AS value
    FROM answers JOIN sessions ON sessions.id = session_id
    WHERE case_id = :caseId ORDER BY answers.rowid`,
  seal: `SELECT answers.id, json_object('answerId', answers.id, 'status', status, 'sha256', seal) AS value
    FROM answers JOIN sessions ON sessions.id = session_id
    WHERE case_id = :caseId AND seal IS NOT NULL ORDER BY answers.rowid`,
};

function takeOver(database: Database.Database): void {
  const caseIds = database.prepare('SELECT id FROM cases ORDER BY rowid').pluck().all() as string[];
  if (caseIds.length === 0) return;
  const at = Date.now();
  database
    .prepare(`INSERT INTO actors (id, kind, name, created_at) VALUES ('workstation', 'program', :name, :at)`)
    .run({ name: 'Surgery-R1 Workstation', at });
  const facts = Object.entries(factsOf).map(([entity, sql]) => [entity, database.prepare(sql)] as const);
  const head = database.prepare(
    `INSERT INTO changes (seq, at, actor, case_id, command, kind, step, body_sha256, previous, hash)
     VALUES (:seq, :at, :actor, :caseId, :command, :kind, :step, :bodySha256, :previous, :hash)`,
  );
  const body = database.prepare('INSERT INTO change_bodies (seq, edits) VALUES (:seq, :edits)');
  let previous = chainStart;
  for (const [index, caseId] of caseIds.entries()) {
    const edits = facts.flatMap(([entity, select]) =>
      (select.all({ caseId }) as { id: string; value: string }[]).map(({ id, value }) => ({
        entity,
        id,
        before: null,
        after: JSON.parse(value) as Fact,
      })),
    );
    const text = canonicalText(edits);
    const seq = index + 1;
    const first: ChangeHead = {
      seq,
      at,
      actor: 'workstation',
      window: null,
      caseId,
      sessionId: null,
      command: 'case.take-over',
      kind: 'record',
      target: null,
      groupId: null,
      step: seq,
      under: null,
      bodySha256: sha256(text),
      previous,
    };
    previous = hashOf(first);
    head.run({ ...first, hash: previous });
    body.run({ seq, edits: text });
  }
}
