import Database from 'better-sqlite3';
import { join } from 'node:path';
import { openStore } from '../../main/store/index.ts';
import type { SessionId } from '../../preload/contract/values.ts';
import { addReview, sessionOf } from './filled.ts';
import { silent } from './rows.ts';

/** Makes a data folder whose one session holds many answers, each about as large as a real one. */
export function addLongSession(home: string, count: number): SessionId {
  const store = openStore({ home, now: Date.now, log: silent });
  addReview(store, 'long', 1);
  store.close();
  const words = `The scissors enter from the lower right and their jaws lie closed on the fold of tissue. No smoke is seen,
    and nothing bleeds. The forceps hold the edge, which is drawn to the upper left, so that the plane is open.`;
  multiplyQuestion(home, count, words);
  return sessionOf('long');
}

/**
 * Copies the first question of a data folder, with its answer, row by row until there are `count` of them on all of its first
 * 300 frames: asked one by one, 20,000 would take hours. `words`: what their reasoning is, where not that of the first.
 */
export function multiplyQuestion(home: string, count: number, words?: string): void {
  const database = new Database(join(home, 'workstation.db'));
  const copy = (table: string, changed: Readonly<Record<string, string>>): void => {
    const columns = database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    const values = columns.map((column) => changed[column] ?? `${table}.${column}`);
    database
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
         INSERT INTO ${table} (${columns.join(', ')})
         SELECT ${values.join(', ')} FROM n, (SELECT * FROM ${table} ORDER BY rowid LIMIT 1) AS ${table}`,
      )
      .run({ last: count - 1 });
  };
  const frame = 'i * 7 % 300';
  const seconds = `(${frame}) / 25.0`;
  database.transaction(() => {
    copy('questions', {
      id: `questions.id || '-' || i`,
      frame_index: frame,
      text: `'Question ' || i || ': what is the state of the monopolar curved scissors?'`,
      location: `json_set(questions.location, '$.index', ${frame}, '$.seconds', ${seconds}, '$.timecode',
        printf('00:00:%06.3f', ${seconds}))`,
    });
    const said = words === undefined ? 'answers.reasoning' : `'${words.replaceAll("'", "''")}'`;
    copy('answers', {
      id: `answers.id || '-' || i`,
      question_id: `answers.question_id || '-' || i`,
      seal: 'NULL',
      reasoning: said,
      raw: `'<think>' || ${said} || '</think>' || answers.raw`,
      frame: `json_set(answers.frame, '$.index', ${frame})`,
      label: `CASE i % 3 WHEN 0 THEN 'Retraction' WHEN 1 THEN 'Idle' ELSE 'Tissue_Manipulation' END`,
    });
  })();
  database.close();
}
