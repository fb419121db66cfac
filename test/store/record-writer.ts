import { cases, openStore, videos } from '../../main/store/index.ts';

import type { Edit } from '../../preload/contract/changes.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { CaseId, SessionId } from '../../preload/contract/values.ts';
import { Random } from './random.ts';
import { aCase, aQuestion, aVideo, silent } from './rows.ts';
import { addCase, addSession } from './write.ts';

/** A process that changes one case as fast as it can and says of each change that it was accepted, until it is killed. */
const [home = '', seed = '0'] = process.argv.slice(2);
const random = new Random(Number(seed));
const store = openStore({ home, now: Date.now, log: silent });
const { database, record } = store;
const caseId = CaseId.parse('killed');
const sessionId = SessionId.parse('session');
const by = { actor: ActorId.parse('writer'), window: null };
if (cases.findCase(database, caseId) === null) {
  database.transaction(() => {
    addCase(store, aCase('killed'));
    videos.insertVideo(database, aVideo('video', 'killed'));
    addSession(store, { id: 'session', caseId: 'killed', videoId: 'video' });
  });
}
process.stdout.write('ready\n');
for (let count = 0; ; count++) {
  const marker = `${seed}-${count}`;
  const before = cases.findCase(database, caseId)!;
  const question = aQuestion(`q-${marker}`, 'session', { text: marker });
  const edits: Edit[] = [
    { entity: 'case', id: caseId, before, after: { ...before, pseudonym: marker } },
    { entity: 'question', id: question.id, before: null, after: question },
  ];
  try {
    const turn = random.below(5);
    const change =
      turn === 0
        ? record.undo(by, sessionId).change
        : turn === 1
          ? record.redo(by, sessionId).change
          : record.commit(by, { name: 'test.mark', caseId, sessionId }, edits);
    process.stdout.write(`${change!.seq} ${record.hashAt(change!.seq)} ${turn > 1 ? marker : '-'}\n`);
  } catch (error) {
    if (!(error instanceof WorkstationError)) throw error;
  }
}
