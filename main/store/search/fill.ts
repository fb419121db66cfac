import { z } from 'zod';
import type { Edit } from '../../../preload/contract/changes.ts';
import { toErrorReport } from '../../../preload/contract/errors.ts';
import type { FoundKind } from '../../../preload/contract/search/found.ts';
import { statement, type ReadableDatabase, type Statement, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';
import { factOf, type SearchDocument } from './document.ts';
import { searchSources } from './sources.ts';

/** The version of what is indexed, and how. Increase it when that changes, so that the next opening fills the index again. */
const format = 1;
/** Stored instead of the format while the index is being filled, so that another process can continue with what is there. */
const beingFilled = -format;

/** How many things one transaction adds. It takes some 25 ms, in which the process does nothing else. */
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

/** How many things are in the index, of all that can be found. */
export interface FillProgress {
  readonly done: number;
  readonly of: number;
}

/** The format of the index; null if it has to be filled from the beginning. */
const stateOf = (database: ReadableDatabase): number | null =>
  parseRows(database, StateRow, database.all(statements.state), 'search_state').at(-1)?.format ?? null;

/**
 * Fills the search index if it is empty, incomplete or of another format, as after a change of the schema or the rebuilding
 * of a damaged database. It yields after each slice, which is a transaction of its own. An interrupted filling is continued
 * by the next one, and two processes that fill the index share the work. Returns how many things were added.
 */
export function* fillSearch(database: WritableDatabase): Generator<FillProgress, number> {
  if (stateOf(database) === format) return 0;
  database.transaction(() => begin(database));
  const count = (one: Statement): number => parseRow(CountRow, database.get(one), 'search_documents').count;
  const before = count(statements.countDocuments);
  const of = kinds.reduce((sum, kind) => sum + count(searchSources[kind].count), 0);
  /** Things that can't be read are remembered, or the index would never count as complete. */
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
  // Another process may have begun or even finished meanwhile.
  const state = stateOf(database);
  if (state === format || state === beingFilled) return;
  database.run(statements.forgetState);
  database.run(statements.forgetIndex);
  database.run(statements.forgetDocuments);
  database.run(statements.setState, { format: beingFilled });
}

/** Adds the next things of a kind that are not in the index; null if there are no more. */
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

/** Marks the index as complete, unless things were added or restored at a place that was passed already. */
function end(database: WritableDatabase, unreadable: ReadonlySet<string>): boolean {
  // Another process has completed it, or has met damage in it.
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
 * Updates the search index for what a change affects. It runs in the transaction of the change, after its rows are written.
 * A damaged index keeps nobody from their work, because the next opening fills it again.
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
      // Removed first, because an insert alone would leave the old words in the index.
      if (id !== null) database.run(statements.remove, { id });
      const document = documents.get(subject);
      // While the index is being filled, new things are left to that, which gives them their place in the order.
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

/** Adds a document to the index. One that is restored gets its earlier place in the order again. */
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
