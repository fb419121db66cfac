import { setTimeout as wait } from 'node:timers/promises';
import { answers, cases, openStore, questions, sessions, videos, type Log } from '../../main/store/index.ts';
import type { Answer, Case, Question } from '../../preload/contract/domain.ts';
import type { AnswerId, CaseId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import type { StoredVideo } from '../../main/store/index.ts';

/** Another process on the same data folder, for tests of locks and of sudden ends. Ends with its input. */
const [mode, home] = process.argv.slice(2) as [string, string];
const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: ignore };
const now = Date.now;
const store = openStore({ home, now, log, exclusive: mode === 'window' || mode === 'answer' });

if (mode === 'window') {
  console.log('open');
} else if (mode === 'writer') {
  for (let index = 0; index < 50; index++) {
    cases.insertCase(store.database, {
      id: `${process.pid}-${index}`,
      pseudonym: 'from a command',
      createdAt: now(),
      demonstration: false,
    } as Case);
  }
  console.log('written');
} else {
  const id = 'x' as AnswerId;
  const sessionId = 's' as SessionId;
  cases.insertCase(store.database, {
    id: 'a',
    pseudonym: 'A',
    createdAt: now(),
    demonstration: false,
  } as Case);
  videos.insertVideo(store.database, {
    id: 'v',
    caseId: 'a',
    path: '/v',
    displayName: 'v',
    fingerprint: 'p',
    sizeBytes: 1,
    container: 'mp4',
    codec: 'h264',
    width: 2,
    height: 2,
    timeBase: [1, 25],
    variableFrameRate: false,
    durationSeconds: null,
    frameCount: null,
    index: 'building',
    playback: 'native',
    problem: null,
    addedAt: now(),
    openedAt: now(),
    recent: true,
  } as StoredVideo);
  sessions.insertSession(store.database, {
    id: sessionId,
    caseId: 'a' as CaseId,
    videoId: 'v' as VideoId,
    frameIndex: 0 as FrameIndex,
    at: now(),
  });
  questions.insertQuestion(store.database, {
    id: 'q',
    sessionId,
    text: 'What?',
    location: { index: 0, pts: 0, seconds: 0, timecode: '00:00:00.000' },
    createdAt: now(),
  } as Question);
  answers.insertAnswer(
    store.database,
    {
      id,
      questionId: 'q',
      sessionId,
      status: 'running',
      label: null,
      box: null,
      reasoning: '',
      raw: '',
      probability: null,
      notes: [],
      frame: null,
      model: null,
      settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0, maxNewTokens: null },
      modelInput: null,
      tokens: null,
      timings: null,
      error: null,
      createdAt: now(),
      endedAt: null,
    } as unknown as Answer,
    process.pid,
  );
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
