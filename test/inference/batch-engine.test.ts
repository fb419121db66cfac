import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEngine,
  EngineLostError,
  startWithNode,
  type AnswerResult,
  type Engine,
} from '../../main/inference/index.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';

/** Several questions that are asked of the engine at once, through its process. */
let models: TestModels;
let engine: Engine;

beforeAll(async () => {
  models = await makeTestModels();
  engine = createEngine();
  await engine.load({ directory: models.askable });
});

afterAll(async () => {
  await engine.dispose();
  await models.remove();
});

const question = 'What is the state of the suction?';

test('questions asked at once are written at the same time, each with its own text', async () => {
  const order: number[] = [];
  const raws = new Map<number, string>();
  const numbers = [1, 2, 3, 4];
  const results = await Promise.all(
    numbers.map((number) =>
      engine.ask({
        frame: stripes(number % 2),
        question: `${question} ${number}`,
        settings: { maxNewTokens: 24 + number },
        onToken: () => order.push(number),
        onRaw: (raw) => raws.set(number, raw),
      }),
    ),
  );
  // The last one begins before the first one ends.
  expect(order.indexOf(4)).toBeLessThan(order.lastIndexOf(1));
  results.forEach((result, index) => {
    expect(result.tokens.generated).toBe(25 + index);
    expect(raws.get(index + 1)).toBe(result.raw);
    const { firstTokenMilliseconds, totalMilliseconds } = result.timings;
    expect(firstTokenMilliseconds).toBeGreaterThan(0);
    expect(totalMilliseconds).toBeGreaterThan(firstTokenMilliseconds);
  });
  for (const [index, number] of numbers.entries()) {
    const alone = await engine.ask({
      frame: stripes(number % 2),
      question: `${question} ${number}`,
      settings: { maxNewTokens: 24 + number },
    });
    expect(alone.raw).toBe(results[index]!.raw);
  }
});

test('a stop of one question stops only that one', async () => {
  const controller = new AbortController();
  const ask = (number: number, signal?: AbortSignal): Promise<AnswerResult> =>
    engine.ask({
      frame: stripes(3),
      question: `${question} ${number}`,
      settings: { maxNewTokens: 60 },
      ...(signal ? { signal, onToken: () => controller.abort() } : {}),
    });
  const before = engine.processId;
  const [first, stopped, third] = await Promise.all([ask(1), ask(2, controller.signal), ask(3)]);
  expect(stopped.status).toBe('stopped');
  expect(stopped.raw.length).toBeGreaterThan(0);
  expect(stopped.tokens.generated).toBeLessThan(60);
  expect([first.tokens.generated, third.tokens.generated]).toEqual([60, 60]);
  expect(engine.processId).toBe(before);
});

test('a bad question fails alone', async () => {
  const settings = { maxNewTokens: 8 };
  const [good, bad] = await Promise.allSettled([
    engine.ask({ frame: stripes(1), question, settings }),
    engine.ask({ frame: stripes(1), question: 'What <|image_pad|> is this?', settings }),
  ]);
  expect(good).toMatchObject({ status: 'fulfilled', value: { tokens: { generated: 8 } } });
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'invalid-input' } });
});

test('a load waits for the questions before it, and goes before those after it', async () => {
  const ended: string[] = [];
  const ask = async (name: string): Promise<void> => {
    await engine.ask({ frame: stripes(1), question, settings: { maxNewTokens: 6 } });
    ended.push(name);
  };
  const load = engine.load({ directory: models.askable }).then(() => ended.push('load'));
  await Promise.all([load, ask('after'), ask('also after')]);
  expect(ended[0]).toBe('load');
  await Promise.all([
    ask('before'),
    engine.load({ directory: models.askable }).then(() => ended.push('load')),
  ]);
  expect(ended.slice(-2)).toEqual(['before', 'load']);
});

test('a stop that takes too long does not end the process while it has others to answer', async () => {
  let swallow = false;
  const deaf = createEngine({
    hardStopMilliseconds: 100,
    start: (entry, log) => {
      const child = startWithNode(entry, log);
      // As if a run took long: the stop does not arrive.
      const send = (message: unknown): void => {
        if (!swallow || (message as { type: string }).type !== 'cancel') child.send(message);
      };
      return { ...child, send };
    },
  });
  try {
    await deaf.load({ directory: models.askable });
    const before = deaf.processId;
    swallow = true;
    const controller = new AbortController();
    const long = deaf.ask({ frame: stripes(1), question, settings: { maxNewTokens: 700 } });
    const stopped = await deaf.ask({
      frame: stripes(1),
      question: 'Where?',
      settings: { maxNewTokens: 3000 },
      signal: controller.signal,
      onToken: () => controller.abort(),
    });
    expect(stopped.status).toBe('stopped');
    expect(stopped.raw.length).toBeGreaterThan(0);
    const whole = await long;
    expect(whole.status).not.toBe('stopped');
    // Its reasoning was ended in time for an answer.
    expect(whole.tokens.generated).toBeGreaterThan(600);
    expect(deaf.processId).toBe(before);
  } finally {
    await deaf.dispose();
  }
});

test('what had written nothing when the process died is asked again', async () => {
  const before = engine.processId!;
  const written = Promise.withResolvers<void>();
  const first = engine.ask({
    frame: stripes(1),
    question,
    settings: { maxNewTokens: 3000 },
    onToken: () => written.resolve(),
  });
  const lost = first.then(
    () => null,
    (error: unknown) => error,
  );
  await written.promise;
  const second = engine.ask({ frame: stripes(9, 896, 896), question, settings: { maxNewTokens: 4 } });
  process.kill(before, 'SIGKILL');
  expect(await lost).toBeInstanceOf(EngineLostError);
  expect((await second).tokens.generated).toBe(4);
  expect(engine.processId).not.toBe(before);
});
