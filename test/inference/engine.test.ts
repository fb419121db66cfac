import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Answerer,
  createEngine,
  EngineLostError,
  type Engine,
  type EnginePhase,
  type EngineText,
} from '../../main/inference/index.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';
import { busySecond } from './timing.ts';

let models: TestModels;
let engine: Engine;
const log: string[] = [];

beforeAll(async () => {
  models = await makeTestModels();
  engine = createEngine({ log: (line) => log.push(line) });
  await engine.load({ directory: models.askable });
});

afterAll(async () => {
  await engine.dispose();
  await models.remove();
});

const question = 'What is the state of the suction?';

/** Resolves when the answer has written something. */
function firstToken(): { promise: Promise<void>; onToken: () => void } {
  let onToken = (): void => undefined;
  const promise = new Promise<void>((resolve) => (onToken = resolve));
  return { promise, onToken };
}

describe('a loaded model', () => {
  test('says what it is, where it runs and why', () => {
    expect(engine.state).toMatchObject({ phase: 'ready', error: null });
    expect(engine.state.model).toMatchObject({
      dtype: 'fp32',
      device: 'cpu',
      canAsk: true,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      deviceReason: expect.stringMatching(/^The model is small \(\d+ MB\)/) as unknown,
    });
    expect(engine.state.model!.memoryBytes).toBeGreaterThan(20e6);
    expect(engine.processId).not.toBe(process.pid);
  });

  test('streams its text, and the pieces are the answer', async () => {
    const pieces: EngineText[] = [];
    const result = await engine.ask({
      frame: stripes(1),
      question,
      settings: { maxNewTokens: 24 },
      onToken: (piece) => pieces.push(piece),
    });
    expect(result.tokens.generated).toBe(24);
    expect(result.tokens.image).toBe(208);
    expect(result.modelInput).toEqual({ width: 448, height: 364 });
    expect(result.status).toBe('malformed');
    expect(result.notes).toContain('The answer reached its token limit.');
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.map((piece) => piece.text).join('')).toBe(result.raw.replace('<think>', '').trimStart());
    expect(result.timings.firstTokenMilliseconds).toBeGreaterThan(0);
    expect(result.timings.totalMilliseconds).toBeGreaterThan(result.timings.firstTokenMilliseconds);
  });

  test('a kept look at the frame changes nothing but the time', async () => {
    const settings = { maxNewTokens: 20 };
    const frame = stripes(2);
    const first = await engine.ask({ frame, question, settings });
    const other = await engine.ask({ frame, question: 'Where is it?', settings });
    const again = await engine.ask({ frame, question, settings });
    expect([first, other, again].map((result) => result.frameSeenBefore)).toEqual([false, true, true]);
    expect(again.raw).toBe(first.raw);
    expect(again.tokens).toEqual(first.tokens);
    expect(other.raw).not.toBe(first.raw);
    expect(again.timings.visionMilliseconds).toBe(0);

    const fresh = await Answerer.open({ directory: models.askable, device: 'cpu' });
    try {
      const alone = await fresh.answer({ frame, question: 'Where is it?', settings });
      expect(alone.frameSeenBefore).toBe(false);
      expect(alone.raw).toBe(other.raw);
    } finally {
      await fresh.dispose();
    }
  });

  test('the same seed gives the same text, another seed another one', async () => {
    const ask = (seed: number): Promise<{ raw: string }> =>
      engine.ask({
        frame: stripes(3),
        question,
        settings: { maxNewTokens: 16, temperature: 1.5, topK: 50, topP: 0.95, seed },
      });
    const first = await ask(1);
    expect((await ask(1)).raw).toBe(first.raw);
    expect((await ask(2)).raw).not.toBe(first.raw);
  });

  test('answers in the order of asking', async () => {
    const ended: number[] = [];
    await Promise.all(
      [1, 2, 3].map(async (number) => {
        await engine.ask({ frame: stripes(number), question, settings: { maxNewTokens: 4 } });
        ended.push(number);
      }),
    );
    expect(ended).toEqual([1, 2, 3]);
  });

  test('a control token in the question is refused by name, and the engine goes on', async () => {
    const asked = engine.ask({ frame: stripes(1), question: 'What <|image_pad|> is this?' });
    await expect(asked).rejects.toMatchObject({ code: 'invalid-input', message: /<\|image_pad\|>/ });
    const next = await engine.ask({ frame: stripes(1), question, settings: { maxNewTokens: 2 } });
    expect(next.tokens.generated).toBe(2);
  });

  test('a frame and a question too long for the model are refused', async () => {
    const asked = engine.ask({ frame: stripes(1), question: 'long '.repeat(1000) });
    await expect(asked).rejects.toMatchObject({ code: 'prompt-too-long' });
  });
});

