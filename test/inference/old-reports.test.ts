import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNamespace, overhear } from '../network/namespace.ts';
import { logTo } from '../../main/platform/log.ts';
import { removeOldReports, removeReports, type Places } from '../../main/inference/old-reports.ts';

let root = '';
let places: Places;
let folder = '';
const note = (...path: string[]) => join(root, ...path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'old-reports-'));
  places = { home: note('home'), temporary: note('tmp'), platform: 'linux' };
  folder = note('home/.cache/Microsoft/DeveloperTools/.onnxruntime');
  mkdirSync(folder, { recursive: true });
  mkdirSync(note('tmp'));
  writeFileSync(join(folder, 'deviceid'), 'x');
  writeFileSync(join(folder, 'onnxruntime.db'), 'x');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** No process has this number: it is above what Linux gives. */
const ended = 'mat-debug-2147483646.log';

describe("what ONNX Runtime's reports left behind", () => {
  it('is removed, with the folders that are empty then', async () => {
    writeFileSync(note('tmp', ended), '');
    writeFileSync(note('tmp/.ses'), '1795658182853\nd831f60d-2ab1-c2cf-c4be-a83e8d264f4c\n');
    expect(await removeReports(places)).toHaveLength(4);
    expect(existsSync(note('home/.cache/Microsoft'))).toBe(false);
    expect(existsSync(note('home/.cache'))).toBe(true);
    expect(readdirSync(note('tmp'))).toEqual([]);
  });

  it("leaves what isn't the runtime's, or is in use", async () => {
    mkdirSync(note('home/.cache/Microsoft/Edge'));
    writeFileSync(note('tmp/.ses'), 'a note of my own');
    writeFileSync(note('tmp', ended), 'with content');
    writeFileSync(note(`tmp/mat-debug-${process.pid}.log`), '');
    symlinkSync(note('tmp/.ses'), note('tmp/mat-debug-2147483645.log'));
    await removeReports(places);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(note('home/.cache/Microsoft/Edge'))).toBe(true);
    expect(readdirSync(note('tmp')).sort()).toEqual(
      ['.ses', 'mat-debug-2147483645.log', ended, `mat-debug-${process.pid}.log`].sort(),
    );
  });

  it('stays where its folder holds something else', async () => {
    writeFileSync(join(folder, 'my-model.onnx'), 'x');
    expect(await removeReports(places)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('is looked for once, and only beside a data folder that was used before', async () => {
    const log = logTo(() => undefined, 'engine');
    await removeOldReports(note('new'), false, log, places);
    expect(existsSync(folder)).toBe(true);
    await removeOldReports(note('used'), true, log, places);
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'deviceid'), 'x');
    await removeOldReports(note('used'), true, log, places);
    expect(existsSync(folder)).toBe(true);
  });

  it.runIf('options' in findNamespace())('is all that the runtime leaves on Linux', async () => {
    const script = `
      const { InferenceSession } = require('onnxruntime-node');
      InferenceSession.create(new Uint8Array([1])).catch(() => {});
      setTimeout(() => process.exit(0), 3000);
    `;
    const { left } = await overhear([{ arguments: ['-e', script] }]);
    expect(left.length).toBeGreaterThan(0);
    for (const path of left) {
      expect(path).toMatch(
        /^(\.cache(\/Microsoft(\/DeveloperTools(\/\.onnxruntime(\/(deviceid|onnxruntime\.db).*)?)?)?)?|\.ses|mat-debug-\d+\.log)$/,
      );
    }
  });
});
