import Database from 'better-sqlite3';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRows, openStore, questions, type Store } from '../../main/store/index.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { parseSearch } from '../../preload/contract/search/query.ts';
import type { QuestionId } from '../../preload/contract/values.ts';
import { addLongSession } from '../store/long-session.ts';
import { silent } from '../store/rows.ts';
import { percentile, type BenchRow, type BenchTable } from './table.ts';

const ANSWERS = 100_000;
const ROUNDS = 40;
const actor = ActorId.parse('anna');
const openAt = (home: string): Store => openStore({ home, now: Date.now, log: silent });

const queries: readonly [name: string, query: string, asFts: string][] = [
  ['find: a word of one answer', '77123', '"77123" *'],
  ['find: a word of every answer', 'scissors ', '"scissors"'],
  [
    'find: two words and a phrase of every answer',
    'jaws "lower right" forceps ',
    '"jaws" "lower right" "forceps"',
  ],
  ['find: one letter, as it is typed', 's', '"s" *'],
  ['filter: open, by label and model', 'is:open label:idle model:nano', '"idle"'],
  ['filter: a word in one case', 'case:long smoke ', '"smoke"'],
];

function p95(work: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return percentile(times, 0.95);
}

/** What finding and filtering take among 100,000 answers, beside a plain FTS5 query that reads the same index of the same file. */
export async function run(): Promise<BenchTable> {
  const home = mkdtempSync(join(tmpdir(), 'workstation-find-'));
  try {
    addLongSession(home, ANSWERS);
    const file = join(home, 'workstation.db');
    const bare = new Database(file);
    // The answers were copied past the workstation, so that the index must be filled anew.
    bare.exec('DELETE FROM search_state');
    const start = performance.now();
    const held = monitorEventLoopDelay({ resolution: 5 });
    held.enable();
    const store = openAt(home);
    const opened = performance.now() - start;
    while (store.searchFilling !== null) await wait(20);
    held.disable();
    const filled = performance.now() - start;
    const { database } = store;
    const page = (query: string) =>
      findRows(database, parseSearch(query), { kind: 'answer', actor, limit: 20 });
    const plain = bare
      .prepare('SELECT rowid FROM search_index WHERE search_index MATCH ? ORDER BY rowid DESC LIMIT 21')
      .pluck();
    const counted = bare
      .prepare('SELECT count(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH ? LIMIT 1001)')
      .pluck();
    const rows = queries.flatMap(([name, query, asFts]): BenchRow[] => {
      if (page(query).rows.length === 0) throw new Error(`nothing is found by ${query}`);
      const ours = p95(() => {
        const { rows } = page(query);
        return questions.findQuestions(
          database,
          rows.map(({ subject }) => subject as QuestionId),
        );
      });
      const theirs = p95(() => [plain.all(asFts), counted.get(asFts)]);
      return [
        { name: `${name}, p95`, value: ours, unit: 'ms', atMost: 100 },
        { name: '  times what SQLite’s own FTS takes for its words', value: ours / theirs, unit: 'x' },
      ];
    });
    const sizes = bare
      .prepare(
        `SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'search%' OR name LIKE 'sqlite_autoindex_search%'`,
      )
      .pluck();
    let bytes: number | null = null;
    try {
      bytes = Number(sizes.get());
    } catch {
      // This build of SQLite counts no pages.
    }
    bare.close();
    store.close();
    return {
      title: `Full-text search among ${ANSWERS.toLocaleString('en')} answers`,
      rows: [
        ...rows,
        { name: 'opening a database whose index is not there yet', value: opened / 1000, unit: 's' },
        { name: 'filling the index once, beside everything else', value: filled / 1000, unit: 's' },
        { name: '  in it, what else is to be done waits, p95', value: held.percentile(95) / 1e6, unit: 'ms' },
        { name: '  and no longer than', value: held.max / 1e6, unit: 'ms' },
        ...(bytes === null ? [] : [{ name: 'the index', value: bytes / ANSWERS, unit: 'bytes/answer' }]),
      ],
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
