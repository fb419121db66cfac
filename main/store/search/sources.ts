import { z } from 'zod';
import type { Edit } from '../../../preload/contract/changes.ts';
import { isUnderWay } from '../../../preload/contract/domain.ts';
import { doubtsOf } from '../../../preload/contract/doubts.ts';
import type { FoundKind } from '../../../preload/contract/search/found.ts';
import { CaseId, QuestionId, SessionId } from '../../../preload/contract/values.ts';
import { awaitsVerdict, type Verdict } from '../../../preload/contract/verdicts.ts';
import { listAnswersOf } from '../answers.ts';
import { statement, type ReadableDatabase, type Statement } from '../database.ts';
import { parseRows } from '../rows.ts';
import { listVerdicts } from '../verdicts.ts';
import { factOf, type SearchDocument } from './document.ts';

/** One kind of thing that can be found. To make another kind findable, add a source; no other place lists them all. */
export interface SearchSource {
  /** Counts the things of this kind. */
  readonly count: Statement;
  /** Selects those that are not in the index, from a place on, in the order in which they were added. */
  readonly missing: Statement;
  /** The ids of those whose texts an edit changes. */
  touchedBy(database: ReadableDatabase, edit: Edit): readonly string[];
  /** Reads by what the given ones are found. Those that were deleted are missing in the result. */
  read(database: ReadableDatabase, ids: readonly string[]): Map<string, SearchDocument>;
}

const IdRow = z.object({ id: z.string() });

const marksOf = (table: string, name: string): string => `
  SELECT ${table}.id, session_id, case_id, ${name} AS name, note
  FROM ${table} JOIN sessions ON sessions.id = session_id
  WHERE ${table}.id IN (SELECT value FROM json_each(:ids)) AND removed_at IS NULL`;

/** The statements that count and list the rows of a table; `present` is the condition that a row is not deleted. */
const listing = (table: string, present: string): Pick<SearchSource, 'count' | 'missing'> => ({
  count: statement(`search.count-${table}`, `SELECT count(*) AS count FROM ${table} WHERE ${present}`),
  missing: statement(
    `search.missing-${table}`,
    `SELECT id, rowid AS place FROM ${table} WHERE ${present} AND rowid > :after
       AND NOT EXISTS (SELECT 1 FROM search_documents WHERE kind = :kind AND subject = ${table}.id)
     ORDER BY rowid LIMIT :limit`,
  ),
});

const listings = {
  case: listing('cases', '1'),
  session: listing('sessions', '1'),
  answer: listing('questions', 'deleted_at IS NULL'),
  bookmark: listing('bookmarks', 'removed_at IS NULL'),
  segment: listing('segments', 'removed_at IS NULL'),
  track: listing('tracks', 'removed_at IS NULL'),
} satisfies Record<FoundKind, unknown>;

export const statements = {
  ...Object.fromEntries(
    Object.values(listings).flatMap(({ count, missing }) => [
      [count.name, count],
      [missing.name, missing],
    ]),
  ),
  cases: statement(
    'search.cases',
    'SELECT id, pseudonym FROM cases WHERE id IN (SELECT value FROM json_each(:ids))',
  ),
  sessions: statement(
    'search.sessions',
    `SELECT sessions.id, case_id, number, name, pseudonym FROM sessions JOIN cases ON cases.id = case_id
     WHERE sessions.id IN (SELECT value FROM json_each(:ids))`,
  ),
  sessionsOfCase: statement('search.sessionsOfCase', 'SELECT id FROM sessions WHERE case_id = :caseId'),
  questions: statement(
    'search.questions',
    `SELECT questions.id, session_id, case_id, text FROM questions JOIN sessions ON sessions.id = session_id
     WHERE questions.id IN (SELECT value FROM json_each(:ids)) AND questions.deleted_at IS NULL`,
  ),
  bookmarks: statement('search.bookmarks', marksOf('bookmarks', 'bookmarks.name')),
  segments: statement('search.segments', marksOf('segments', `segments.name || char(10) || tags`)),
  tracks: statement(
    'search.tracks',
    `SELECT tracks.id, session_id, case_id, label FROM tracks JOIN sessions ON sessions.id = session_id
     WHERE tracks.id IN (SELECT value FROM json_each(:ids)) AND removed_at IS NULL`,
  ),
  questionOfAnswer: statement(
    'search.questionOfAnswer',
    'SELECT question_id AS id FROM answers WHERE id = :answerId',
  ),
};

