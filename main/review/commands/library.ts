import type { Edit, SessionFacts } from '../../../preload/contract/changes.ts';
import type { LibraryCommand } from '../../../preload/contract/commands.ts';
import type { Case } from '../../../preload/contract/domain.ts';
import { mostSessionName } from '../../../preload/contract/library.ts';
import { checkedName, refusal } from './texts.ts';

/** The state from which a command on a case or a session is planned. */
export interface LibraryState {
  /** The case that the command names, or the case of the session that it names. */
  readonly case: Case;
  readonly isCaseInBin: boolean;
  /** The session that the command names; null for a command on a case. */
  readonly session: { readonly facts: SessionFacts; readonly isInBin: boolean } | null;
}

/** Plans the edits of a command on a case or a session; none if it would change nothing. Throws `invalid-input`. */
export function planLibrary(state: LibraryState, command: LibraryCommand): Edit[] {
  const { case: owner, isCaseInBin } = state;
  const back: Edit[] = isCaseInBin ? [{ entity: 'case', id: owner.id, before: null, after: owner }] : [];
  switch (command.name) {
    case 'case.delete':
      return isCaseInBin ? [] : [{ entity: 'case', id: owner.id, before: owner, after: null }];
    case 'case.restore':
      return back;
    default: {
      if (state.session === null) throw new Error('a command on a session has none');
      const { facts, isInBin } = state.session;
      const { id } = facts;
      if (command.name === 'session.restore') {
        // Its case comes back too, because a session without its case could not be found.
        return isInBin ? [...back, { entity: 'session', id, before: null, after: facts }] : back;
      }
      if (command.name === 'session.delete') {
        return isInBin ? [] : [{ entity: 'session', id, before: facts, after: null }];
      }
      if (isInBin || isCaseInBin) throw renamedInBin();
      const name = checkedName(command.title, mostSessionName, 'A session’s name');
      return [{ entity: 'session', id, before: facts, after: { ...facts, name: name === '' ? null : name } }];
    }
  }
}

const renamedInBin = () =>
  refusal('This session is in the bin, so it can’t be renamed.', 'Restore it first, then rename it.');
