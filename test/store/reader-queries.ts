import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { readerQueries } from '../../main/store/reader/queries.ts';
import type { ReaderQuery } from '../../main/store/reader/query.ts';
import { countQuestions } from '../../main/store/questions.ts';
import { statement, type Connection } from '../../main/store/database.ts';
import type { SessionId } from '../../preload/contract/values.ts';

const where: ReaderQuery<null, 'thread' | 'place'> = {
  // eslint-disable-next-line require-yield -- it reads nothing
  run: function* () {
    return isMainThread ? 'place' : 'thread';
  },
};

/** Counts a session's questions until a file is there; says that it has begun by another one. */
const watch: ReaderQuery<{ sessionId: SessionId; until: string }, number[]> = {
  run: function* ({ database, layout }, { sessionId, until }) {
    const counts: number[] = [];
    do {
      counts.push(countQuestions(database, sessionId));
      writeFileSync(join(layout.home, 'begun'), '');
      yield null;
    } while (!existsSync(join(layout.home, until)));
    return [...new Set(counts)];
  },
};

/** Ends its thread, the first time or always. */
const crash: ReaderQuery<{ always: boolean }, string> = {
  // eslint-disable-next-line require-yield -- it does not come so far
  run: function* ({ layout }, { always }) {
    const mark = join(layout.home, 'crashed');
    if (existsSync(mark) && !always) return 'read';
    writeFileSync(mark, '');
    process.exit(3);
  },
};

const write: ReaderQuery<null, number> = {
  // eslint-disable-next-line require-yield -- it is refused
  run: function* ({ database }) {
    return (database as Connection).run(statement('trial.write', 'DELETE FROM questions'));
  },
};

export const trialQueries = { ...readerQueries, where, watch, crash, write };