describe('stopping', () => {
  test('ends an answer within a second and keeps its text', async () => {
    const controller = new AbortController();
    const { promise, onToken } = firstToken();
    const asked = engine.ask({
      frame: stripes(4),
      question,
      settings: { maxNewTokens: 3000 },
      signal: controller.signal,
      onToken,
    });
    await promise;
    const before = engine.processId;
    const start = performance.now();
    controller.abort();
    const result = await asked;
    expect(performance.now() - start).toBeLessThan(busySecond);
    expect(result.status).toBe('stopped');
    expect(result.raw.length).toBeGreaterThan(0);
    expect(result.tokens.generated).toBeLessThan(3000);
    expect(engine.processId).toBe(before);
  });

  test('a question that still waits is stopped at once', async () => {
    const running = engine.ask({ frame: stripes(5), question, settings: { maxNewTokens: 60 } });
    const controller = new AbortController();
    const waiting = engine.ask({ frame: stripes(5), question, signal: controller.signal });
    controller.abort();
    await expect(waiting).resolves.toMatchObject({ status: 'stopped', raw: '' });
    await expect(running).resolves.toMatchObject({ tokens: { generated: 60 } });
  });

  test.skipIf(process.platform === 'win32')(
    'a process that does not obey is ended, and another one takes its place',
    async () => {
      const controller = new AbortController();
      const { promise, onToken } = firstToken();
      const asked = engine.ask({
        frame: stripes(6),
        question,
        settings: { maxNewTokens: 3000 },
        signal: controller.signal,
        onToken,
      });
      await promise;
      const stuck = engine.processId!;
      process.kill(stuck, 'SIGSTOP');
      const start = performance.now();
      controller.abort();
      const result = await asked;
      expect(performance.now() - start).toBeLessThan(busySecond);
      expect(result.status).toBe('stopped');
      expect(result.raw.length).toBeGreaterThan(0);
      const next = await engine.ask({ frame: stripes(6), question, settings: { maxNewTokens: 3 } });
      expect(next.tokens.generated).toBe(3);
      expect(engine.processId).not.toBe(stuck);
    },
  );
});

test('a process killed in the middle of answers: partial texts kept, the queue and the engine go on', async () => {
  const phases: EnginePhase[] = ['ready'];
  const unsubscribe = engine.onState((state) => {
    if (phases.at(-1) !== state.phase) phases.push(state.phase);
  });
  const frame = stripes(7);
  const together = engine.state.model!.answersTogether!;
  expect(together).toBe(8);
  const running = Array.from({ length: together }, () => {
    const { promise, onToken } = firstToken();
    return { promise, asked: engine.ask({ frame, question, settings: { maxNewTokens: 3000 }, onToken }) };
  });
  const queued = engine.ask({ frame, question, settings: { maxNewTokens: 5 } });
  await Promise.all(running.map(({ promise }) => promise));
  await wait(50);
  const killed = engine.processId!;
  process.kill(killed, 'SIGKILL');
  const errors = await Promise.all(
    running.map(({ asked }) =>
      asked.then(
        () => null,
        (reason: unknown) => reason,
      ),
    ),
  );
  const next = await queued;
  expect(next.tokens.generated).toBe(5);
  for (const error of errors) {
    expect(error).toBeInstanceOf(EngineLostError);
    const lost = error as EngineLostError;
    expect(lost.code).toBe('engine-lost');
    expect(lost.partial.raw.length).toBeGreaterThan(0);
    expect(lost.partial.generatedTokens).toBeGreaterThan(0);
    const common = Math.min(next.raw.length, lost.partial.raw.length);
    expect(next.raw.slice(0, common)).toBe(lost.partial.raw.slice(0, common));
  }
  expect(engine.processId).not.toBe(killed);
  expect(phases).toEqual(['ready', 'restarting', 'ready']);
  expect(engine.state.error).toBeNull();
  unsubscribe();
});

test('an idle process that dies is replaced without a call', async () => {
  const killed = engine.processId!;
  let lost = false;
  const restarted = new Promise<void>((resolve) => {
    const unsubscribe = engine.onState((state) => {
      lost ||= state.phase === 'restarting';
      if (!lost || state.phase !== 'ready') return;
      unsubscribe();
      resolve();
    });
  });
  process.kill(killed, 'SIGKILL');
  await restarted;
  expect(engine.processId).not.toBe(killed);
  expect(log.some((line) => line.includes('SIGKILL'))).toBe(true);
});

describe('what cannot be asked', () => {
  test('a model without a tokenizer loads and says so when asked', async () => {
    const answerer = await Answerer.open({ directory: models.withoutTokenizer, device: 'cpu' });
    try {
      expect(answerer.info.canAsk).toBe(false);
      const asked = answerer.answer({ frame: stripes(1), question, settings: {} });
      await expect(asked).rejects.toMatchObject({ code: 'model-no-tokenizer' });
    } finally {
      await answerer.dispose();
    }
  });

  test('no model, a folder that is none, and an engine that was unloaded', async () => {
    await engine.unload();
    expect(engine.state.phase).toBe('unloaded');
    expect(engine.processId).toBeNull();
    const nothing = engine.ask({ frame: stripes(1), question });
    await expect(nothing).rejects.toMatchObject({ code: 'unavailable', message: 'No model is loaded.' });
    const load = engine.load({ directory: models.folder });
    await expect(load).rejects.toMatchObject({ code: 'model-missing-file', message: /manifest\.json/ });
    expect(engine.state).toMatchObject({ phase: 'failed', error: { code: 'model-missing-file' } });
  });
});
