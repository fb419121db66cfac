import { z } from 'zod';
import type { Edit } from '../../../preload/contract/changes.ts';
import { toErrorReport } from '../../../preload/contract/errors.ts';
import type { FoundKind } from '../../../preload/contract/search/found.ts';
import { statement, type ReadableDatabase, type Statement, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';
import { factOf, type SearchDocument } from './document.ts';
import { searchSources } from './sources.ts';

/** Of what is indexed, and how. Counted up where that changes: the index is then filled anew at the next opening. */
const format = 1;
/** Stands in the place of the format while the index is being filled: what was put into it stays, whoever goes on with it. */
const beingFilled = -format;

/** As many are added in one transaction: some 25 ms, in which nothing else happens in the process. */
const SLICE = 50;

export const statements = {
  state: statement('search.state', 'SELECT format FROM search_state'),
  forgetState: statement('search.forgetState', 'DELETE FROM search_state'),
  setState: statement('search.setState', 'INSERT INTO search_state (format) VALUES (:format)'),
  countDocuments: statement('search.countDocuments', 'SELECT count(*) AS count FROM search_documents'),
  forgetDocuments: statement('search.forgetDocuments', 'DELETE FROM search_documents'),
  forgetIndex: statement(
    'search.forgetIndex',
    `INSERT INTO search_index (search_index) VALUES ('delete-all')`,
  ),
  document: statement(
    'search.document',
    'SELECT id FROM search_documents WHERE kind = :kind AND subject = :subject',
  ),
  addDocument: statement(
    'search.addDocument',
    `INSERT INTO search_documents (kind, subject, case_id, session_id) VALUES (:kind, :subject, :caseId, :sessionId)
     ON CONFLICT (kind, subject) DO UPDATE SET case_id = excluded.case_id, session_id = excluded.session_id`,
  ),
  remove: statement('search.remove', 'DELETE FROM search_index WHERE rowid = :id'),
  add: statement(
    'search.add',
    `INSERT INTO search_index (rowid, name, question, label, own, reasoning, note, model, facts)
     VALUES (:id, :name, :question, :label, :own, :reasoning, :note, :model, :facts)`,
  ),
};

const StateRow = z.object({ format: z.int() });
const IdRow = z.object({ id: z.int() });
const CountRow = z.object({ count: z.int() });
const MissingRow = z.object({ id: z.string(), place: z.int() });

const kinds = Object.keys(searchSources) as FoundKind[];

/** How much of what can be found is in the index. */
export interface FillProgress {
  readonly done: number;
  readonly of: number;
}

/** The format that the index is of; null where it has to be filled from nothing. */
const stateOf = (database: ReadableDatabase): number | null =>
  parseRows(database, StateRow, database.all(statements.state), 'search_state').at(-1)?.format ?? null;

/**
 * Fills the index where it is empty, not whole, or of another version: after a change of the schema, and after a damaged
 * database was rebuilt. Yields after each slice, which is a transaction of its own; where it is broken off, the next one goes on,
 * and two processes that fill it share the work. Returns how many things were added.
 */
export function* fillSearch(database: WritableDatabase): Generator<FillProgress, number> {
  if (stateOf(database) === format) return 0;
  database.transaction(() => begin(database));
  const count = (one: Statement): number => parseRow(CountRow, database.get(one), 'search_documents').count;
  const before = count(statements.countDocuments);
  const of = kinds.reduce((sum, kind) => sum + count(searchSources[kind].count), 0);
  /** What can't be read, and so not be found: it would be missing for ever. */
  const unreadable = new Set<string>();
  let added = 0;
  do {
    for (const kind of kinds) {
      for (let after = 0; ;) {
        const slice = database.transaction(() => addSlice(database, kind, { after, unreadable }));
        if (slice === null) break;
        after = slice.last;
        added += slice.added;
        yield { done: Math.min(before + added, of), of };
      }
    }
  } while (!database.transaction(() => end(database, unreadable)));
  return added;
}

function begin(database: WritableDatabase): void {
  // Another process may have begun, or filled it, meanwhile.
  const state = stateOf(database);
  if (state === format || state === beingFilled) return;
  database.run(statements.forgetState);
  database.run(statements.forgetIndex);
  database.run(statements.forgetDocuments);
  database.run(statements.setState, { format: beingFilled });
}

/** Adds what comes next of a kind and is not there; null where there is nothing more to add. */
function addSlice(
  database: WritableDatabase,
  kind: FoundKind,
  { after, unreadable }: { after: number; unreadable: Set<string> },
): { last: number; added: number } | null {
  if (stateOf(database) !== beingFilled) return null;
  const source = searchSources[kind];
  const missing = missingOf(database, kind, { after, limit: SLICE });
  const last = missing.at(-1)?.place;
  if (last === undefined) return null;
  const ids = missing.map(({ id }) => id);
  const documents = source.read(database, ids);
  for (const id of ids) {
    const document = documents.get(id);
    if (document === undefined) unreadable.add(`${kind} ${id}`);
    else add(database, { kind, subject: id }, document);
  }
  return { last, added: documents.size };
}

/** Says that the index is whole, if it is: something may have come, or come back, since its place was passed. */
function end(database: WritableDatabase, unreadable: ReadonlySet<string>): boolean {
  // Another process ended it, or met damage in it.
  if (stateOf(database) !== beingFilled) return true;
  const limit = unreadable.size + 1;
  const isWhole = kinds.every((kind) =>
    missingOf(database, kind, { after: 0, limit }).every(({ id }) => unreadable.has(`${kind} ${id}`)),
  );
  if (!isWhole) return false;
  database.run(statements.forgetState);
  database.run(statements.setState, { format });
  return true;
}

function missingOf(
  database: ReadableDatabase,
  kind: FoundKind,
  page: { after: number; limit: number },
): z.infer<typeof MissingRow>[] {
  const rows = database.all(searchSources[kind].missing, { kind, ...page });
  return parseRows(database, MissingRow, rows, kind);
}

/**
 * Makes what was changed findable as it is now. Runs in the transaction that changes it, after its rows are written. A damaged
 * index keeps nobody from their work: it is filled anew at the next opening.
 */
export function keepSearchable(database: WritableDatabase, edits: readonly Edit[]): void {
  try {
    refresh(database, edits);
  } catch (error) {
    if (toErrorReport(error).code !== 'store-corrupt') throw error;
    database.run(statements.forgetState);
  }
}

function refresh(database: WritableDatabase, edits: readonly Edit[]): void {
  const isFilling = stateOf(database) === beingFilled;
  for (const kind of kinds) {
    const source = searchSources[kind];
    const touched = [...new Set(edits.flatMap((edit) => source.touchedBy(database, edit)))];
    if (touched.length === 0) continue;
    const documents = source.read(database, touched);
    for (const subject of touched) {
      const key = { kind, subject };
      const id = documentId(database, key);
      // An insert beside what is there would leave its words in the index.
      if (id !== null) database.run(statements.remove, { id });
      const document = documents.get(subject);
      // Whoever fills the index comes to it in its turn, which gives it its place among the others.
      if (document !== undefined && (id !== null || !isFilling)) add(database, key, document);
    }
  }
}

interface Key {
  kind: FoundKind;
  subject: string;
}

function documentId(database: ReadableDatabase, key: Key): number | null {
  const row = database.get(statements.document, { ...key });
  return row === undefined ? null : parseRow(IdRow, row, 'search_documents').id;
}

/** What comes back has the place that it had. */
function add(
  database: WritableDatabase,
  key: Key,
  { caseId, sessionId, texts, ...rest }: SearchDocument,
): void {
  database.run(statements.addDocument, { ...key, caseId, sessionId });
  const id = documentId(database, key);
  if (id === null) throw new Error('a search document that was added is not there');
  database.run(statements.add, {
    ...{ id, name: '', question: '', label: '', own: '', reasoning: '', note: '', ...texts },
    model: rest.model ?? '',
    facts: [factOf('kind', key.kind), factOf('case', caseId), ...(rest.facts ?? [])].join(' '),
  });
}
