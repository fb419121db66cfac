import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WindowKey } from '../../main/hosts/web/passes.ts';

const day = 24 * 60 * 60 * 1000;
const start = Date.UTC(2026, 10, 26);
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'window-key-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const kept = (at: number, port = 4321): WindowKey => {
  const key = new WindowKey(home, () => at);
  key.keep(port);
  return key;
};
const file = () => join(home, 'window.key');

it('the key is the same at the next start, with the port of the last one, for its owner alone', () => {
  const first = kept(start);
  const second = new WindowKey(home, () => start + day);
  expect(second.secret).toBe(first.secret);
  expect(second.port).toBe(4321);
  if (process.platform !== 'win32') expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it('is made anew once a month, and by a clock that goes back; the port stays', () => {
  const first = kept(start);
  for (const at of [start + 31 * day, start - day]) {
    const later = new WindowKey(home, () => at);
    expect(later.secret).not.toBe(first.secret);
    expect(later.port).toBe(4321);
  }
});

it.skipIf(process.platform === 'win32')('is not trusted where others could have read or written it', () => {
  const first = kept(start);
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file(), mode);
    expect(new WindowKey(home, () => start).secret).not.toBe(first.secret);
  }
  kept(start);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it.each(['', '{', '{"secret":"short","madeAt":1,"port":1}', '[]', '{"secret":7}'])(
  'of another form (%s) is replaced',
  (text) => {
    writeFileSync(file(), text, { mode: 0o600 });
    const key = kept(start);
    expect(key.secret).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(file(), 'utf8')).toContain(key.secret);
  },
);

it('that can’t be kept stops nothing', () => {
  const key = new WindowKey(join(home, 'nowhere'), () => start);
  expect(() => key.keep(1)).not.toThrow();
  expect(key.secret).toMatch(/^[\w-]{43}$/);
});
