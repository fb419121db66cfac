import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDisplay, findElectron, installElectron } from '../../main/hosts/electron-binary.ts';
import { openLogFile } from '../../main/platform/log-file.ts';
import { errorCodes, stackOf } from '../../preload/contract/index.ts';
import { isFine } from '../../tools/licences.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hosts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("Electron's binary", () => {
  it('is looked for without asking the package, which would download it', () => {
    expect(findElectron(folder, {})).toBeNull();
    writeFileSync(join(folder, 'path.txt'), 'electron\n');
    expect(findElectron(folder, {})).toBeNull();
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist', 'electron'), '');
    expect(findElectron(folder, {})).toBe(join(folder, 'dist', 'electron'));
  });

  it('may lie elsewhere', () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    expect(findElectron(folder, { ELECTRON_OVERRIDE_DIST_PATH: elsewhere })).toBeNull();
    writeFileSync(join(elsewhere, 'electron'), '');
    expect(findElectron(folder, { ELECTRON_OVERRIDE_DIST_PATH: elsewhere })).toBe(
      join(elsewhere, 'electron'),
    );
  });

  it('is given up on when its installer fails or takes too long', async () => {
    writeFileSync(join(folder, 'install.js'), 'process.exit(1)');
    await installElectron(folder, 5000);
    writeFileSync(join(folder, 'install.js'), 'setInterval(() => {}, 1000)');
    const started = performance.now();
    await installElectron(folder, 500);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(findElectron(folder, {})).toBeNull();
  });

  it('needs a display', () => {
    expect(findDisplay({}, 'linux')).toBe(false);
    expect(findDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true);
    expect(findDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
    expect(findDisplay({}, 'darwin')).toBe(true);
    expect(findDisplay({ SSH_CONNECTION: 'a b c d' }, 'darwin')).toBe(false);
  });
});

describe('the log', () => {
  const entry = { level: 'info', area: 'test', message: 'hello', details: { count: 2 } } as const;

  it('writes one line of JSON for each entry, for its owner alone', async () => {
    const { log, file, close } = openLogFile(folder, () => new Date(0));
    log(entry);
    await close();
    expect(readFileSync(file, 'utf8')).toBe(
      `${JSON.stringify({ at: '1970-01-01T00:00:00.000Z', ...entry })}\n`,
    );
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('starts anew when it has grown large, and keeps the one before', async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'workstation.log'), 'x'.repeat(5 * 1024 * 1024 + 1));
    const { log, file, close } = openLogFile(folder);
    log(entry);
    await close();
    expect(statSync(file).size).toBeLessThan(1000);
    expect(statSync(join(folder, 'logs', 'workstation.previous.log')).size).toBeGreaterThan(5 * 1024 * 1024);
  });

  it('stays within its limits while it runs, however much is logged, and forgets nothing but repeats', async () => {
    const limits = { fileBytes: 20_000, textLength: 100, linesOfOneKind: 5, windowMilliseconds: 60_000 };
    const { log, file, close } = openLogFile(folder, () => new Date(0), limits);
    for (let count = 0; count < 2000; count++) {
      log({
        level: 'warn',
        area: 'web',
        message: 'request refused',
        details: { target: 'x'.repeat(10_000) },
      });
      log({ level: 'info', area: 'test', message: `another ${count}` });
      expect(statSync(file).size).toBeLessThanOrEqual(20_000);
    }
    await close();
    expect(readdirSync(join(folder, 'logs')).sort()).toEqual(['workstation.log', 'workstation.previous.log']);
    expect(statSync(join(folder, 'logs', 'workstation.previous.log')).size).toBeLessThanOrEqual(20_000);
    const last = readFileSync(file, 'utf8').trim().split('\n');
    expect(JSON.parse(last.at(-1) ?? '')).toMatchObject({
      message: 'request refused',
      details: { leftOut: 1995 },
    });
    expect(Math.max(...last.map((line) => line.length))).toBeLessThan(300);
  });

  it('stops nothing where it cannot be written', async () => {
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const { log, close } = openLogFile(folder);
    expect(() => log(entry)).not.toThrow();
    await close();
  });

  it('has the stack of an error and the text of anything else', () => {
    expect(stackOf(new Error('a'))).toMatch(/Error: a\n\s+at /);
    expect(stackOf('b')).toBe('b');
  });
});

describe('licences', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['Apache-2.0 AND MIT', true],
    ['MIT AND GPL-3.0', false],
    ['GPL-3.0-or-later', false],
    ['unknown', false],
    ['', false],
  ])('%s: %s', (licence, fine) => {
    expect(isFine(licence)).toBe(fine);
  });
});

it('the page of troubles knows every code that an error can have', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/TROUBLESHOOTING.md'), 'utf8');
  const table = page.slice(page.indexOf('## All codes'));
  expect(errorCodes.filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
});
