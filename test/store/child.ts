import { setTimeout as wait } from 'node:timers/promises';
import { answers, cases, openStore, questions, sessions, videos } from '../../main/store/index.ts';
import type { AnswerId, CaseId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import { aCase, aQuestion, aVideo, runningAnswer, silent } from './rows.ts';

/** Another process on the same data folder, for tests of locks and of sudden ends. Ends with its input. */
const [mode, home] = process.argv.slice(2) as [string, string];
const now = Date.now;
const store = openStore({ home, now, log: silent, exclusive: mode === 'window' || mode === 'answer' });

if (mode === 'window' || mode === 'look') {
  console.log('open');
} else if (mode === 'writer') {
  for (let index = 0; index < 50; index++) {
    cases.insertCase(store.database, aCase(`${process.pid}-${index}`));
  }
  console.log('written');
} else {
  const id = 'x' as AnswerId;
  const sessionId = 's' as SessionId;
  cases.insertCase(store.database, aCase('a'));
  videos.insertVideo(store.database, aVideo('v', 'a'));
  sessions.insertSession(store.database, {
    id: sessionId,
    caseId: 'a' as CaseId,
    videoId: 'v' as VideoId,
    frameIndex: 0 as FrameIndex,
    at: now(),
  });
  questions.insertQuestion(store.database, aQuestion('q', sessionId));
  answers.insertAnswer(store.database, runningAnswer(id, 'q', sessionId, { createdAt: now() }), process.pid);
  console.log('open');
  const words: number[] = [];
  for (let count = 1; count < 100_000; count++) {
    words.push(count);
    answers.savePartialAnswer(store.database, id, { raw: words.join(' '), reasoning: '' }, now());
    console.log(count);
    await wait(2);
  }
}
process.stdin.resume();
process.stdin.once('end', () => {
  store.close();
  process.exit(0);
});
