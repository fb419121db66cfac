import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { packError, unpackError } from '../../main/platform/carried-error.ts';
import {
  isDiskFull,
  isMissing,
  kindOfCode,
  reasonInWords,
  refusalOf,
  systemCode,
} from '../../main/platform/file-errors.ts';
import { readTextFile } from '../../main/platform/text-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-errors-'));
  writeFileSync(join(folder, 'file'), 'x');
  mkdirSync(join(folder, 'folder'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What the file system throws. */
function refused(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('it was allowed');
}

const onWindows = process.platform === 'win32';

describe('real refusals of the system', () => {
  const at = (...names: string[]): string => join(folder, ...names);

  it.each([
    ['a file that is not there', () => openSync(at('gone'), 'r'), 'missing', 'it is not there'],
    [
      'a folder that is a file',
      () => readdirSync(at('file')),
      'not-a-folder',
      'a file stands where a folder is needed',
    ],
    ['what exists', () => mkdirSync(at('file')), 'taken', 'something else stands in its place'],
    [
      'a name that is too long',
      () => openSync(at('n'.repeat(300)), 'r'),
      'name-too-long',
      'its name is too long',
    ],
  ])('%s', (_, act, kind, words) => {
    // Windows says of a name that is too long, and of a file on the way, that nothing is there.
    const found = refusalOf(refused(act));
    if (onWindows && found === 'missing') return;
    expect(found).toBe(kind);
    expect(reasonInWords(refused(act))).toBe(words);
  });

  it.skipIf(onWindows)('a file that is a folder, a circle of links, a folder with something in it', () => {
    symlinkSync(at('circle'), at('circle'));
    mkdirSync(at('full'));
    writeFileSync(at('full', 'x'), '');
    expect(refusalOf(refused(() => openSync(at('folder'), 'w')))).toBe('is-a-folder');
    expect(refusalOf(refused(() => openSync(at('circle'), 'r')))).toBe('link-circle');
    expect(
      refusalOf(
        refused(() => {
          rmdirSync(at('full'));
        }),
      ),
    ).toBe('not-empty');
  });

  it.skipIf(process.platform !== 'linux')('a full disk, a failing one, and a socket', async () => {
    const handle = openSync('/dev/full', 'w');
    const full = refused(() => {
      writeFileSync(handle, 'x');
    });
    closeSync(handle);
    expect(isDiskFull(full)).toBe(true);
    expect(reasonInWords(full)).toBe('the disk is full');
    const memory = openSync('/proc/self/mem', 'r');
    const failed = refused(() => readSync(memory, Buffer.alloc(8), 0, 8, 0));
    closeSync(memory);
    expect(reasonInWords(failed)).toBe('the disk failed to read or write');
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(refusalOf(refused(() => openSync(at('socket'), 'r')))).toBe('not-a-file');
    await new Promise((resolve) => server.close(resolve));
  });

  it('a text file, by its name and the reason alone', async () => {
    await expect(readTextFile(at('gone'), 'The list', 'Name another.')).rejects.toMatchObject({
      code: 'file-missing',
      message: 'The list cannot be read: it is not there.',
    });
  });
});

const systemError = (fields: object): Error => Object.assign(new Error("EX: words, open '/a/path'"), fields);

describe('the codes', () => {
  it.each(Object.entries(kindOfCode))('%s is said without itself and without a path', (code, kind) => {
    const error = systemError({ code });
    expect(refusalOf(error)).toBe(kind);
    const words = reasonInWords(error);
    expect(words).not.toMatch(new RegExp(`${code}|/|undefined|[.]$`));
    expect(isMissing(error)).toBe(kind === 'missing' || kind === 'not-a-folder');
    expect(isDiskFull(error)).toBe(kind === 'full');
    // A thread sends its errors without their class.
    expect(refusalOf(unpackError(packError(error)))).toBe(kind);
  });

  it.skipIf(onWindows)('that Node has no name for are known by their number', () => {
    const { EDQUOT, ESTALE } = constants.errno;
    // As Node makes them, synchronously and not: it numbers what its library does not name.
    for (const code of [`Unknown system error -${EDQUOT}`, 'UNKNOWN']) {
      const error = systemError({ code, errno: -EDQUOT });
      expect(systemCode(error)).toBe('EDQUOT');
      expect(isDiskFull(error)).toBe(true);
      expect(isDiskFull(unpackError(packError(error)))).toBe(true);
    }
    expect(refusalOf(systemError({ code: 'UNKNOWN', errno: -ESTALE }))).toBe('disk-away');
  });

  it('that stand for nothing here are named, without the path', () => {
    const error = systemError({ code: 'EILSEQ' });
    expect(refusalOf(error)).toBeNull();
    expect(reasonInWords(error)).toBe('the system reports EILSEQ');
  });
});

it('what is no refusal of the system is said in its own words', () => {
  expect(reasonInWords(new WorkstationError('file-missing', 'It is gone.', 'Put it back.'))).toBe(
    'It is gone',
  );
  expect(reasonInWords(new Error('neither PNG nor JPEG'))).toBe('neither PNG nor JPEG');
  expect(reasonInWords('broken')).toBe('broken');
  // The code of an error of ours is no code of the system.
  expect(refusalOf(new WorkstationError('file-missing', 'It is gone.', 'Put it back.'))).toBeNull();
});
