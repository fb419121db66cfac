import { constants } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { RuleTester } from 'eslint';
import typescript from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { kindOfCode } from '../../main/platform/file-errors.ts';
import { fileErrorsRule } from '../../tools/lint/file-errors.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const root = join(import.meta.dirname, '..', '..');
const at = (file: string, code: string) => ({ filename: join(root, file), code });
const refused = (file: string, code: string) => ({ ...at(file, code), errors: [{ messageId: 'code' }] });

new RuleTester({ languageOptions: { parser: typescript.parser } }).run('house/file-errors', fileErrorsRule, {
  valid: [
    at('main/platform/file-errors.ts', "const kinds = { ENOENT: 'missing' };"),
    at('main/files/grants.ts', 'if (isMissing(error)) return null;'),
    at('main/hosts/web/server.ts', "if (error.code === 'EADDRINUSE') return;"),
    at('main/inference/server/connection-trouble.ts', "const troubles = { ECONNREFUSED: 'refused' };"),
    at('main/files/grants.ts', 'const kind = kinds[ENOENT];'),
    at('main/files/grants.ts', "const words = { [EIO]: 'the disk failed' };"),
    at('test/files/dropped.test.ts', "throw Object.assign(new Error(), { code: 'ENOSPC' });"),
  ],
  invalid: [
    refused('main/files/grants.ts', "if (error.code === 'ENOENT') return null;"),
    refused('main/hosts/cli/picture.ts', "if (codes.includes('EACCES')) throw error;"),
    refused('models/import/catalogue.ts', "switch (code) { case 'EROFS': return null; }"),
    refused('main/store/failure.ts', "const words = { EIO: 'the disk failed' };"),
    refused('main/store/failure.ts', "const words = { 'EIO': 'the disk failed' };"),
    refused('preload/contract/errors.ts', 'const full = code === `ENOSPC`;'),
    refused('renderer/state/files.ts', "if (error.code === 'EBUSY') retry();"),
  ],
});

it('knows codes that exist, so that none is misspelt', () => {
  const named = [...getSystemErrorMap().values()].map(([name]) => name);
  const known = new Set([...named, ...Object.keys(constants.errno)]);
  expect(Object.keys(kindOfCode).filter((code) => !known.has(code))).toEqual([]);
});
