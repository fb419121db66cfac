import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../main/inference/index.ts';
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
