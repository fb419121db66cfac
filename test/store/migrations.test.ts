import Database from 'better-sqlite3';
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statements as endStatements } from '../../main/store/answer-ends.ts';
import { statements as answerStatements } from '../../main/store/answers.ts';
import { statements as caseStatements } from '../../main/store/cases.ts';
import type { Statement } from '../../main/store/database.ts';
import { latestVersion, migrate, schemaVersion } from '../../main/store/migrate.ts';
import { migrations, type Migration } from '../../main/store/migrations/index.ts';
import { statements as modelStatements } from '../../main/store/models.ts';
import { statements as questionStatements } from '../../main/store/questions.ts';
import { statements as sessionStatements } from '../../main/store/sessions.ts';
import { statements as settingStatements } from '../../main/store/settings.ts';
import { statements as bookmarkStatements } from '../../main/store/bookmarks.ts';
import { statements as segmentStatements } from '../../main/store/segments.ts';
import { statements as trackStatements } from '../../main/store/tracks.ts';
import { statements as verdictStatements } from '../../main/store/verdicts.ts';
import { statements as videoStatements } from '../../main/store/videos.ts';

let database: Database.Database;
beforeEach(() => {
  database = new Database(':memory:');
  database.pragma('foreign_keys = ON');
});
afterEach(() => database.close());

const upTo = (version: number): readonly Migration[] => migrations.slice(0, version);
const tables = (): string[] =>
  database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all() as string[];

/** What SQLite does for a statement, as it says itself. */
function plan({ sql }: Statement): string {
  const parameters = Object.fromEntries([...sql.matchAll(/:(\w+)/g)].map(([, name]) => [name, null]));
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters) as { detail: string }[];
  return rows.map(({ detail }) => detail).join('; ');
}

