import { answers, cases, endAnswer, openStore, videos } from '../../main/store/index.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { AnswerId, CaseId, SessionId } from '../../preload/contract/values.ts';
import { Random } from './random.ts';
import { aCase, aQuestion, aVideo, fullAnswer, runningAnswer, silent } from './rows.ts';
import { addCase, addSession } from './write.ts';

/**
 * A process that changes one case as fast as it can, asks in it and answers what waits, also what one that was killed left, and
 * says of each change that it was accepted, until it is killed itself.
 */
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
const waiting = store.tasks.takeOver(Date.now()).map(({ answerId }) => answerId);
process.stdout.write('ready\n');
for (let count = 0; ; count++) {
  const marker = `${seed}-${count}`;
  const before = cases.findCase(database, caseId)!;
  const question = aQuestion(`q-${marker}`, 'session', { text: marker });
  const edits: Edit[] = [
    { entity: 'case', id: caseId, before, after: { ...before, pseudonym: marker } },
    { entity: 'question', id: question.id, before: null, after: question },
  ];
  const answerId = AnswerId.parse(`a-${marker}`);
  const facts = {
    id: answerId,
    questionId: question.id,
    sessionId,
    version: 1,
    createdAt: question.createdAt,
  };
  edits.push({ entity: 'answer', id: answerId, before: null, after: facts });
  const ask = () =>
    database.transaction(() => {
      const change = record.commit(by, { name: 'test.mark', caseId, sessionId }, edits);
      const answer = runningAnswer(answerId, question.id, sessionId, { status: 'queued' });
      answers.startAnswer(database, answer, process.pid);
      const input = { settings: {}, anyway: false };
      store.tasks.add({ answerId, input }, { outlivesOwner: true, now: Date.now() });
      waiting.push(answerId);
      return change;
    });
  const end = () => {
    const next = waiting.shift();
    // What was taken back is not begun.
    if (next === undefined || !store.tasks.begin(next, Date.now())) return null;
    const { questionId } = answers.findAnswer(database, next)!;
    endAnswer(store, fullAnswer(next, questionId, sessionId));
    return record.since(record.seq - 1).changes[0]!;
  };
  try {
    const turn = random.below(7);
    const turns = [
      () => record.undo(by, sessionId).change,
      () => record.redo(by, sessionId).change,
      end,
      end,
    ];
    const change = (turns[turn] ?? ask)();
    if (change === null) continue;
    process.stdout.write(`${change.seq} ${change.hash} ${turn >= turns.length ? marker : '-'}\n`);
  } catch (error) {
    if (!(error instanceof WorkstationError)) throw error;
  }
}
