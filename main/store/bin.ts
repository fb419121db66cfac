import { WorkstationError } from '../../preload/contract/errors.ts';
import type { CaseId, SessionId } from '../../preload/contract/values.ts';
import { findCase, findPresentCase } from './cases.ts';
import type { ReadableDatabase } from './database.ts';
import { mustExist } from './must-exist.ts';
import { findSession, isInBin, type StoredSession } from './sessions.ts';
import type { Case } from '../../preload/contract/domain.ts';

/** A session that can be worked in. Throws `not-found`, or `in-bin` if it or its case lies in the bin. */
export function presentSession(database: ReadableDatabase, id: SessionId): StoredSession {
  const session = mustExist(findSession(database, id), 'session');
  if (!isInBin(database, id)) return session;
  presentCase(database, session.caseId);
  throw inBin(`Session ${session.number}${session.name === null ? '' : ` (“${session.name}”)`}`);
}

/** A case that can be worked in. Throws `not-found`, or `in-bin` if it lies in the bin. */
export function presentCase(database: ReadableDatabase, id: CaseId): Case {
  const found = mustExist(findCase(database, id), 'case');
  if (findPresentCase(database, id) !== null) return found;
  throw inBin(`The case “${found.pseudonym}”`);
}

const inBin = (what: string): WorkstationError =>
  new WorkstationError(
    'in-bin',
    `${what} is in the bin.`,
    'Restore it first: in the library, under Bin. Nothing was changed.',
  );
