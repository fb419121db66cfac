import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEngine, openModelDirectory, type ModelDirectory } from '../../main/inference/index.ts';
import { openMeasured, type OpenMeasuredOptions } from '../../main/inference/graphs/measured-graphs.ts';
import type { ModelGraphs } from '../../main/inference/graphs/model-graphs.ts';
import { openModelGraphs } from '../../main/inference/graphs/open-model-graphs.ts';
import { recall, remember } from '../../main/inference/devices/thread-memory.ts';
import {
  physicalCores,
  settingsToTry,
  type ThreadSetting,
} from '../../main/inference/devices/thread-setting.ts';
import { makeTestModels, stripes, type TestModels } from './askable-model.ts';

let models: TestModels;
let model: ModelDirectory;
let cacheFolder: string;
let folder: string;

beforeAll(async () => {
  models = await makeTestModels();
  model = await openModelDirectory(models.askable);
  folder = await mkdtemp(path.join(tmpdir(), 'threads-'));
});
afterAll(async () => {
  await models.remove();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  cacheFolder = await mkdtemp(path.join(folder, 'cache-'));
});

const one = { threads: 1, spinning: false };
const two = { threads: 2, spinning: false };
const spinning = { threads: 2, spinning: true };

/** Opens the real graphs, and lets a clock say how long each of their decoder's runs took. */
function timed(milliseconds: (setting: ThreadSetting) => number): {
  options: Pick<OpenMeasuredOptions, 'now' | 'settings' | 'today'>;
  opened: ThreadSetting[];
  open: (setting: ThreadSetting) => Promise<ModelGraphs>;
  openNow: () => number;
} {
  let clock = 0;
  let openNow = 0;
  const opened: ThreadSetting[] = [];
  return {
    options: {
      now: () => clock,
      settings: [two, one, spinning],
      today: () => new Date('2026-11-22T20:00:00Z'),
    },
    opened,
    open: async (setting) => {
      opened.push(setting);
      openNow += 1;
      const graphs = await openModelGraphs(model, { device: 'cpu', threads: setting });
      return {
        ...graphs,
        decoder: {
          freeAttention: graphs.decoder.freeAttention,
          newCache: (capacity) => graphs.decoder.newCache(capacity),
          run: (input, cache) => {
            clock += milliseconds(setting);
            return graphs.decoder.run(input, cache);
          },
        },
        dispose: async () => {
          openNow -= 1;
          await graphs.dispose();
        },
      };
    },
    openNow: () => openNow,
  };
}

describe('threads', () => {
  test('are measured once, told with the reason, and remembered', async () => {
    const first = timed(({ threads, spinning: spins }) => (threads === 1 ? 2 : spins ? 9 : 4));
    const measured = await openMeasured(model, first.open, { ...first.options, cacheFolder });
    expect(measured.setting).toEqual({
      ...one,
      reason:
        '1 thread, measured 2026-11-22: 2.0 ms a token; 2 threads 4.0 ms a token; 2 threads that spin 9.0 ms a token',
    });
    // The weights are in memory once: each was closed before the next, and the winner opened again.
    expect(first.opened).toEqual([two, one, spinning, one]);
    expect(first.openNow()).toBe(1);
    await measured.graphs.dispose();

    const second = timed(() => 1);
    const remembered = await openMeasured(model, second.open, { ...second.options, cacheFolder });
    expect(second.opened).toEqual([one].map((setting) => expect.objectContaining(setting) as unknown));
    expect(remembered.setting).toMatchObject({ ...one, reason: measured.setting.reason });
    await remembered.graphs.dispose();

    const another = { ...model, sha256: '0'.repeat(64) };
    const third = timed(() => 1);
    const anew = await openMeasured(another, third.open, { ...third.options, cacheFolder });
    expect(third.opened.length).toBeGreaterThan(2);
    await anew.graphs.dispose();
  });

  test('stay at the default where another is hardly faster, and where there is no time to try it', async () => {
    const close = timed(({ threads }) => (threads === 1 ? 3.95 : 4));
    const same = await openMeasured(model, close.open, { ...close.options, cacheFolder });
    expect(same.setting).toMatchObject(two);
    await same.graphs.dispose();

    await rm(cacheFolder, { recursive: true });
    const slow = timed(({ threads }) => (threads === 1 ? 1 : 300));
    const large = await openMeasured(model, slow.open, { ...slow.options, cacheFolder });
    expect(slow.opened).toEqual([two]);
    expect(large.setting.reason).toMatch(/; 2 more not tried$/);
    await large.graphs.dispose();
  });

  test('asked for by number, or without a folder, are not measured', async () => {
    const asked = timed(() => 1);
    const three = await openMeasured(model, asked.open, { threads: 3, cacheFolder });
    expect(three.setting).toEqual({ threads: 3, spinning: false, reason: '3 threads, as asked for' });
    const usual = await openMeasured(model, asked.open, {});
    expect(usual.setting.reason).toMatch(/^\d+ threads?, the default$/);
    expect(await readdir(cacheFolder)).toEqual([]);
    expect(asked.opened).toHaveLength(2);
    await three.graphs.dispose();
    await usual.graphs.dispose();
  });

  test('a default that cannot be opened is an error; another setting is passed over', async () => {
    const broken = timed(() => 1);
    const without =
      (refused: ThreadSetting) =>
      (setting: ThreadSetting): Promise<ModelGraphs> =>
        setting === refused ? Promise.reject(new Error('no')) : broken.open(setting);
    const options = { ...broken.options, cacheFolder };
    await expect(openMeasured(model, without(two), options)).rejects.toThrow('no');
    expect(broken.openNow()).toBe(0);
    const { graphs, setting } = await openMeasured(model, without(one), options);
    expect(setting.reason).toMatch(/^2 threads, measured .*; 1 more not tried$/);
    expect(broken.openNow()).toBe(1);
    await graphs.dispose();
  });

  test('settings worth a try: the default first, each once', () => {
    expect(settingsToTry(1, 1)).toEqual([one]);
    expect(settingsToTry(2, 2)).toEqual([two, spinning, one]);
    expect(settingsToTry(2, 1)).toEqual([two, spinning, one]);
    expect(settingsToTry(32, 16).map(({ threads, spinning: spins }) => (spins ? -threads : threads))).toEqual(
      [8, -8, 16, -16, 1],
    );
    expect(physicalCores()).toBeGreaterThan(0);
    expect(physicalCores(folder)).toBeGreaterThan(0);
  });
});

