import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEngineSettings } from '../../main/models/engine-settings.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'engine-settings-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('engine.json of the data folder', () => {
  it('need not be there', async () => {
    expect(await readEngineSettings(home)).toEqual({
      options: { cacheFolder: join(home, 'cache', 'engine') },
      problem: null,
    });
  });

  it('sets the memory ceiling and the minutes until an idle model is unloaded', async () => {
    await writeFile(join(home, 'engine.json'), '{"memoryCeilingMegabytes": 6144, "idleMinutes": 0}');
    expect(await readEngineSettings(home)).toEqual({
      options: {
        cacheFolder: join(home, 'cache', 'engine'),
        memoryCeilingBytes: 6 * 2 ** 30,
        idleMinutes: 0,
      },
      problem: null,
    });
  });

  it.each([
    ['{', /it is not valid JSON/],
    ['{"memoryCeilingMegabytes": 12}', /memoryCeilingMegabytes: /],
    ['{"idleMinutes": "never"}', /idleMinutes: /],
    ['{"idleMinutes": 1e12}', /idleMinutes: Too big/],
    ['{"memoryCeilingMegabytes": 1e15}', /memoryCeilingMegabytes: Too big/],
    ['{"memoryCeiling": 4096}', /memoryCeiling/],
  ])('that is not right is named and left out: %s', async (content, message) => {
    await writeFile(join(home, 'engine.json'), content);
    const { options, problem } = await readEngineSettings(home);
    expect(options).toEqual({ cacheFolder: join(home, 'cache', 'engine') });
    expect(problem?.code).toBe('invalid-input');
    expect(problem?.message).toMatch(message);
  });

  it('that cannot be read is named, too', async () => {
    await mkdir(join(home, 'engine.json'));
    expect((await readEngineSettings(home)).problem?.message).toMatch(/engine\.json is a folder/);
  });
});
