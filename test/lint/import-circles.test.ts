import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Linter } from 'eslint';
import typescript from 'typescript-eslint';
import { afterAll, describe, expect, it } from 'vitest';
import { importCirclesRule, importsOnDisk, wayTo } from '../../tools/lint/import-circles.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Writes files, and says what the rule reports of each. */
function lint(files: Readonly<Record<string, string>>): Record<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'workstation-circles-'));
  folders.push(folder);
  for (const [name, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
  const linter = new Linter({ cwd: folder });
  const config = {
    files: ['**/*.ts'],
    languageOptions: { parser: typescript.parser },
    plugins: { house: { rules: { circles: importCirclesRule } } },
    rules: { 'house/circles': 'error' },
  } as const;
  return Object.fromEntries(
    Object.entries(files)
      .filter(([name]) => name.endsWith('.ts'))
      .map(([name, code]) => [
        name,
        linter.verify(code, [config] as never, join(folder, name)).map(({ message }) => message),
      ]),
  );
}

const mentions = (messages: string[] | undefined, way: string): boolean =>
  messages?.length === 1 && messages[0]!.includes(`leads back here: ${way}.`);

describe('an import that leads back to where it began', () => {
  it('is refused in both of two files, with the way', () => {
    const found = lint({
      'a.ts': "import { b } from './b.ts'; export const a = b;",
      'b.ts': "import { a } from './a.ts'; export const b = a;",
    });
    expect(mentions(found['a.ts'], 'a.ts -> b.ts -> a.ts')).toBe(true);
    expect(mentions(found['b.ts'], 'b.ts -> a.ts -> b.ts')).toBe(true);
  });

  it('is refused of types alone, of what is passed on, and of what is loaded later', () => {
    for (const code of [
      "import type { B } from './b.ts';",
      "import { type B } from './b.ts';",
      "export { b } from './b.ts';",
      "export * from './b.ts';",
      "export const load = () => import('./b.ts');",
    ]) {
      const found = lint({ 'a.ts': code, 'b.ts': "export type { A } from './a.ts';" });
      expect([code, found['a.ts']?.length]).toEqual([code, 1]);
    }
  });

  it('is refused over any number of files and through components, in each that is part of it', () => {
    const found = lint({
      'one/a.ts': "import '../two/b.ts';",
      'two/b.ts': "import C from '../C.svelte';",
      'C.svelte': "<script lang=\"ts\">\n  import { d } from './d.ts';\n</script>\n<p>import './x.ts'</p>",
      'd.ts': "import './one/a.ts';",
      'aside.ts': "import './one/a.ts';",
      'below.ts': '',
    });
    expect(mentions(found['one/a.ts'], 'one/a.ts -> two/b.ts -> C.svelte -> d.ts -> one/a.ts')).toBe(true);
    expect(found['two/b.ts']).toHaveLength(1);
    expect(found['d.ts']).toHaveLength(1);
    // It enters the circle, and is not of it.
    expect(found['aside.ts']).toEqual([]);
    expect(found['below.ts']).toEqual([]);
  });

  it('is refused of a file that imports itself', () => {
    expect(lint({ 'a.ts': "export * from './a.ts';" })['a.ts']).toHaveLength(1);
  });

  it('is none where two ways lead to one file, or a file is not there', () => {
    const found = lint({
      'a.ts': "import './b.ts'; import './c.ts'; import 'zod'; import './gone.ts';",
      'b.ts': "import './d.ts';",
      'c.ts': "import './d.ts';",
      'd.ts': "import { join } from 'node:path';",
    });
    expect(Object.values(found).flat()).toEqual([]);
  });
});

it('the way told is the shortest', () => {
  const imports: Record<string, string[]> = { a: ['b', 'c'], b: ['d'], c: ['end'], d: ['end'], end: [] };
  expect(wayTo('end', 'a', (file) => imports[file] ?? [])).toEqual(['a', 'c', 'end']);
  expect(wayTo('a', 'end', (file) => imports[file] ?? [])).toBeNull();
});

it('there is none in the house', () => {
  const root = join(import.meta.dirname, '..', '..');
  const files = ['main', 'preload', 'renderer', 'models', 'tools']
    .flatMap((folder) => readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(300);
  expect(files.reduce((sum, file) => sum + importsOnDisk(file).length, 0)).toBeGreaterThan(1000);
  const circles = files.filter((file) =>
    importsOnDisk(file).some((next) => wayTo(file, next, importsOnDisk) !== null),
  );
  expect(circles.map((file) => relative(root, file))).toEqual([]);
});
