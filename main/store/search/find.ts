import { z } from 'zod';
import type { ActorId } from '../../../preload/contract/context.ts';
import { FoundPlace, type FoundKind } from '../../../preload/contract/search/found.ts';
import {
  isEmptySearch,
  rangesIn,
  type FoundState,
  type SearchQuery,
  type SearchTerm,
} from '../../../preload/contract/search/query.ts';
import { CaseId, SessionId } from '../../../preload/contract/values.ts';
import { statement, type ReadableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';
import { factOf, textFields } from './document.ts';

/** Results beyond this number are not counted, because a person with so many goes on typing. */
export const mostCounted = 1000;

/** With more cases than this, results are compared with the cases one by one, as most results are then in one of them. */
const mostCasesInIndex = 100;

const rowsOf = (what: string, more = ''): string => `
  SELECT ${what} FROM search_index JOIN search_documents ON search_documents.id = search_index.rowid
  WHERE search_index MATCH :match AND search_index.rowid < :before
    AND case_id NOT IN (SELECT id FROM cases WHERE deleted_at IS NOT NULL)
    AND (session_id IS NULL OR session_id NOT IN (SELECT id FROM sessions WHERE deleted_at IS NOT NULL))
    AND (:caseIds IS NULL OR case_id IN (SELECT value FROM json_each(:caseIds)))
  ${more}`;

export const statements = {
  page: statement(
    'search.page',
    rowsOf(
      'search_documents.id AS place, subject, case_id, session_id',
      'ORDER BY search_index.rowid DESC LIMIT :limit',
    ),
  ),
  count: statement('search.count', `SELECT count(*) AS count FROM (${rowsOf('1', 'LIMIT :limit')})`),
  // The largest id is also the count, because ids have no gaps.
  last: statement('search.last', 'SELECT coalesce(max(id), 0) AS count FROM search_documents'),
  caseNames: statement('search.caseNames', 'SELECT id, pseudonym FROM cases WHERE deleted_at IS NULL'),
};

const Row = z
  .object({ place: FoundPlace, subject: z.string(), case_id: CaseId, session_id: SessionId.nullable() })
  .transform(({ place, subject, case_id: caseId, session_id: sessionId }) => ({
    ...{ place, subject, caseId, sessionId },
  }));

/** Identifies a result by what was found and what it belongs to. */
export type FoundRow = z.infer<typeof Row>;

export interface FoundRows {
  readonly rows: FoundRow[];
  readonly more: boolean;
  readonly count: number;
  /** Whether there are more results than were counted. */
  readonly atLeast: boolean;
}

export interface FindOptions {
  readonly kind: FoundKind;
  /** The person whose decisions the filter `is:` asks for. */
  readonly actor: ActorId;
  readonly before?: number | undefined;
  readonly limit: number;
}

const CountRow = z.object({ count: z.int() });

/** How many things can be found, with those that were deleted since, as a measure of how long a search takes. */
export const countDocuments = (database: ReadableDatabase): number =>
  parseRow(CountRow, database.get(statements.last), 'search_documents').count;

const nothing: FoundRows = { rows: [], more: false, count: 0, atLeast: false };

/** Finds everything that matches all parts of a query, newest first and without what lies in the bin. */
export function findRows(database: ReadableDatabase, query: SearchQuery, options: FindOptions): FoundRows {
  const { kind, before = Number.MAX_SAFE_INTEGER, limit } = options;
  const caseIds = query.cases.length === 0 ? null : casesNamed(database, query.cases);
  const match = matchOf(query, options, caseIds);
  if (match === null) return nothing;
  const compared = caseIds !== null && caseIds.length > mostCasesInIndex ? JSON.stringify(caseIds) : null;
  const parameters = { match, caseIds: compared };
  const found = parseRows(
    database,
    Row,
    database.all(statements.page, { ...parameters, before, limit: limit + 1 }),
    `search of ${kind}`,
  );
  const counted = parseRow(
    CountRow,
    database.get(statements.count, {
      ...{ ...parameters, before: Number.MAX_SAFE_INTEGER },
      limit: mostCounted + 1,
    }),
    'search_documents',
  ).count;
  return {
    rows: found.slice(0, limit),
    more: found.length > limit,
    count: Math.min(counted, mostCounted),
    atLeast: counted > mostCounted,
  };
}

const NameRow = z.object({ id: CaseId, pseudonym: z.string() });

/** Finds cases by the words of their names, or beginnings of these, as in `case:0417`. */
function casesNamed(database: ReadableDatabase, names: readonly SearchTerm[]): CaseId[] {
  const rows = parseRows(database, NameRow, database.all(statements.caseNames), 'cases');
  return rows
    .filter(({ pseudonym }) => names.every((name) => rangesIn(pseudonym, [name]).length > 0))
    .map(({ id }) => id);
}

/**
 * Translates a query into the language of FTS5; null if it can't match anything. Every word consists of letters and digits in
 * quotes, so that nothing a person types acts as an operator.
 */
function matchOf(
  query: SearchQuery,
  { kind, actor }: FindOptions,
  caseIds: readonly CaseId[] | null,
): string | null {
  if (isEmptySearch(query)) return null;
  // Only answers have models and states; labels are also given to boxes over frames.
  if (kind !== 'answer' && query.models.length + query.states.length > 0) return null;
  if (kind !== 'answer' && kind !== 'track' && query.labels.length > 0) return null;
  if (caseIds?.length === 0) return null;
  const parts = [
    inColumns(['facts'], quoted(factOf('kind', kind))),
    ...query.terms.map((term) => inColumns(textFields, termOf(term))),
    ...query.labels.map((term) => inColumns(['label', 'own'], termOf(term))),
    ...query.models.map((term) => inColumns(['model'], termOf(term))),
    ...query.states
      .filter((state) => state !== 'open')
      .map((state) => inColumns(['facts'], stateOf(state, actor))),
  ];
  if (caseIds !== null && caseIds.length <= mostCasesInIndex) {
    const any = caseIds.map((id) => quoted(factOf('case', id))).join(' OR ');
    parts.push(inColumns(['facts'], `(${any})`));
  }
  if (!query.states.includes('open')) return parts.join(' AND ');
  parts.push(inColumns(['facts'], quoted('awaits')));
  return `(${parts.join(' AND ')}) NOT ${inColumns(['facts'], quoted(factOf('decided', actor)))}`;
}

const stateOf = (state: Exclude<FoundState, 'open'>, actor: ActorId): string =>
  quoted(state === 'unsure' || state === 'damaged' ? state : factOf(state, actor));

const quoted = (words: string): string => `"${words}"`;
const termOf = ({ words, prefix }: SearchTerm): string => `${quoted(words.join(' '))}${prefix ? ' *' : ''}`;
const inColumns = (columns: readonly string[], expression: string): string =>
  `{${columns.join(' ')}} : ${expression}`;
