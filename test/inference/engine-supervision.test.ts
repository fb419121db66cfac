import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  EngineLostError,
  type Engine,
  type EngineOptions,
  type EngineState,
} from '../../main/inference/index.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';
import { startOverheard } from './overheard.ts';
import { busySecond } from './timing.ts';

let models: TestModels;
beforeAll(async () => {
  models = await makeTestModels();
});
afterAll(() => models.remove());

/** An engine whose process's messages can be waited for. */
function overheard(options: EngineOptions = {}): {
  engine: Engine;
  /** Resolves with the next message that fits. */
  next: (fits: (message: Record<string, unknown>) => boolean) => Promise<void>;
} {
  const waiting: { fits: (message: Record<string, unknown>) => boolean; resolve: () => void }[] = [];
  const engine = createEngine({
    ...options,
    start: startOverheard((message, pass) => {
      pass(message);
      for (const one of waiting.filter(({ fits }) => fits(message as Record<string, unknown>))) {
        waiting.splice(waiting.indexOf(one), 1);
        one.resolve();
      }
    }),
  });
  return {
    engine,
    next: (fits) => new Promise((resolve) => waiting.push({ fits, resolve })),
  };
}

/** Resolves with the first state that fits. */
function whenState(engine: Engine, fits: (state: EngineState) => boolean): Promise<EngineState> {
  return new Promise((resolve) => {
    const unsubscribe = engine.onState((state) => {
      if (!fits(state)) return;
      unsubscribe();
      resolve(state);
    });
  });
}

/** Milliseconds from the stop until the work has ended. */
async function timeStop(controller: AbortController, ended: Promise<unknown>): Promise<number> {
  const start = performance.now();
  controller.abort();
  await ended.catch(() => undefined);
  return performance.now() - start;
}

describe('a stop takes less than a second at any moment', () => {
  const question = 'What is the state of the suction?';

  test.each([
    // About a second of vision, in one run that nothing but the end of its process ends.
    ['vision', stripes(1, 1300, 1000), question],
    ['prefill', stripes(2), 'word '.repeat(700)],
    ['decode', stripes(3), question],
  ] as const)('in the %s', async (phase, frame, text) => {
    const { engine, next } = overheard();
    try {
      await engine.load({ directory: models.askable });
      const controller = new AbortController();
      const reached = next((message) => message['type'] === 'phase' && message['phase'] === phase);
      const asked = engine.ask({
        ...{ frame, question: text, signal: controller.signal },
        settings: { maxNewTokens: 3000 },
      });
      await reached;
      expect(await timeStop(controller, asked)).toBeLessThan(busySecond);
      expect((await asked).status).toBe('stopped');
      // Whether it obeyed or was ended: the next question is answered.
      const after = await engine.ask({ frame: stripes(4), question, settings: { maxNewTokens: 2 } });
      expect(after.tokens.generated).toBe(2);
    } finally {
      await engine.dispose();
    }
  });

  test('while it loads: at the start of the process, and while graphs are opened', async () => {
    const { engine, next } = overheard();
    try {
      for (const activity of [null, 'Opening the graphs']) {
        const controller = new AbortController();
        const reached =
          activity === null
            ? Promise.resolve()
            : next((message) => message['type'] === 'progress' && message['activity'] === activity);
        const loading = engine.load({ directory: models.askable, signal: controller.signal });
        const ended = expect(loading).rejects.toMatchObject({ code: 'cancelled' });
        await reached;
        expect(await timeStop(controller, loading)).toBeLessThan(busySecond);
        await ended;
        expect(engine.state.phase).toBe('unloaded');
        expect(engine.processId).toBeNull();
      }
    } finally {
      await engine.dispose();
    }
  });

  test('while the engine starts again, which goes on', async () => {
    const engine = createEngine();
    try {
      await engine.load({ directory: models.askable });
      const restarting = whenState(engine, ({ phase }) => phase === 'restarting');
      const ready = whenState(engine, ({ phase }) => phase === 'ready');
      process.kill(engine.processId!, 'SIGKILL');
      await restarting;
      const controller = new AbortController();
      const asked = engine.ask({ frame: stripes(1), question, signal: controller.signal });
      expect(await timeStop(controller, asked)).toBeLessThan(busySecond);
      expect((await asked).status).toBe('stopped');
      await ready;
      expect(engine.state.error).toBeNull();
    } finally {
      await engine.dispose();
    }
  });
});

