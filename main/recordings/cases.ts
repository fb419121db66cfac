import type { Case } from '../../preload/contract/domain.ts';
import { CaseId } from '../../preload/contract/values.ts';
import { cases, mustExist, type Store } from '../store/index.ts';

export interface CaseContext {
  store: Store;
  now: () => number;
  newId: () => string;
}

export function createCase(
  context: CaseContext,
  input: { pseudonym: string; demonstration?: boolean },
): Case {
  const added: Case = {
    id: CaseId.parse(context.newId()),
    pseudonym: input.pseudonym,
    createdAt: context.now(),
    demonstration: input.demonstration ?? false,
  };
  cases.insertCase(context.store.database, added);
  return added;
}

/** A case for a video that was opened without one. Its name is a number: file names may hold a patient's. */
export function createNumberedCase(context: CaseContext): Case {
  const count = cases.countCases(context.store.database) + 1;
  return createCase(context, { pseudonym: `Case ${String(count).padStart(4, '0')}` });
}

/** The case that the workstation brings along; made at the first start. */
export function demonstrationCase(context: CaseContext): Case {
  return (
    cases.findDemonstrationCase(context.store.database) ??
    createCase(context, { pseudonym: 'Demonstration case', demonstration: true })
  );
}

export function renameCase(context: CaseContext, caseId: CaseId, pseudonym: string): Case {
  cases.renameCase(context.store.database, caseId, pseudonym);
  return mustExist(cases.findCase(context.store.database, caseId), 'case');
}
