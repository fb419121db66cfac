import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { entriesOfSession } from '../review/session-entries.ts';
import { createEngine, type Engine } from '../../main/inference/index.ts';
import type { SessionId } from '../../preload/contract/values.ts';
import { makeTestModels, type TestModels } from '../inference/askable-model.ts';
import { ClipFolder } from '../video/clips.ts';
import { Bench } from '../review/helpers.ts';

const clips = new ClipFolder();
let models: TestModels;
let engine: Engine;
let bench: Bench;
let clip = '';

beforeAll(async () => {
  clip = await clips.make('a', {
    frames: 12,
    extension: 'mp4',
    output: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
  });
  models = await makeTestModels();
  engine = createEngine();
  await engine.load({ directory: models.askable });
  bench = new Bench(engine);
});

afterAll(async () => {
  await bench.remove();
  await engine.dispose();
  await models.remove();
  clips.remove();
});

const settings = { maxNewTokens: 400, temperature: 1, seed: 5 };

it('the engine’s process killed in mid-answer: its text is kept as stopped, and the next question is answered', async () => {
  const opened = await bench.open(clip);
  const { session } = opened;
  const question = 'Where is suction located?';
  const written = bench.next('answer-text', ({ generatedTokens }) => generatedTokens >= 4);
  const lost = bench.ended();
  await bench.ask(opened, 4, question, settings);
  await written;
  process.kill(engine.processId as number, 'SIGKILL');
  const stopped = await lost;
  expect(stopped).toMatchObject({ status: 'stopped', error: { code: 'engine-lost' } });
  expect(stopped.raw.length).toBeGreaterThan(0);

  const ended = bench.ended();
  await bench.ask(opened, 4, question, { ...settings, maxNewTokens: 8 });
  const answer = await ended;
  expect(answer).toMatchObject({ error: null, tokens: { generated: 8 }, model: { device: 'CPU' } });
  expect(answer.frame).toEqual(stopped.frame);

  const entries = await bench.entries({ session });
  expect(entries.map(({ answers }) => answers[0])).toEqual([stopped, answer]);
});

it('a stop ends it within a second or so, with its text', async () => {
  const opened = await bench.open(clip);
  const written = bench.next('answer-text');
  const ended = bench.ended();
  const { jobId } = await bench.ask(opened, 2, 'What organ is being operated?', settings);
  await written;
  await bench.calls.cancelJob({ jobId });
  const answer = await ended;
  expect(answer).toMatchObject({ status: 'stopped', error: null });
  expect(answer.raw.length).toBeGreaterThan(0);
});

it('a workstation killed in the middle of its queue: the next one answers every question, each once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'workstation-killed-'));
  const script = new URL('asking-process.ts', import.meta.url).pathname;
  const asking = spawn(process.execPath, [script, folder, models.askable, clip], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(asking.stdout, 'data')) as [Buffer];
  asking.kill('SIGKILL');
  await once(asking, 'exit');

  const next = new Bench(engine, { folder, durable: true });
  try {
    next.review.takeUp(Promise.resolve());
    await expect.poll(() => next.store.tasks.list(), { timeout: 60_000 }).toEqual([]);
    const session = { id: String(said).trim() as SessionId };
    const entries = await entriesOfSession(next, session.id);
    expect(entries.map(({ question }) => question.text)).toEqual(
      [0, 1, 2, 3].map((index) => `Where is suction located? ${index}`),
    );
    for (const [index, { answers }] of entries.entries()) {
      expect(answers).toMatchObject([
        { error: null, frame: { index }, settings: { temperature: 1, seed: 5 } },
      ]);
      expect(answers[0]!.tokens?.generated).toBeGreaterThan(4);
    }
    const ends = next.store.record.since(0).changes.filter(({ command }) => command === 'answer.end');
    expect(ends).toHaveLength(4);
    expect(await next.store.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  } finally {
    await next.remove();
  }
});