describe.skipIf(process.platform === 'win32')('a process that does not respond', () => {
  test('in the middle of an answer: partial text kept, ended with the reason, the queue answered', async () => {
    const engine = createEngine({ watch: { silenceSeconds: 4 } });
    try {
      await engine.load({ directory: models.askable });
      const before = engine.processId!;
      const restarting = whenState(engine, ({ phase }) => phase === 'restarting');
      let frozen = false;
      const frame = stripes(1);
      const asked = engine.ask({
        ...{ frame, question: 'Where?', settings: { maxNewTokens: 3000 } },
        onToken: ({ generatedTokens }) => {
          // What every answer begins with is written before the first step of its own.
          if (frozen || generatedTokens < 40) return;
          frozen = true;
          process.kill(before, 'SIGSTOP');
        },
      });
      const lost = asked.then(
        () => null,
        (error: unknown) => error,
      );
      const state = await restarting;
      // Asked while it starts again.
      const queued = engine.ask({ frame, question: 'Where?', settings: { maxNewTokens: 4 } });
      expect(state.error?.message).toBe(
        'The engine was ended, because it stopped responding while it wrote the answer: no sign of life for 4 s.',
      );
      const error = await lost;
      expect(error).toBeInstanceOf(EngineLostError);
      expect((error as EngineLostError).message).toMatch(/stopped responding while it wrote the answer/);
      expect((error as EngineLostError).partial.raw.length).toBeGreaterThan(0);
      expect((await queued).tokens.generated).toBe(4);
      expect(engine.processId).not.toBe(before);
    } finally {
      await engine.dispose();
    }
  });

  test('with nothing to do: it is replaced without a call', async () => {
    const engine = createEngine({ watch: { silenceSeconds: 4 } });
    try {
      await engine.load({ directory: models.askable });
      const before = engine.processId!;
      const restarting = whenState(engine, ({ phase }) => phase === 'restarting');
      const ready = restarting.then(() => whenState(engine, ({ phase }) => phase === 'ready'));
      process.kill(before, 'SIGSTOP');
      expect((await restarting).error?.message).toBe(
        'The engine was ended, because it stopped responding: no sign of life for 4 s.',
      );
      await ready;
      expect(engine.processId).not.toBe(before);
    } finally {
      await engine.dispose();
    }
  });

  test('while it loads, as on a disk that went away: refused with the reason', async () => {
    const engine = createEngine({ watch: { silenceSeconds: 4 } });
    try {
      const reached = whenState(
        engine,
        ({ phase, residentBytes }) => phase === 'loading' && residentBytes !== null,
      );
      const loading = engine.load({ directory: models.askable });
      const refused = expect(loading).rejects.toMatchObject({
        code: 'engine-lost',
        // A load looks at test pictures, too: the process may be at any of its steps.
        message: expect.stringMatching(
          /^The engine ended while it loaded the model \(stopped responding.*: no sign of life for 4 s\)\.$/,
        ) as unknown,
        hint: expect.stringMatching(/disk/) as unknown,
      });
      await reached;
      process.kill(engine.processId!, 'SIGSTOP');
      await refused;
      expect(engine.processId).toBeNull();
    } finally {
      await engine.dispose();
    }
  });
});

describe('a model that nobody asks', () => {
  test('is unloaded after a while, says why, and is there again for the next question', async () => {
    const engine = createEngine({ idleMinutes: 0.01 });
    try {
      const info = await engine.load({ directory: models.askable });
      const unloaded = await whenState(engine, ({ phase }) => phase === 'unloaded');
      expect(unloaded).toMatchObject({
        unloadedReason: 'Unloaded after 0.01 min without a question.',
        model: { id: info.id },
        residentBytes: null,
        error: null,
      });
      expect(engine.processId).toBeNull();
      const phases: string[] = [];
      const unsubscribe = engine.onState(({ phase }) => {
        if (phases.at(-1) !== phase) phases.push(phase);
      });
      const answer = await engine.ask({
        ...{ frame: stripes(1), question: 'Where?', settings: { maxNewTokens: 2 } },
      });
      unsubscribe();
      expect(answer.tokens.generated).toBe(2);
      expect(phases).toEqual(['loading', 'ready']);
    } finally {
      await engine.dispose();
    }
  });

  test('but not while an answer is written, and not with 0 minutes', async () => {
    for (const idleMinutes of [0.005, 0]) {
      const engine = createEngine({ idleMinutes });
      try {
        await engine.load({ directory: models.askable });
        const before = engine.processId;
        const answer = engine.ask({
          ...{ frame: stripes(1, 1300, 1000), question: 'Where?', settings: { maxNewTokens: 150 } },
        });
        expect((await answer).tokens.generated).toBeGreaterThan(100);
        if (idleMinutes === 0) {
          await new Promise((resolve) => setTimeout(resolve, 400));
          expect(engine.processId).toBe(before);
        }
      } finally {
        await engine.dispose();
      }
    }
  });
});
