import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import type { Change, Edit } from '../../preload/contract/changes.ts';
import type { Entry, Question } from '../../preload/contract/domain.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { QuestionId, SessionId } from '../../preload/contract/values.ts';
import { mustExist, questions, sessions, type Store } from '../store/index.ts';

export type ChangeCall = 'undo' | 'redo' | 'getUndoable' | 'changesSince' | 'listActors' | 'checkRecord';

/** What a person does with the record itself. */
export function changeCalls(store: Store): Pick<WorkstationCalls, ChangeCall> {
  const { database, record } = store;
  const known = (id: SessionId): SessionId => mustExist(sessions.findSession(database, id), 'session').id;
  return {
    undo: async ({ sessionId }, by) => record.undo(by, known(sessionId)),
    redo: async ({ sessionId }, by) => record.redo(by, known(sessionId)),
    getUndoable: async ({ sessionId }, { actor }) => record.undoable(actor, known(sessionId)),
    changesSince: async ({ seq }) => record.since(seq),
    listActors: async () => record.actors(),
    checkRecord: async (input) => store.checkRecord(input),
  };
}

interface Telling {
  store: Store;
  emit: (event: WorkstationEvent) => void;
  /** A question as it is now, with every version of its answer. */
  entry: (question: Question) => Entry;
}

/**
 * Tells every window of each change once it is committed: the change itself, and what it means for what is shown, in the
 * same words whether it was done, undone or done again. Returns how to end that.
 */
export function tellChanges({ store, emit, entry }: Telling): () => void {
  return store.record.onChange((change) => {
    emit({ type: 'changes', changes: [change] });
    for (const event of eventsOf(change)) emit(event);
  });

  function eventsOf({ edits }: Change): WorkstationEvent[] {
    const shown = new Set<QuestionId>();
    return (edits ?? []).flatMap((edit): WorkstationEvent[] => {
      if (edit.entity === 'case' && edit.before !== null && edit.after !== null) {
        return [{ type: 'case', case: edit.after }, { type: 'sessions' }];
      }
      if (edit.entity === 'question' && edit.before !== null && edit.after === null) {
        const { id: questionId, sessionId } = edit.before;
        return [{ type: 'question-deleted', sessionId, questionId }];
      }
      const questionId = questionOf(edit);
      if (questionId === null || shown.has(questionId)) return [];
      shown.add(questionId);
      const question = questions.findPresentQuestion(store.database, questionId);
      return question === null ? [] : [{ type: 'entry', entry: entry(question) }];
    });
  }
}

/** The question whose entry is another one after an edit. */
function questionOf({ entity, before, after }: Edit): QuestionId | null {
  if (entity === 'question') return after?.id ?? null;
  if (entity === 'answer') return (after ?? before)?.questionId ?? null;
  return null;
}