const CaseRow = z.object({ id: CaseId, pseudonym: z.string() });
const SessionRow = z.object({
  id: SessionId,
  case_id: CaseId,
  number: z.int(),
  name: z.string().nullable(),
  pseudonym: z.string(),
});
const QuestionRow = z.object({ id: QuestionId, session_id: SessionId, case_id: CaseId, text: z.string() });

const idOf = ({ before, after }: Edit, field: 'questionId' | 'answerId'): string[] => {
  const value = (after ?? before) as Readonly<Record<string, unknown>> | null;
  return typeof value?.[field] === 'string' ? [value[field]] : [];
};

const idsIn = (database: ReadableDatabase, rows: unknown[], table: string): string[] =>
  parseRows(database, IdRow, rows, table).map(({ id }) => id);

/** The name of a session where it is shown alone, which begins with that of its case. */
export const sessionInWords = (pseudonym: string, number: number, name: string | null): string =>
  `${pseudonym} · session ${number}${name === null ? '' : ` · ${name}`}`;

const ofCases: SearchSource = {
  ...listings.case,
  touchedBy: (_database, { entity, id }) => (entity === 'case' ? [id] : []),
  read: (database, ids) => {
    const rows = database.all(statements.cases, { ids: JSON.stringify(ids) });
    return new Map(
      parseRows(database, CaseRow, rows, 'cases').map(({ id, pseudonym }) => [
        id,
        { caseId: id, sessionId: null, texts: { name: pseudonym } },
      ]),
    );
  },
};

const ofSessions: SearchSource = {
  ...listings.session,
  touchedBy: (database, { entity, id }) => {
    if (entity === 'session') return [id];
    // The name of a case is part of the names of its sessions.
    if (entity !== 'case') return [];
    return idsIn(database, database.all(statements.sessionsOfCase, { caseId: id }), 'sessions');
  },
  read: (database, ids) => {
    const rows = database.all(statements.sessions, { ids: JSON.stringify(ids) });
    return new Map(
      parseRows(database, SessionRow, rows, 'sessions').map(
        ({ id, case_id: caseId, number, name, pseudonym }) => [
          id,
          { caseId, sessionId: id, texts: { name: sessionInWords(pseudonym, number, name) } },
        ],
      ),
    );
  },
};

const ofAnswers: SearchSource = {
  ...listings.answer,
  touchedBy: (database, edit) => {
    switch (edit.entity) {
      case 'question':
        return [edit.id];
      case 'answer':
      case 'verdict':
        return idOf(edit, 'questionId');
      case 'seal':
        return idOf(edit, 'answerId').flatMap((answerId) =>
          idsIn(database, database.all(statements.questionOfAnswer, { answerId }), 'answers'),
        );
      default:
        return [];
    }
  },
  read: (database, ids) => {
    const found = database.all(statements.questions, { ids: JSON.stringify(ids) });
    const rows = parseRows(database, QuestionRow, found, 'questions');
    const questionIds = rows.map(({ id }) => id);
    const answers = byQuestion(listAnswersOf(database, questionIds));
    const verdicts = byQuestion(listVerdicts(database, questionIds));
    return new Map(
      rows.map((row): [string, SearchDocument] => [
        row.id,
        {
          caseId: row.case_id,
          sessionId: row.session_id,
          ...answerTexts(row.text, answers.get(row.id) ?? [], verdicts.get(row.id) ?? []),
        },
      ]),
    );
  },
};

function byQuestion<Of extends { questionId: QuestionId }>(all: readonly Of[]): Map<QuestionId, Of[]> {
  const found = new Map<QuestionId, Of[]>();
  for (const one of all) {
    const others = found.get(one.questionId);
    if (others === undefined) found.set(one.questionId, [one]);
    else others.push(one);
  }
  return found;
}

