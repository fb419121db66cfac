import Database from 'better-sqlite3';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalText, chainStart, hashOf, sha256 } from '../../main/store/changes/chain.ts';
import { verifyRecord } from '../../main/store/changes/index.ts';
import { runAtOnce } from '../../main/store/reader/query.ts';
import { cases, openStore, settings, videos, type Store } from '../../main/store/index.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { CaseId, SessionId } from '../../preload/contract/values.ts';
import { killWhileCommitting } from '../store/record-kills.ts';
import { RecordModel } from '../store/record-model.ts';
import { aCase, aVideo, silent } from '../store/rows.ts';
import { addCase, addSession } from '../store/write.ts';
import { longSession } from './long-session.ts';
import { median, percentile, type BenchRow, type BenchTable } from './table.ts';

const CHANGES = 100_000;
const SEEDS = 200;
const KILLS = 300;
const anna = { actor: ActorId.parse('anna'), window: null };
const caseId = CaseId.parse('case');
const sessionId = SessionId.parse('session');

const openAt = (home: string): Store => openStore({ home, now: Date.now, log: silent });

function withFolder<T>(work: (home: string) => T): T {
  const home = mkdtempSync(join(tmpdir(), 'workstation-record-'));
  try {
    return work(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** One rename of the one case, as a person does it. */
function rename(store: Store, to: string): void {
  const before = cases.findCase(store.database, caseId)!;
  store.record.commit(anna, { name: 'case.rename', caseId, sessionId }, renaming(before.pseudonym, to));
}

function renaming(from: string, to: string): Edit[] {
  const named = (pseudonym: string) => aCase('case', { pseudonym });
  return [{ entity: 'case', id: 'case', before: named(from), after: named(to) }];
}

function begun(home: string): Store {
  const store = openAt(home);
  addCase(store, aCase('case', { pseudonym: 'name 2' }));
  videos.insertVideo(store.database, aVideo('video', 'case'));
  addSession(store, { id: 'session', caseId: 'case', videoId: 'video' });
  rename(store, 'name 3');
  return store;
}

/** How long a work takes, and how much of it the processor worked: on a busy machine the rest is waiting for others. */
function timed<T>(work: () => T): { milliseconds: number; processor: number; value: T } {
  const before = process.cpuUsage();
  const start = performance.now();
  const value = work();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { milliseconds, processor: (user + system) / 1000, value };
}

type Measured = Pick<ReturnType<typeof timed>, 'milliseconds' | 'processor'>;

/** Lengthens a record by changes that hold, in one transaction: 100,000 commits with a synced disk would take minutes. */
function lengthen(home: string, upTo: number): void {
  const database = new Database(join(home, 'workstation.db'));
  let { seq, hash: previous } = database
    .prepare('SELECT seq, hash FROM changes ORDER BY seq DESC LIMIT 1')
    .get() as { seq: number; hash: string };
  const head = database.prepare(
    `INSERT INTO changes (seq, at, actor, case_id, session_id, command, kind, step, under, body_sha256, previous, hash)
     VALUES (:seq, :at, :actor, :caseId, :sessionId, :command, :kind, :step, :under, :bodySha256, :previous, :hash)`,
  );
  const body = database.prepare('INSERT INTO change_bodies (seq, edits) VALUES (:seq, :edits)');
  database.transaction(() => {
    while (seq < upTo) {
      const edits = canonicalText(renaming(`name ${seq}`, `name ${seq + 1}`));
      const under = seq;
      seq++;
      const change = {
        ...{ seq, at: Date.now(), actor: 'anna', window: null, caseId, sessionId, command: 'case.rename' },
        ...{ kind: 'do' as const, target: null, groupId: null, step: seq, under },
        ...{ bodySha256: sha256(edits), previous: previous || chainStart },
      };
      previous = hashOf(change);
      head.run({ ...change, hash: previous });
      body.run({ seq, edits });
    }
    database.prepare('UPDATE cases SET pseudonym = ?').run(`name ${seq}`);
  })();
  database.close();
}

function p95(name: string, times: readonly Measured[], atMost?: number): BenchRow[] {
  const of = (field: keyof Measured): number =>
    percentile(
      times.map((time) => time[field]),
      0.95,
    );
  return [
    { name: `${name}, p95`, value: of('milliseconds'), unit: 'ms', ...(atMost !== undefined && { atMost }) },
    { name: '  of which processor', value: of('processor'), unit: 'ms' },
  ];
}

/** Commits of the record, each beside one of SQLite alone that adds a row of 500 bytes to the same disk. */
function besideBareCommits(
  home: string,
  commit: (index: number) => void,
): { own: Measured[]; bare: Measured[] } {
  const database = new Database(join(home, 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)');
  const insert = database.prepare('INSERT INTO bare (text) VALUES (?)');
  const pairs = Array.from({ length: 500 }, (_, index) => ({
    own: timed(() => commit(index)),
    bare: timed(() => insert.run('x'.repeat(500))),
  }));
  database.close();
  return { own: pairs.map(({ own }) => own), bare: pairs.map(({ bare }) => bare) };
}

/** How many times as long as the other one it takes, by the medians of both. */
const times = (own: readonly Measured[], bare: readonly Measured[]): number =>
  median(own.map(({ milliseconds }) => milliseconds)) / median(bare.map(({ milliseconds }) => milliseconds));

/** Pages of the record, each beside a plain SELECT of the same changes with their edits read as JSON. */
function besidePlainPages(store: Store, path: string): { own: Measured[]; bare: Measured[] } {
  const database = new Database(path, { readonly: true });
  const select = database.prepare(
    'SELECT * FROM changes JOIN change_bodies USING (seq) WHERE seq > ? ORDER BY seq LIMIT 500',
  );
  const plain = (after: number): unknown[] =>
    (select.all(after) as { edits: string }[]).map((row): unknown => ({
      ...row,
      edits: JSON.parse(row.edits),
    }));
  const pairs = Array.from({ length: 100 }, (_, index) => ({
    own: timed(() => store.record.since(index * 500, 500)),
    bare: timed(() => plain(index * 500)),
  }));
  database.close();
  return { own: pairs.map(({ own }) => own), bare: pairs.map(({ bare }) => bare) };
}

const speed = (): BenchTable =>
  withFolder((home) => {
    let store = begun(home);
    const { own: commits, bare } = besideBareCommits(home, (index) => rename(store, `fast ${index}`));
    rename(store, `name ${store.record.seq + 1}`);
    store.close();
    lengthen(home, CHANGES);
    store = openAt(home);
    const whole = timed(() => runAtOnce(verifyRecord(store.database)));
    const { check: tables, mark } = whole.value;
    if (!tables.ok || tables.changes < CHANGES) throw new Error(`the record does not hold: ${tables.reason}`);
    if (mark === null) throw new Error('the record was checked before');
    settings.writeSetting(store.database, 'recordChecked', mark);
    rename(store, 'one more');
    const later = timed(() => runAtOnce(verifyRecord(store.database, { sinceLast: true })).check);
    if (!later.value.ok) throw new Error(later.value.reason ?? '');
    const many = (work: () => unknown): Measured[] => Array.from({ length: 200 }, () => timed(work));
    const targets = many(() => store.record.undoable(anna.actor, sessionId));
    const undos = many(() => store.record.undo(anna, sessionId));
    const deep = many(() => store.record.undoable(anna.actor, sessionId));
    const pages = besidePlainPages(store, join(home, 'workstation.db'));
    store.close();
    const bytes = statSync(join(home, 'workstation.db')).size;
    return {
      title: `The record: ${CHANGES.toLocaleString('en')} changes in one session`,
      rows: [
        ...p95('a commit of SQLite alone with FULL here', bare),
        ...p95('commit with synchronous = FULL', commits, 5),
        { name: '  against SQLite alone beside it, medians', value: times(commits, bare), unit: 'times' },
        ...p95('verify all: chain, closed answers, tables', [whole], 3000),
        ...p95('verify since the last check', [later], 50),
        ...p95('what to undo', targets, 2),
        ...p95('what to undo after 200 undos', deep, 2),
        ...p95('undo', undos),
        ...p95('a page of 500 changes', pages.own),
        {
          name: '  against a plain SELECT of them, medians',
          value: times(pages.own, pages.bare),
          unit: 'times',
        },
        { name: 'database', value: bytes / CHANGES, unit: 'bytes/change' },
      ],
    };
  });

function properties(): BenchTable {
  let changes = 0;
  let failed = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    withFolder((home) => {
      const model = new RecordModel(seed, () => openAt(home));
      try {
        model.run(150);
      } catch (error) {
        failed++;
        console.log(`seed ${seed}: ${String(error)}`);
      }
      changes += model.store.record.seq;
      model.store.close();
    });
  }
  return {
    title: `Random commands, undos, redos and restarts: seeds 1 to ${SEEDS}`,
    rows: [
      { name: 'changes made', value: changes, unit: '' },
      { name: 'seeds at which tables, fold and model differ', value: failed, unit: '', atMost: 0 },
    ],
  };
}

async function kills(): Promise<BenchTable> {
  let accepted = 0;
  let unsaid = 0;
  let failed = 0;
  for (let seed = 1; seed <= KILLS;) {
    // A folder for ten of them: what one leaves behind, the next goes on with.
    const home = mkdtempSync(join(tmpdir(), 'workstation-killed-'));
    for (let count = 0; count < 10; count++, seed++) {
      try {
        const killed = await killWhileCommitting(home, seed);
        accepted += killed.accepted;
        unsaid += killed.unsaid;
      } catch (error) {
        failed++;
        console.log(String(error));
      }
    }
    rmSync(home, { recursive: true, force: true });
  }
  return {
    title: `SIGKILL of a process that commits, asks and answers, at a random moment: seeds 1 to ${KILLS}`,
    rows: [
      { name: 'changes accepted', value: accepted, unit: '' },
      { name: 'committed and not yet said', value: unsaid, unit: '' },
      {
        name: 'kills that lost or doubled a change, or broke the record',
        value: failed,
        unit: '',
        atMost: 0,
      },
    ],
  };
}

const parts: Readonly<Record<string, () => BenchTable | Promise<BenchTable>>> = {
  speed,
  session: longSession,
  properties,
  kills,
};

/** What the record costs, and whether it holds under random use and sudden ends; `--part=kills` does one of {@link parts} alone. */
export async function run(args: readonly string[] = []): Promise<BenchTable[]> {
  const wanted = args.find((arg) => arg.startsWith('--part='))?.slice('--part='.length);
  const tables: BenchTable[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (wanted === undefined || wanted === name) tables.push(await part());
  }
  return tables;
}
