import { z } from 'zod';
import type { Edit } from '../../../preload/contract/changes.ts';
import { toErrorReport } from '../../../preload/contract/errors.ts';
import type { FoundKind } from '../../../preload/contract/search/found.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';
import { factOf, type SearchDocument } from './document.ts';
import { searchSources } from './sources.ts';

/** Of what is indexed, and how. Counted up where that changes: the index is then filled anew at the next opening. */
const format = 1;

const batch = 500;

export const statements = {
  state: statement('search.state', 'SELECT format FROM search_state'),
  forgetState: statement('search.forgetState', 'DELETE FROM search_state'),
  setState: statement('search.setState', 'INSERT INTO search_state (format) VALUES (:format)'),
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
const SubjectRow = z.object({ id: z.string() });

const isFilled = (database: ReadableDatabase): boolean =>
  parseRows(database, StateRow, database.all(statements.state), 'search_state').some(
    (state) => state.format === format,
  );

/**
 * Fills the index where it is empty, not whole, or of another version: after a change of the schema, and after a damaged
 * database was rebuilt. Returns how many things can be found, or null where there was nothing to do.
 */
export function fillSearch(database: WritableDatabase): number | null {
  if (isFilled(database)) return null;
  return database.transaction(() => {
    // Another process may have filled it meanwhile.
    if (isFilled(database)) return null;
    database.run(statements.forgetState);
    database.run(statements.forgetIndex);
    database.run(statements.forgetDocuments);
    let count = 0;
    for (const kind of Object.keys(searchSources) as FoundKind[]) {
      const source = searchSources[kind];
      const rows = database.all(source.all);
      const ids = parseRows(database, SubjectRow, rows, kind).map(({ id }) => id);
      for (let from = 0; from < ids.length; from += batch) {
        const part = ids.slice(from, from + batch);
        const documents = source.read(database, part);
        for (const id of part) {
          const document = documents.get(id);
          if (document !== undefined) add(database, { kind, subject: id }, document);
        }
        count += documents.size;
      }
    }
    database.run(statements.setState, { format });
    return count;
  });
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
  for (const kind of Object.keys(searchSources) as FoundKind[]) {
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
      if (document !== undefined) add(database, key, document);
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