describe('what is remembered', () => {
  const what = { modelSha256: 'a'.repeat(64), runtimeVersion: '1.30.0', machine: 'Some CPU x 2' };
  const measured = { threads: 2, spinning: false, found: '3.1 ms a token', measuredAt: '2026-11-22' };

  test('holds for the same model, runtime and machine', async () => {
    expect(await remember(cacheFolder, what, measured)).toBeNull();
    expect(await recall(cacheFolder, what)).toEqual(measured);
    for (const other of [
      { ...what, modelSha256: 'b'.repeat(64) },
      { ...what, runtimeVersion: '1.31.0' },
      { ...what, machine: 'Some CPU x 4' },
    ]) {
      expect(await recall(cacheFolder, other)).toBeNull();
    }
  });

  test.each([
    ['no JSON', '{'],
    ['another form', '{"formatVersion": 1, "entries": {"a": {"threads": -2}}}'],
    ['a newer form', '{"formatVersion": 2, "entries": {}}'],
    ['nothing', ''],
  ])('a damaged file, %s, is measured and written anew', async (_name, content) => {
    await writeFile(path.join(cacheFolder, 'threads.json'), content);
    expect(await recall(cacheFolder, what)).toBeNull();
    expect(await remember(cacheFolder, what, measured)).toBeNull();
    expect(await recall(cacheFolder, what)).toEqual(measured);
    expect(await readdir(cacheFolder)).toEqual(['threads.json']);
  });

  test('a folder that cannot be written costs the memory and nothing else', async () => {
    const file = path.join(cacheFolder, 'file');
    await writeFile(file, '');
    expect(await remember(path.join(file, 'below'), what, measured)).toMatch(/ENOTDIR|EEXIST/);
    // A directory where the file should be.
    await mkdir(path.join(cacheFolder, 'threads.json'));
    expect(await remember(cacheFolder, what, measured)).toMatch(/EISDIR|EPERM|ENOTEMPTY|EEXIST/);
    expect(await readdir(cacheFolder)).toEqual(['file', 'threads.json']);
    const lines: string[] = [];
    const clock = timed(() => 1);
    const { graphs, setting } = await openMeasured(model, clock.open, {
      ...clock.options,
      cacheFolder: path.join(file, 'below'),
      log: (line) => lines.push(line),
    });
    await graphs.dispose();
    expect(setting.reason).toMatch(/measured 2026-11-22/);
    expect(lines[0]).toMatch(/^threads measured, but not remembered: /);
  });

  test('is not more than a hundred models, the oldest going first', async () => {
    for (let day = 1; day <= 101; day += 1) {
      const measuredAt = new Date(Date.UTC(2026, 0, day)).toISOString().slice(0, 10);
      await remember(cacheFolder, { ...what, modelSha256: `model ${day}` }, { ...measured, measuredAt });
    }
    const file = JSON.parse(await readFile(path.join(cacheFolder, 'threads.json'), 'utf8')) as {
      entries: object;
    };
    expect(Object.keys(file.entries)).toHaveLength(100);
    expect(await recall(cacheFolder, { ...what, modelSha256: 'model 1' })).toBeNull();
    expect(await recall(cacheFolder, { ...what, modelSha256: 'model 101' })).not.toBeNull();
  });
});

test('an engine with a folder measures at its first load, and says so in what it knows of the model', async () => {
  const engine = createEngine({ cacheFolder });
  const activities = new Set<string | null>();
  const unsubscribe = engine.onState(({ activity }) => activities.add(activity));
  try {
    const first = await engine.load({ directory: models.askable });
    expect(first.threads!.reason).toMatch(
      /^\d+ threads?( that spin)?, measured \d{4}-\d\d-\d\d: [\d.]+ ms a token/,
    );
    expect(activities).toContain('Measuring which threads are fastest');
    unsubscribe();
    const second = await engine.load({ directory: models.askable });
    expect(second.threads).toEqual(first.threads);
    const answer = await engine.ask({
      ...{ frame: stripes(1), question: 'Where?', settings: { maxNewTokens: 2 } },
    });
    expect(answer.tokens.generated).toBe(2);
  } finally {
    await engine.dispose();
  }
});
