import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import type { Change, Changes, Edit } from '../../preload/contract/changes.ts';
import type { Question } from '../../preload/contract/domain.ts';
import type { Entry } from '../../preload/contract/entries.ts';
import { toErrorReport } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { isSameEye } from '../../preload/contract/stereo.ts';
import type { QuestionId, SessionId, VideoId } from '../../preload/contract/values.ts';
import { answers, mustExist, questions, sessions, type Log, type Store } from '../store/index.ts';

export type ChangeCall = 'undo' | 'redo' | 'getUndoable' | 'changesSince' | 'listActors' | 'checkRecord';

export interface ChangeContext {
  store: Store;
  emit: (event: WorkstationEvent) => void;
  /** Reads a question as it is now, with every version of its answer. */
  entry: (question: Question) => Entry;
  /** Called for each recording whose choice of eye has changed. */
  onEye?: (videoId: VideoId) => void;
  log: Log;
}

/** The calls about the record itself, such as undo and redo. */
export function changeCalls(context: ChangeContext): Pick<WorkstationCalls, ChangeCall> {
  const { database, record, checkRecord } = context.store;
  const known = (id: SessionId): SessionId => mustExist(sessions.findSession(database, id), 'session').id;
  return {
    undo: async ({ sessionId }, by) => record.undo(by, known(sessionId)),
    redo: async ({ sessionId }, by) => record.redo(by, known(sessionId)),
    getUndoable: async ({ sessionId }, { actor }) => record.undoable(actor, known(sessionId)),
    changesSince: async ({ seq }) => {
      const { changes, ...rest } = record.since(seq);
      return { ...withEntries(context, changes), ...rest };
    },
    listActors: async () => record.actors(),
    checkRecord: async (input, { signal }) => checkRecord({ ...input, signal }),
  };
}

export interface ChangeFeed {
  /** To be called after another database has taken this one's place, because its changes have other numbers. */
  replaced: () => void;
  end: () => void;
}

/**
 * Tells every window of each committed change, in the order of the record and without gaps: changes of this process at
 * once, and those of others within a fraction of a second.
 */
export function tellChanges(context: ChangeContext): ChangeFeed {
  const { emit, log, store } = context;
  const { record } = store;
  let told = record.seq;

  const tell = (changes: Change[]): void => {
    told = changes.at(-1)?.seq ?? told;
    emit({ type: 'changes', ...withEntries(context, changes) });
    if (changes.some(({ edits }) => edits?.some(changesLibrary))) emit({ type: 'sessions' });
    for (const edit of changes.flatMap(({ edits }) => edits ?? [])) {
      if (edit.entity !== 'recording' || edit.after === null) continue;
      if (!isSameEye(edit.before?.eye, edit.after.eye)) context.onEye?.(edit.after.videoId);
    }
  };
  const tellAll = (): void => {
    for (let more = true; more;) {
      const next = record.since(told);
      if (next.changes.length > 0) tell(next.changes);
      more = next.more && next.changes.length > 0;
    }
  };
  const stops = [
    record.onChange((change) => {
      if (change.seq === told + 1) tell([change]);
      else tellAll();
    }),
    store.onOtherProcess(() => {
      try {
        tellAll();
      } catch (error) {
        log.warn('changes of another process could not be read', { code: toErrorReport(error).code });
      }
    }),
  ];
  return {
    replaced: () => {
      told = record.seq;
      emit({ type: 'replaced' });
    },
    end: () => {
      for (const stop of stops) stop();
    },
  };
}

const changesLibrary = ({ entity }: Edit): boolean =>
  entity === 'case' || entity === 'recording' || entity === 'session';

function withEntries({ store, entry }: ChangeContext, changes: Change[]): Changes {
  const touched = new Set<QuestionId>();
  for (const edit of changes.flatMap(({ edits }) => edits ?? [])) {
    const questionId = questionOf(store, edit);
    if (questionId !== null) touched.add(questionId);
  }
  const present = [...touched].flatMap((id) => questions.findPresentQuestion(store.database, id) ?? []);
  return { changes, entries: present.map(entry) };
}

/** The question whose entry an edit changes, so that windows can be told of it; null if it changes none. */
function questionOf({ database }: Store, edit: Edit): QuestionId | null {
  if (edit.entity === 'question') return (edit.after ?? edit.before)?.id ?? null;
  if (edit.entity === 'answer' || edit.entity === 'verdict')
    return (edit.after ?? edit.before)?.questionId ?? null;
  if (edit.entity === 'seal') {
    const answerId = (edit.after ?? edit.before)?.answerId;
    return (answerId && answers.findAnswer(database, answerId)?.questionId) ?? null;
  }
  return null;
}