describe('the steps of the schema', () => {
  it('are one file each, numbered without a gap', () => {
    const files = readdirSync(new URL('../../main/store/migrations', import.meta.url))
      .filter((name) => /^\d/.test(name))
      .sort();
    expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(migrations.map(({ version }) => version));
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('leave the version behind and are applied once', () => {
    const applied: number[] = [];
    migrate(database, migrations, ({ version }) => applied.push(version));
    migrate(database, migrations, ({ version }) => applied.push(version));
    expect(applied).toEqual(migrations.map(({ version }) => version));
    expect(schemaVersion(database)).toBe(latestVersion);
  });

  it('leave nothing behind of a step that fails', () => {
    migrate(database, upTo(1));
    const broken: Migration = {
      version: 2,
      name: 'broken',
      up: (broken) => void broken.exec('CREATE TABLE half (id TEXT); INSERT INTO nowhere VALUES (1);'),
    };
    expect(() => migrate(database, [...upTo(1), broken])).toThrow('nowhere');
    expect(schemaVersion(database)).toBe(1);
    expect(tables()).not.toContain('half');
  });

  it('refuse to be out of order', () => {
    expect(() => migrate(database, [{ version: 2, name: 'second', up: () => undefined }])).toThrow(
      'stands at 1',
    );
  });
});

describe('step 1, cases and videos', () => {
  beforeEach(() => migrate(database, upTo(1)));
  const addVideo = (id: string, caseId: string, print: string) =>
    database.exec(`INSERT INTO videos VALUES ('${id}', '${caseId}', '/a', 'a', '${print}', 1, 'mp4', 'h264', 2, 2,
      '[1,1]', 0, NULL, NULL, 'building', 'native', NULL, 1, 1, 1)`);

  it('makes the tables, and a video needs its case', () => {
    expect(tables()).toEqual(['cases', 'videos']);
    expect(() => addVideo('v', 'none', 'p')).toThrow('FOREIGN KEY');
  });

  it('keeps one row for a file in a case, and lets it be in two cases', () => {
    database.exec(`INSERT INTO cases VALUES ('a', 'A', 0, 1), ('b', 'B', 0, 1)`);
    addVideo('1', 'a', 'p');
    expect(() => addVideo('2', 'a', 'p')).toThrow('UNIQUE');
    expect(() => addVideo('3', 'b', 'p')).not.toThrow();
  });

  it('finds by index what is looked up often', () => {
    migrate(database);
    expect(plan(caseStatements.byId)).toMatch(/SEARCH cases USING INDEX sqlite_autoindex_cases_1/);
    expect(plan(videoStatements.byId)).toMatch(/SEARCH videos USING INDEX/);
    expect(plan(videoStatements.byFingerprint)).toBe(
      'SEARCH videos USING INDEX videos_of_content (fingerprint=?)',
    );
    expect(plan(videoStatements.inCase)).toMatch(/USING INDEX sqlite_autoindex_videos_2/);
    expect(plan(videoStatements.recent)).toMatch(/^SCAN videos USING INDEX recent_videos;/);
    expect(plan(videoStatements.recent)).not.toMatch(/B-TREE/);
  });
});

describe('step 2, sessions', () => {
  beforeEach(() => {
    migrate(database, upTo(2));
  });

  it('keeps what step 1 held, and counts a number once in a case', () => {
    expect(tables()).toEqual(['cases', 'sessions', 'videos']);
    database.exec(`INSERT INTO cases VALUES ('a', 'A', 0, 1)`);
    database.exec(`INSERT INTO videos VALUES ('v', 'a', '/a', 'a', 'p', 1, 'mp4', 'h264', 2, 2, '[1,1]', 0, NULL,
      NULL, 'building', 'native', NULL, 1, 1, 1)`);
    database.exec(`INSERT INTO sessions VALUES ('s', 'a', 'v', 1, 1, 1, 1, 0)`);
    expect(() => database.exec(`INSERT INTO sessions VALUES ('t', 'a', 'v', 1, 1, 1, 1, 0)`)).toThrow(
      'UNIQUE',
    );
    expect(() => database.exec(`INSERT INTO sessions VALUES ('t', 'a', 'w', 2, 1, 1, 1, 0)`)).toThrow(
      'FOREIGN KEY',
    );
  });

  it('finds the last session without sorting', () => {
    migrate(database);
    expect(plan(sessionStatements.lastOpened)).toMatch(
      /^SCAN sessions USING INDEX sessions_in_order_of_opening;/,
    );
    expect(plan(sessionStatements.lastOpened)).not.toMatch(/B-TREE/);
    expect(plan(sessionStatements.lastOfCase)).toBe(
      'SEARCH sessions USING INDEX sqlite_autoindex_sessions_2 (case_id=?)',
    );
    expect(plan(sessionStatements.put)).toMatch(/SEARCH sessions USING COVERING INDEX/);
  });
});

describe('step 3, questions and answers', () => {
  beforeEach(() => migrate(database, upTo(3)));

  it('makes the tables', () => {
    expect(tables()).toEqual(['answers', 'cases', 'questions', 'sessions', 'videos']);
  });

  it('reads a session by index, in order', () => {
    // The statements are those of the last step; its columns are not indexed.
    migrate(database);
    expect(plan(questionStatements.page)).toBe(
      'SEARCH questions USING INDEX questions_of_session (session_id=? AND rowid<?)',
    );
    expect(plan(answerStatements.newestOf)).toMatch(
      /SEARCH answers USING INDEX sqlite_autoindex_answers_2 \(question_id=\?\)/,
    );
    expect(plan(answerStatements.ofQuestion)).toMatch(
      /SEARCH answers USING INDEX sqlite_autoindex_answers_2 \(question_id=\?\)$/,
    );
    expect(plan(answerStatements.byId)).toMatch(/SEARCH answers USING INDEX sqlite_autoindex_answers_1/);
  });

  it('lists sessions and counts their questions without reading all questions', () => {
    migrate(database);
    const said = plan(sessionStatements.list);
    expect(said).toMatch(/SCAN sessions USING INDEX sessions_in_order_of_change/);
    expect(said).toMatch(/SEARCH questions USING INDEX questions_of_session/);
    expect(said).not.toMatch(/SCAN (questions|cases|videos)|TEMP B-TREE/);
  });

  it('finds an answer that is written by its key', () => {
    expect(plan(answerStatements.savePartial)).toMatch(/SEARCH answers USING INDEX/);
  });
});

describe('step 4, evidence', () => {
  it('keeps the answers from before, which have none', () => {
    migrate(database, upTo(3));
    database.exec(`INSERT INTO cases VALUES ('c', 'C', 0, 1)`);
    database.exec(`INSERT INTO videos VALUES ('v', 'c', '/a', 'a', 'p', 1, 'mp4', 'h264', 2, 2, '[1,1]', 0, NULL,
      NULL, 'building', 'native', NULL, 1, 1, 1)`);
    database.exec(`INSERT INTO sessions VALUES ('s', 'c', 'v', 1, 1, 1, 1, 0)`);
    database.exec(`INSERT INTO questions VALUES ('q', 's', 'What?', 0, '{}', 1, NULL)`);
    database.exec(`INSERT INTO answers (id, question_id, session_id, version, status, label, reasoning, raw, notes,
      settings, created_at, process_id, alive_at) VALUES ('a', 'q', 's', 1, 'answered', 'kidney', '', 'raw', '[]',
      '{}', 1, 1, 1)`);
    migrate(database);
    expect(database.prepare('SELECT label, raw, evidence FROM answers').all()).toEqual([
      { label: 'kidney', raw: 'raw', evidence: null },
    ]);
  });
});

describe('step 5, models', () => {
  beforeEach(() => migrate(database, upTo(5)));

  it('keeps settings by name and models by id, each kind and state by its word', () => {
    expect(tables()).toEqual(expect.arrayContaining(['models', 'settings']));
    const add = (kind: string, state: string) =>
      database.exec(
        `INSERT INTO models VALUES ('${kind}-${state}', '${kind}', '${state}', 'n', '/a', NULL, 'q8', 1)`,
      );
    expect(() => add('imported', 'importing')).not.toThrow();
    expect(() => add('imported', 'importing')).toThrow('UNIQUE');
    expect(() => add('borrowed', 'ready')).toThrow('CHECK');
    expect(() => add('imported', 'half')).toThrow('CHECK');
  });

  it('finds both by their key', () => {
    // The statements are those of the last step; its column is not indexed.
    migrate(database);
    expect(plan(modelStatements.byId)).toMatch(/SEARCH models USING INDEX sqlite_autoindex_models_1/);
    expect(plan(modelStatements.remove)).toMatch(/SEARCH models USING/);
    expect(plan(settingStatements.byName)).toMatch(/SEARCH settings USING INDEX sqlite_autoindex_settings_1/);
  });
});

describe('step 6, the answer format of an import', () => {
  it('keeps the models from before, which have none', () => {
    migrate(database, upTo(5));
    database.exec(`INSERT INTO models VALUES ('m', 'imported', 'importing', 'n', '/a', NULL, 'q8', 1)`);
    migrate(database);
    expect(database.prepare('SELECT id, dtype, added_at, answer_format FROM models').all()).toEqual([
      { id: 'm', dtype: 'q8', added_at: 1, answer_format: null },
    ]);
  });
});

describe('step 8, answers that wait', () => {
  it('finds what a dead process left waiting or running without reading every answer', () => {
    // The statement is that of the last step, which asks for tasks, too.
    migrate(database);
    expect(plan(endStatements.underWay)).toMatch(/answers USING INDEX answers_under_way/);
    expect(plan(endStatements.underWay)).not.toMatch(/SCAN tasks/);
  });
});

describe('step 15, verdicts', () => {
  it('keeps one of each person on each answer, found by answer and by question', () => {
    migrate(database);
    expect(plan(verdictStatements.present)).toMatch(
      /SEARCH verdicts USING INDEX sqlite_autoindex_verdicts_1/,
    );
    expect(plan(verdictStatements.ofQuestions)).toMatch(/SEARCH verdicts USING INDEX verdicts_of_question/);
    database.pragma('foreign_keys = OFF');
    const add = () =>
      database.exec(`INSERT INTO verdicts VALUES ('a', 'anna', 'q', NULL, '[]', 'once', NULL)`);
    add();
    expect(add).toThrow('UNIQUE');
  });
});

describe('step 10, order', () => {
  it('keeps the order of before, by the times of then', () => {
    migrate(database, upTo(9));
    database.exec(`INSERT INTO cases VALUES ('c', 'C', 0, 1)`);
    for (const [id, at] of [
      ['early', 10],
      ['late', 30],
      ['middle', 20],
    ] as const) {
      database.exec(`INSERT INTO videos (id, case_id, path, display_name, fingerprint, size_bytes, container, codec,
        width, height, time_base, variable_frame_rate, index_state, playback, added_at, opened_at)
        VALUES ('${id}', 'c', '/a', 'a', '${id}', 1, 'mp4', 'h264', 2, 2, '[1,1]', 0, 'building', 'native', 1, ${at})`);
      database.exec(`INSERT INTO sessions VALUES ('${id}', 'c', '${id}', ${at}, 1, ${40 - at}, ${at}, 0)`);
    }
    migrate(database);
    const ids = (sql: string) => database.prepare(sql).pluck().all();
    expect(ids('SELECT id FROM videos ORDER BY opened_order')).toEqual(['early', 'middle', 'late']);
    expect(ids('SELECT id FROM sessions ORDER BY opened_order')).toEqual(['early', 'middle', 'late']);
    expect(ids('SELECT id FROM sessions ORDER BY changed_order')).toEqual(['late', 'middle', 'early']);
  });
});

describe('step 19, marks', () => {
  it('finds the bookmarks and segments of a session without reading all', () => {
    migrate(database);
    expect(plan(bookmarkStatements.ofSession)).toMatch(/SEARCH bookmarks USING INDEX bookmarks_of_session/);
    expect(plan(bookmarkStatements.count)).toMatch(/SEARCH bookmarks USING INDEX bookmarks_of_session/);
    expect(plan(bookmarkStatements.present)).toMatch(/SEARCH bookmarks USING INDEX sqlite_autoindex/);
    expect(plan(segmentStatements.ofSession)).toMatch(/SEARCH segments USING INDEX segments_of_session/);
    expect(plan(segmentStatements.present)).toMatch(/SEARCH segments USING INDEX sqlite_autoindex/);
  });
});

describe('step 24, tracks', () => {
  it('finds the boxes over frames of a session without reading all', () => {
    migrate(database);
    expect(plan(trackStatements.ofSession)).toMatch(/SEARCH tracks USING INDEX tracks_of_session/);
    expect(plan(trackStatements.present)).toMatch(/SEARCH tracks USING INDEX sqlite_autoindex/);
  });
});
