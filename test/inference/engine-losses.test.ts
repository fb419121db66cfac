import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../main/inference/devices/devices.ts';
import {
  createEngine,
  KeyValueCache,
  startWithNode,
  type Engine,
  type EngineChild,
  type EngineState,
  type StartEngine,
} from '../../main/inference/index.ts';
import type { ModelGraphs } from '../../main/inference/graphs/model-graphs.ts';
import { DeviceLostError, watchGraphs } from '../../main/inference/graphs/watched-graphs.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
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

describe('a device that fails', () => {
  /** Starts real processes, and says of the first that it is trying or has lost WebGPU when `act` says so. */
  function withFault(act: (child: EngineChild, tell: (message: object) => void, sent: object) => void): {
    start: StartEngine;
    starts: () => number;
  } {
    let starts = 0;
    const start: StartEngine = (entry, log) => {
      starts += 1;
      const child = startWithNode(entry, log);
      if (starts > 1) return child;
      let tell: (message: object) => void = () => undefined;
      return {
        ...child,
        onMessage: (listener) => {
          tell = listener;
          child.onMessage(listener);
        },
        send: (message) => {
          child.send(message);
          act(child, (fault) => tell(fault), message as object);
        },
      };
    };
    return { start, starts: () => starts };
  }

  test.skipIf(process.platform === 'win32')(
    'and ends the process that loads: the next one goes without it and says so',
    async () => {
      const log: string[] = [];
      const { start, starts } = withFault((child, tell) => {
        tell({ type: 'trying', id: 1, device: 'webgpu' });
        process.kill(child.pid!, 'SIGSEGV');
      });
      const engine = createEngine({ start, log: (line) => log.push(line) });
      try {
        const info = await engine.load({ directory: models.askable, device: 'webgpu' });
        expect(info).toMatchObject({ device: 'cpu', deviceFallback: true });
        expect(info.deviceReason).toContain(
          "it ended the engine's process (signal SIGSEGV: a fault in the runtime)",
        );
        expect(starts()).toBe(2);
        expect(log.join('\n')).toMatch(/webgpu is not used any more/);
        // A load that asks for nothing in particular starts with a clean sheet.
        await engine.load({ directory: models.askable });
        expect(engine.state).toMatchObject({ phase: 'ready', model: { device: 'cpu' }, error: null });
      } finally {
        await engine.dispose();
      }
    },
  );

  test('in the middle of an answer: it is begun anew on another device, and the answer says so', async () => {
    let lose: (() => void) | null = null;
    const { start, starts } = withFault((_child, tell, sent) => {
      if (!('type' in sent) || sent.type !== 'ask') return;
      lose = () =>
        tell({
          type: 'device-lost',
          id: (sent as unknown as { id: number }).id,
          device: 'webgpu',
          reason: 'the device was lost in the middle of the work (WebGPU device is lost: hung)',
        });
    });
    const engine = createEngine({ start });
    try {
      await engine.load({ directory: models.askable });
      const errors: string[] = [];
      engine.onState(({ error }) => error && errors.push(error.message));
      const frame = stripes(1);
      const texts: string[] = [];
      let restarts = 0;
      const settings = { maxNewTokens: 30 };
      const asked = engine.ask({
        ...{ frame, question: 'Where?', settings },
        onRaw: (raw) => {
          texts.push(raw);
          if (raw.length <= 12) return;
          lose?.();
          lose = null;
        },
        onRestart: () => {
          restarts += 1;
        },
      });
      const queued = engine.ask({ frame, question: 'Where?', settings });
      const answer = await asked;
      expect(restarts).toBe(1);
      expect(starts()).toBe(2);
      expect(answer.notes[0]).toBe(
        'WebGPU failed in the middle of the answer, which was begun anew on another device.',
      );
      expect(answer.tokens.generated).toBe(30);
      expect(texts.at(-1)).toBe(answer.raw);
      expect((await queued).raw).toBe(answer.raw);
      expect(errors).toContain(
        'A device failed, and is not used any more (the device was lost in the middle of the work (WebGPU device is lost: hung)).',
      );
    } finally {
      await engine.dispose();
    }
  });

  test('an error of a run that means so is told from others', async () => {
    const run =
      (message: string): (() => Promise<never>) =>
      () =>
        Promise.reject(new Error(message));
    const graphs = (message: string): ModelGraphs => ({
      vision: { encode: run(message) },
      embedder: { embed: run(message) },
      decoder: { freeAttention: true, newCache: () => new KeyValueCache(shape, 1), run: run(message) },
      dispose: () => Promise.resolve(),
    });
    const shape = { layers: 1, keyValueHeads: 1, headSize: 8 };
    const failure = (message: string, device: Device): Promise<unknown> =>
      watchGraphs(graphs(message), device, () => undefined)
        .embedder.embed([1])
        .then(
          () => null,
          (error: unknown) => error,
        );
    const lost = await failure('Device is lost. (DXGI_ERROR_DEVICE_REMOVED)\n at x', 'webgpu');
    expect(lost).toBeInstanceOf(DeviceLostError);
    expect(lost).toMatchObject({
      device: 'webgpu',
      reason: 'the device was lost in the middle of the work (Device is lost. (DXGI_ERROR_DEVICE_REMOVED))',
    });
    expect(await failure('Failed to create a shader module', 'webgpu')).toMatchObject({
      reason: 'the device failed in the middle of the work (Failed to create a shader module)',
    });
    expect(await failure('std::bad_alloc', 'cpu')).toMatchObject({
      code: 'out-of-memory',
      hint: expect.stringMatching(/q8.*int4/) as unknown,
    });
    expect(await failure('Array buffer allocation failed', 'cpu')).toMatchObject({ code: 'out-of-memory' });
    const other = await failure('Non-zero status code returned', 'cpu');
    expect(other).not.toBeInstanceOf(WorkstationError);
  });
});

test('a process that dies while it loads: a message, and no second try without a device to blame', async () => {
  let starts = 0;
  const engine = createEngine({
    start: (entry, log) => {
      starts += 1;
      const child = startWithNode(entry, log);
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
    expect(starts).toBe(1);
    expect(engine.state).toMatchObject({ phase: 'failed', error: { code: 'engine-lost' } });
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
