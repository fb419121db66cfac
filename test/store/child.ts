import { setTimeout as wait } from 'node:timers/promises';
import { answers, openStore, videos } from '../../main/store/index.ts';
import type { AnswerId } from '../../preload/contract/values.ts';
import { aCase, aQuestion, aVideo, runningAnswer, silent } from './rows.ts';
import { addAnswer, addCase, addQuestion, addSession } from './write.ts';

/** Another process on the same data folder, for tests of locks and of sudden ends. Ends with its input. */
const [mode, home] = process.argv.slice(2) as [string, string];
const now = Date.now;
const store = openStore({ home, now, log: silent, exclusive: mode === 'window' || mode === 'answer' });

if (mode === 'window' || mode === 'look') {
  console.log('open');
} else if (mode === 'writer') {
  for (let index = 0; index < 50; index++) {
    addCase(store, aCase(`${process.pid}-${index}`));
  }
  console.log('written');
} else {
  const id = 'x' as AnswerId;
  const sessionId = 's';
  addCase(store, aCase('a'));
  videos.insertVideo(store.database, aVideo('v', 'a'));
  addSession(store, { id: sessionId, caseId: 'a', videoId: 'v' });
  addQuestion(store, aQuestion('q', sessionId));
  addAnswer(store, runningAnswer(id, 'q', sessionId, { createdAt: now() }));
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
