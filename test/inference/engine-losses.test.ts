import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, startWithNode, type Engine, type EngineState } from '../../main/inference/index.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';

let models: TestModels;
beforeAll(async () => {
  models = await makeTestModels();
});
afterAll(() => models.remove());

/** Resolves when the engine has gone through these phases, in this order. */
function whenPhases(engine: Engine, ...phases: EngineState['phase'][]): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = engine.onState((state) => {
      if (state.phase === phases[0]) phases.shift();
      if (phases.length > 0) return;
      unsubscribe();
      resolve();
    });
  });
}

test('a process that dies while it loads: a second try without WebGPU, then a message', async () => {
  let starts = 0;
  const engine = createEngine({
    start: (entry, log) => {
      starts += 1;
      const child = startWithNode(entry, log);
      // It dies of the first thing that it is asked, as a graphics driver's fault would have it.
      const send = (message: unknown): void => {
        child.send(message);
        child.kill();
      };
      return { ...child, send };
    },
  });
  try {
    await expect(engine.load({ directory: models.askable })).rejects.toMatchObject({
      code: 'engine-lost',
      message: expect.stringMatching(
        /^The engine ended while it loaded the model \(signal SIGKILL: ended from outside, .*memory/,
      ) as unknown,
    });
    expect(starts).toBe(2);
    expect(engine.state).toMatchObject({ phase: 'failed', error: { code: 'engine-lost' } });
    await expect(engine.load({ directory: models.askable, device: 'cpu' })).rejects.toThrow(/SIGKILL/);
    expect(starts).toBe(3);
  } finally {
    await engine.dispose();
  }
});

test('an entry that cannot run is a message too', async () => {
  const log: string[] = [];
  const engine = createEngine({ entry: `${models.folder}/no-such-file.ts`, log: (line) => log.push(line) });
  try {
    const load = engine.load({ directory: models.askable, device: 'cpu' });
    await expect(load).rejects.toMatchObject({ code: 'engine-lost', message: /exit code 1/ });
    expect(log.join('\n')).toMatch(/no-such-file/);
  } finally {
    await engine.dispose();
  }
});

test('a process that keeps dying is given up with a message, and comes back with a load', async () => {
  const engine = createEngine();
  try {
    await engine.load({ directory: models.askable });
    for (let loss = 1; loss <= 3; loss += 1) {
      const next = whenPhases(engine, 'restarting', loss < 3 ? 'ready' : 'failed');
      process.kill(engine.processId!, 'SIGKILL');
      await next;
    }
    expect(engine.state.error).toMatchObject({
      code: 'engine-lost',
      message: expect.stringMatching(
        /^The engine ended 3 times within a minute; the last time: signal SIGKILL/,
      ) as unknown,
    });
    const asked = engine.ask({ frame: stripes(1), question: 'Where?' });
    await expect(asked).rejects.toMatchObject({ code: 'engine-lost' });
    await engine.load({ directory: models.askable });
    const answer = await engine.ask({ frame: stripes(1), question: 'Where?', settings: { maxNewTokens: 2 } });
    expect(answer.tokens.generated).toBe(2);
  } finally {
    await engine.dispose();
  }
});

test('loading can be stopped', async () => {
  const engine = createEngine();
  try {
    const controller = new AbortController();
    const load = engine.load({ directory: models.askable, signal: controller.signal });
    const opening = whenPhases(engine, 'loading');
    await opening;
    controller.abort();
    await expect(load).rejects.toMatchObject({ code: 'cancelled' });
    expect(engine.state.phase).toBe('unloaded');
    expect(engine.processId).toBeNull();
  } finally {
    await engine.dispose();
  }
});

test('shut down while it loads: no second try, nothing left running', async () => {
  let starts = 0;
  const engine = createEngine({
    start: (entry, log) => {
      starts += 1;
      return startWithNode(entry, log);
    },
  });
  const load = engine.load({ directory: models.askable });
  const ended = expect(load).rejects.toMatchObject({ code: 'unavailable' });
  await whenPhases(engine, 'loading');
  await engine.dispose();
  await ended;
  expect(starts).toBe(1);
  expect(engine.processId).toBeNull();
  expect(engine.state.phase).toBe('unloaded');
});
