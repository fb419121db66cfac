import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import type { Change, Changes, Edit } from '../../preload/contract/changes.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { Entry } from '../../preload/contract/entries.ts';
import { toErrorReport } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { isSameEye } from '../../preload/contract/stereo.ts';
import type { SessionId, VideoId } from '../../preload/contract/values.ts';
import { entriesTouchedBy, mustExist, sessions, type Log, type Store } from '../store/index.ts';

export type ChangeCall = 'undo' | 'redo' | 'getUndoable' | 'changesSince' | 'listActors' | 'checkRecord';

export interface ChangeContext {
  store: Store;
  emit: (event: WorkstationEvent) => void;
  /** Gives the newest state of a stored answer, which may be ahead of the store while it is being written. */
  current: (answer: Answer) => Answer;
  /** Called for each recording whose choice of eye has changed. */
  onEye?: (videoId: VideoId) => void;
  log: Log;
}

/** The calls about the record itself, such as undo and redo. */
export function changeCalls(context: ChangeContext): Pick<WorkstationCalls, ChangeCall> {
  const { database, reader, record, checkRecord } = context.store;
  const known = (id: SessionId): SessionId => mustExist(sessions.findSession(database, id), 'session').id;
  return {
    undo: async ({ sessionId }, by) => record.undo(by, known(sessionId)),
    redo: async ({ sessionId }, by) => record.redo(by, known(sessionId)),
    getUndoable: async ({ sessionId }, { actor }) => record.undoable(actor, known(sessionId)),
    changesSince: async ({ seq }, { signal }) => {
      const missed = await reader.query('record.missed', { seq }, signal);
      return { ...missed, entries: asNow(context, missed.entries) };
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

function withEntries(context: ChangeContext, changes: Change[]): Changes {
  return { changes, entries: asNow(context, entriesTouchedBy(context.store.database, changes)) };
}

const asNow = ({ current }: ChangeContext, entries: readonly Entry[]): Entry[] =>
  entries.map((entry) => ({ ...entry, answers: entry.answers.map(current) }));