type Versions = ReturnType<typeof listAnswersOf>;

/** All versions of an answer can be found by their words, but its state in the review only by the newest version. */
function answerTexts(
  question: string,
  answers: Versions,
  verdicts: readonly Verdict[],
): Pick<SearchDocument, 'texts' | 'model' | 'facts'> {
  const newest = answers.at(-1);
  const ended = answers.filter(({ status }) => !isUnderWay(status));
  const labels = ended.flatMap(({ label, items }) => [label ?? '', ...items.map((item) => item.label)]);
  return {
    texts: {
      question,
      label: lines(labels),
      own: lines(verdicts.flatMap(ownLabelsOf)),
      reasoning: lines(ended.map(({ reasoning }) => reasoning)),
      note: lines(verdicts.map(({ note }) => note)),
    },
    model: lines(answers.map(({ model }) => (model === null ? '' : `${model.name} ${model.version ?? ''}`))),
    facts: newest === undefined ? [] : factsOf(newest, verdicts),
  };
}

/** Joins texts, each once, by line breaks, so that no phrase reaches from one text into the next. */
const lines = (texts: readonly string[]): string =>
  [...new Set(texts)].filter((text) => text !== '').join('\n');

/** The labels that a person put in place of the model's: one, or one for each thing of a list. */
export function ownLabelsOf({ judgement }: Verdict): string[] {
  if (judgement?.decision !== 'corrected') return [];
  const { label, things = [] } = judgement;
  return things.length === 0 ? [label] : things.map((thing) => thing.label);
}

function factsOf(newest: Versions[number], verdicts: readonly Verdict[]): string[] {
  const decided = verdicts.flatMap(({ answerId, actor, judgement }) =>
    answerId === newest.id && judgement !== null
      ? [factOf('decided', actor), factOf(judgement.decision, actor)]
      : [],
  );
  return [
    ...(awaitsVerdict(newest.status) ? ['awaits'] : []),
    ...(isUnderWay(newest.status) || doubtsOf(newest).length === 0 ? [] : ['unsure']),
    ...(newest.frame?.isDamaged === true ? ['damaged'] : []),
    ...decided,
  ];
}

const MarkRow = z.object({
  id: z.string(),
  session_id: SessionId,
  case_id: CaseId,
  name: z.string(),
  note: z.string(),
});

/** The source of bookmarks or segments, which are found by what people wrote on them; segments also by their tags. */
const ofMarks = (entity: 'bookmark' | 'segment', some: Statement): SearchSource => ({
  ...listings[entity],
  touchedBy: (_database, edit) => (edit.entity === entity ? [edit.id] : []),
  read: (database, ids) => {
    const rows = database.all(some, { ids: JSON.stringify(ids) });
    return new Map(
      parseRows(database, MarkRow, rows, `${entity}s`).map(
        ({ id, session_id: sessionId, case_id: caseId, name, note }) => [
          id,
          { caseId, sessionId, texts: { name, note } },
        ],
      ),
    );
  },
});

const TrackRow = z.object({ id: z.string(), session_id: SessionId, case_id: CaseId, label: z.string() });

/** Boxes over frames are found by the labels that people gave them, as corrected answers are. */
const ofTracks: SearchSource = {
  ...listings.track,
  touchedBy: (_database, { entity, id }) => (entity === 'track' ? [id] : []),
  read: (database, ids) => {
    const rows = database.all(statements.tracks, { ids: JSON.stringify(ids) });
    return new Map(
      parseRows(database, TrackRow, rows, 'tracks').map(
        ({ id, session_id: sessionId, case_id: caseId, label }) => [
          id,
          { caseId, sessionId, texts: { own: label } },
        ],
      ),
    );
  },
};

/** Everything that can be found, in the order in which the index is filled. */
export const searchSources: Readonly<Record<FoundKind, SearchSource>> = {
  case: ofCases,
  session: ofSessions,
  answer: ofAnswers,
  bookmark: ofMarks('bookmark', statements.bookmarks),
  segment: ofMarks('segment', statements.segments),
  track: ofTracks,
};
