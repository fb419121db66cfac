import type { CallInput } from '../../preload/contract/calls.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import type { Case } from '../../preload/contract/domain.ts';
import { CaseId } from '../../preload/contract/values.ts';
import {
  cases,
  mustBelong,
  mustExist,
  presentCase,
  sessions,
  type ChangeContext,
  type Store,
} from '../store/index.ts';

export interface CaseContext {
  store: Store;
  now: () => number;
  newId: () => string;
}

/** Creates a case. This is recorded but can't be undone, because somebody may already work in the case by then. */
export function createCase(
  context: CaseContext,
  by: ChangeContext,
  input: { pseudonym: string; demonstration?: boolean },
): Case {
  const added: Case = {
    id: CaseId.parse(context.newId()),
    pseudonym: input.pseudonym,
    createdAt: context.now(),
    demonstration: input.demonstration ?? false,
  };
  const command = { name: 'case.create', kind: 'record', caseId: added.id, sessionId: null } as const;
  context.store.record.commit(by, command, [{ entity: 'case', id: added.id, before: null, after: added }]);
  return mustExist(cases.findCase(context.store.database, added.id), 'case');
}

/** Creates a case for a video that was opened without one. Its name is a number, since a file name may hold a patient's. */
export function createNumberedCase(context: CaseContext, by: ChangeContext): Case {
  const count = cases.countCases(context.store.database) + 1;
  return createCase(context, by, { pseudonym: `Case ${String(count).padStart(4, '0')}` });
}

/** The demonstration case, which the first start creates. */
export function demonstrationCase(context: CaseContext, by: ChangeContext): Case {
  return (
    cases.findDemonstrationCase(context.store.database) ??
    createCase(context, by, { pseudonym: 'Demonstration case', demonstration: true })
  );
}

export function renameCase(
  { store: { database, record } }: CaseContext,
  by: ChangeContext,
  { caseId, pseudonym, sessionId }: CallInput<'renameCase'>,
): Case {
  return database.transaction(() => {
    const before = presentCase(database, caseId);
    if (sessionId !== undefined) {
      mustBelong(mustExist(sessions.findSession(database, sessionId), 'session'), caseId);
    }
    const command = { name: 'case.rename', caseId, sessionId: sessionId ?? null };
    record.commit(by, command, renamed(before, pseudonym));
    return mustExist(cases.findCase(database, caseId), 'case');
  });
}

export const renamed = (before: Case, pseudonym: string): Edit[] => [
  { entity: 'case', id: before.id, before, after: { ...before, pseudonym } },
];
