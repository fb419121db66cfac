import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { engineEntry, engineEnvironment, startWithNode } from '../../main/inference/index.ts';

const pagesFile = '/sys/kernel/mm/transparent_hugepage/enabled';
/** Where huge pages are given to those who ask, or to all. */
const givesHugePages =
  process.platform === 'linux' &&
  existsSync(pagesFile) &&
  !readFileSync(pagesFile, 'utf8').includes('[never]');
const isGlibc =
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime !==
  undefined;

describe('the environment of the engine', () => {
  test('asks for huge pages on Linux, beside what else is tuned', () => {
    expect(engineEnvironment({ HOME: '/a' }, 'linux')).toEqual({
      HOME: '/a',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
      ORT_DISABLE_TELEMETRY: '1',
    });
    expect(engineEnvironment({ GLIBC_TUNABLES: 'glibc.malloc.check=1' }, 'linux')).toMatchObject({
      GLIBC_TUNABLES: 'glibc.malloc.check=1:glibc.malloc.hugetlb=1',
    });
  });

  test("leaves a person's own choice as it is, and other systems alone", () => {
    const chosen = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' };
    expect(engineEnvironment(chosen, 'linux')).toMatchObject(chosen);
    for (const platform of ['win32', 'darwin'] as const) {
      expect(engineEnvironment({ HOME: '/a' }, platform)).toEqual({ HOME: '/a', ORT_DISABLE_TELEMETRY: '1' });
    }
  });

  test('turns the reports of ONNX Runtime off on every system, whatever was set', () => {
    for (const platform of ['linux', 'win32', 'darwin'] as const) {
      for (const set of ['0', '', 'false']) {
        expect(engineEnvironment({ ORT_DISABLE_TELEMETRY: set }, platform)).toMatchObject({
          ORT_DISABLE_TELEMETRY: '1',
        });
      }
    }
  });

  test('holds what models need and nothing of the account', () => {
    const needed = {
      Path: 'C:\\Windows',
      SystemRoot: 'C:\\Windows',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      VK_DRIVER_FILES: '/icd.json',
      LD_LIBRARY_PATH: '/opt',
    };
    const others = {
      SSH_AUTH_SOCK: '/agent',
      HTTPS_PROXY: 'http://proxy',
      NPM_TOKEN: 'x',
      NODE_OPTIONS: '--require x',
      LD_PRELOAD: 'x.so',
      MY_PATH: 'x',
    };
    expect(engineEnvironment({ ...needed, ...others }, 'win32')).toEqual({
      ...needed,
      ORT_DISABLE_TELEMETRY: '1',
    });
  });

  test.runIf(process.platform === 'linux')('is what its process has', async () => {
    const child = startWithNode(engineEntry(), () => undefined);
    const ended = new Promise<void>((resolve) => child.onExit(() => resolve()));
    try {
      const entries = readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0');
      expect(entries).toContainEqual(expect.stringMatching(/^GLIBC_TUNABLES=.*glibc\.malloc\.hugetlb=1/));
      expect(entries).toContain('ORT_DISABLE_TELEMETRY=1');
    } finally {
      child.kill();
      await ended;
    }
  });

  test.runIf(givesHugePages && isGlibc)('gives its memory huge pages', () => {
    const megabytes = 256;
    // A buffer of its own, every page of it written.
    const script = `
      const held = Buffer.alloc(${megabytes} * 2 ** 20, 1);
      const rollup = require('node:fs').readFileSync('/proc/self/smaps_rollup', 'utf8');
      console.log(held.length, /AnonHugePages:\\s+(\\d+)/.exec(rollup)[1]);
    `;
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      env: engineEnvironment({}),
      encoding: 'utf8',
    });
    expect(Number(stdout.split(' ')[1]) / 1024).toBeGreaterThan(megabytes / 2);
  });
});
