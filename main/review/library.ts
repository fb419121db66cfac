import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import { SessionFacts } from '../../preload/contract/changes.ts';
import type { LibraryCommand } from '../../preload/contract/commands.ts';
import type { CaseSummary } from '../../preload/contract/library.ts';
import type { VideoLibrary } from '../recordings/index.ts';
import {
  caseRecordings,
  cases,
  library as libraryRows,
  mustExist,
  sessions,
  type Store,
} from '../store/index.ts';
import { planLibrary, type LibraryState } from './commands/library.ts';

export type LibraryCall = 'applyToLibrary' | 'listCaseSummaries' | 'listBin';

/** The calls of the library page: what it lists, and what a person does there with cases, sessions and the bin. */
export function libraryCalls(
  store: Store,
  library: Pick<VideoLibrary, 'look'>,
): Pick<WorkstationCalls, LibraryCall> {
  const { database, record, reader } = store;
  return {
    applyToLibrary: async ({ command, doneIn }, by) =>
      database.transaction(() => {
        const state = stateOf(store, command);
        if (doneIn !== undefined) mustExist(sessions.findSession(database, doneIn), 'session');
        const place = { caseId: state.case.id, sessionId: doneIn ?? null };
        return { change: record.commit(by, { name: command.name, ...place }, planLibrary(state, command)) };
      }),
    listCaseSummaries: async (_input, { actor, signal }) => {
      const found = await reader.query('cases.list', { actor }, signal);
      return Promise.all(
        found.map(async (summary): Promise<CaseSummary> => {
          const recordings = caseRecordings.listCaseRecordings(database, summary.id);
          const looks = await Promise.all(recordings.map(({ videoId }) => library.look(videoId)));
          return { ...summary, away: looks.filter((look) => look !== 'available').length };
        }),
      );
    },
    listBin: async () => libraryRows.listBin(database),
  };
}

function stateOf({ database }: Store, command: LibraryCommand): LibraryState {
  const session =
    'sessionId' in command ? mustExist(sessions.findSession(database, command.sessionId), 'session') : null;
  const caseId = 'caseId' in command ? command.caseId : mustExist(session, 'session').caseId;
  return {
    case: mustExist(cases.findCase(database, caseId), 'case'),
    isCaseInBin: cases.findPresentCase(database, caseId) === null,
    session: session && {
      facts: SessionFacts.parse(session),
      isInBin: sessions.findPresentSession(database, session.id) === null,
    },
  };
}
