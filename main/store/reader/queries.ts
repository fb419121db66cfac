import { z } from 'zod';
import type { BackupList } from '../../../preload/contract/backups.ts';
import type { Change, ChangeList } from '../../../preload/contract/changes.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import {
  firstPageLength,
  type Entry,
  type EntryPage,
  type EntryPlace,
} from '../../../preload/contract/entries.ts';
import type { FoundKind } from '../../../preload/contract/search/found.ts';
import type { SearchQuery } from '../../../preload/contract/search/query.ts';
import type { SessionId } from '../../../preload/contract/values.ts';
import { bytesOfBackups } from '../backup.ts';
import { backupHeads, keptHead } from '../backup-heads.ts';
import { changesSince, changesToCheck, verifyRecord, type Verified } from '../changes/index.ts';
import { readContent } from '../content.ts';
import { entriesOf, entriesTouchedBy, pageOfEntries } from '../entries.ts';
import { sumOfKeptPictures } from '../kept-pictures.ts';
import { countQuestions, listQuestions } from '../questions.ts';
import { describeBackups } from '../restore.ts';
import { parseRow } from '../rows.ts';
import { statement } from '../database.ts';
import { listSessions, type StoredSummary } from '../sessions.ts';
import { listCaseSummaries, type StoredCaseSummary } from '../library.ts';
import { countDocuments, findRows, type FoundRows } from '../search/find.ts';
import type { ReaderQuery } from './query.ts';

/** So many changes, sessions or questions can be read in less time than a thread takes to start. */
const FEW_CHANGES = 2000;
const FEW_SESSIONS = 200;
const FEW_QUESTIONS = 200;
const FEW_DOCUMENTS = 5000;
const FEW_BYTES = 1024 * 1024;
/** So many changes can lead to as many whole entries, which take longer to read than the changes themselves. */
const FEW_MISSED = 50;
/** How many changes a window is given at once when it asks what it missed. */
const MOST_MISSED = 500;
/** How many are read before another query has its turn. */
const PAGE = 200;

const questionCount = statement('reader.questionCount', 'SELECT count(*) AS count FROM questions');
const sessionCount = statement('reader.sessionCount', 'SELECT count(*) AS count FROM sessions');

const checkOfRecord: ReaderQuery<{ sinceLast: boolean; head?: string | undefined }, Verified> = {
  isSmall: ({ database }, { sinceLast }) => changesToCheck(database, sinceLast) <= FEW_CHANGES,
  run: function* ({ database, layout }, { sinceLast, head }) {
    const kept = head === undefined ? [] : [keptHead(head)];
    const outside = sinceLast ? kept : [...backupHeads(layout), ...kept];
    return yield* verifyRecord(database, { sinceLast, outside });
  },
};

/** Every change after a place, without the entries that it leads to. */
const listOfChanges: ReaderQuery<{ after: number }, Change[]> = {
  isSmall: ({ database }, { after }) => changesToCheck(database, false) - after <= FEW_CHANGES,
  run: function* ({ database }, { after }) {
    const changes: Change[] = [];
    for (let more = true; more;) {
      const page = changesSince(database, changes.at(-1)?.seq ?? after, PAGE);
      changes.push(...page.changes);
      more = page.more;
      yield null;
    }
    return changes;
  },
};

/** The changes after a place, at most 500, with the entries that they lead to, which may be newer than the last of them. */
const changesWithEntries: ReaderQuery<{ seq: number }, ChangeList> = {
  isSmall: ({ database }, { seq }) => changesToCheck(database, false) - seq <= FEW_MISSED,
  // eslint-disable-next-line require-yield -- it is one page
  run: function* ({ database }, { seq }) {
    const page = changesSince(database, seq, MOST_MISSED);
    return { ...page, entries: entriesTouchedBy(database, page.changes) };
  },
};

/** Every session as one person sees it, last changed first; see `listSessions`. */
const listOfSessions: ReaderQuery<{ actor: ActorId }, StoredSummary[]> = {
  isSmall: ({ database }) =>
    parseRow(z.object({ count: z.int() }), database.get(sessionCount), 'sessions').count <= FEW_SESSIONS,
  // eslint-disable-next-line require-yield -- it is one list, in one statement
  run: function* ({ database }, { actor }) {
    return listSessions(database, actor);
  },
};

/** Every case outside the bin as one person sees it; see `listCaseSummaries`. */
const listOfCases: ReaderQuery<{ actor: ActorId }, StoredCaseSummary[]> = {
  isSmall: ({ database }) =>
    parseRow(z.object({ count: z.int() }), database.get(questionCount), 'questions').count <= FEW_QUESTIONS,
  // eslint-disable-next-line require-yield -- it is one list, in two statements
  run: function* ({ database }, { actor }) {
    return listCaseSummaries(database, actor);
  },
};

/** All questions of a session, oldest first, with every version of their answers and people's verdicts. */
const entriesOfSession: ReaderQuery<{ sessionId: SessionId }, Entry[]> = {
  isSmall: ({ database }, { sessionId }) => countQuestions(database, sessionId) <= FEW_QUESTIONS,
  run: function* ({ database }, { sessionId }) {
    const entries: Entry[] = [];
    for (let before: Entry['place'] | undefined; ;) {
      const page = listQuestions(database, sessionId, { before, limit: PAGE });
      entries.push(...entriesOf(database, page));
      before = page.at(-1)?.place;
      if (page.length < PAGE) return entries.reverse();
      yield null;
    }
  },
};

/** A page of a session's questions, newest first, with what a list shows of each. */
const pageOfSession: ReaderQuery<
  { sessionId: SessionId; before?: EntryPlace | undefined; limit: number },
  EntryPage
> = {
  isSmall: ({ database }, { sessionId, limit }) =>
    limit <= firstPageLength || countQuestions(database, sessionId) <= firstPageLength,
  // eslint-disable-next-line require-yield -- it is one page
  run: function* ({ database }, { sessionId, before, limit }) {
    return pageOfEntries(database, sessionId, { before, limit });
  },
};

/** The backups with what each holds, for which every backup is read and checked completely. */
const contentOfBackups: ReaderQuery<null, BackupList> = {
  isSmall: ({ layout }) => bytesOfBackups(layout) <= FEW_BYTES,
  // eslint-disable-next-line require-yield -- SQLite checks a file in one statement
  run: function* ({ database, layout }) {
    const keptPictures = sumOfKeptPictures(database);
    return { ...describeBackups(layout, database.inspect(readContent)), keptPictures };
  },
};

export interface SearchInput {
  query: SearchQuery;
  kinds: readonly FoundKind[];
  actor: ActorId;
  before?: number | undefined;
  limit: number;
}

/** What matches a search, kind by kind and newest first. */
const search: ReaderQuery<SearchInput, FoundRows[]> = {
  isSmall: ({ database }) => countDocuments(database) <= FEW_DOCUMENTS,
  run: function* ({ database }, { query, kinds, ...options }) {
    const found: FoundRows[] = [];
    for (const kind of kinds) {
      found.push(findRows(database, query, { kind, ...options }));
      yield null;
    }
    return found;
  },
};

/** The queries that a `StoreReader` can run, by name. Add any query here that may take long, such as a search. */
export const readerQueries = {
  'record.check': checkOfRecord,
  'record.list': listOfChanges,
  'record.missed': changesWithEntries,
  'cases.list': listOfCases,
  'sessions.list': listOfSessions,
  'session.entries': entriesOfSession,
  'session.page': pageOfSession,
  'backups.list': contentOfBackups,
  search,
};
