import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

const python = findPython();
if (!python) console.warn(noPython);
const folder = mkdtempSync(join(tmpdir(), 'restate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = join(folder, 'manifest.json');
const kind = (name: string, word: string) => ({ kind: name, words: [word] });

function restate(taught: unknown, ...options: string[]) {
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ taught }));
  const script = fileURLToPath(new URL('../../models/training/restate.py', import.meta.url));
  const run = spawnSync(python ?? '', [script, '--model', folder, '--dataset', folder, ...options], {
    encoding: 'utf8',
    env: pythonEnvironment,
  });
  return { ...run, written: JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown> };
}

test.skipIf(!python)(
  'a statement is written anew for the kinds that the weights were taught, and no others',
  () => {
    const before = {
      version: '1',
      taught: { kinds: [kind('organ', 'old')] },
      calibration: { slope: 1 },
      files: {},
    };
    writeFileSync(manifest, JSON.stringify(before));
    const other = restate({ kinds: [kind('count', 'new')] });
    expect(other.status).not.toBe(0);
    expect(other.stderr).toMatch(/states organ; the data set teaches count/);
    expect(other.written).toEqual(before);
    const taught = { kinds: [kind('organ', 'new'), kind('count', 'new')], sense: { threshold: 0.5 } };
    const { status, stderr, written } = restate(taught, '--without', 'count', '--version', '2');
    expect(status, stderr).toBe(0);
    expect(written).toEqual({
      ...before,
      version: '2',
      taught: { ...taught, kinds: [kind('organ', 'new')] },
    });
    expect(Object.keys(written)).toEqual(Object.keys(before));
  },
);
