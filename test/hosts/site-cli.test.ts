import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../store/helpers.ts';

const entry = resolve(import.meta.dirname, '../../main/hosts/cli/index.ts');

it('site settings are imported from a file, shown and exported, and a bad file changes nothing', () => {
  const folder = temporaryFolder();
  const cli = (...args: string[]) =>
    spawnSync(process.execPath, [entry, 'site', ...args, '--home', join(folder, 'home')], {
      encoding: 'utf8',
    });
  const given = join(folder, 'given.json');
  const carried = join(folder, 'carried.json');
  writeFileSync(
    given,
    JSON.stringify({ format: 'surgery-r1-site-settings', version: 1, labels: ['Stapler'], name: 'Here' }),
  );
  const looked = cli('import', given, '--dry-run').stdout;
  expect(looked).toContain('Label added: Stapler');
  expect(looked).toContain('Nothing was changed yet.');
  expect(cli('import', given).stdout).toContain('Imported.');
  writeFileSync(given, '{"format": "surgery-r1-site-settings", "version": 2}');
  const bad = cli('import', given);
  expect(bad.status).toBe(2);
  expect(bad.stderr).toContain('written by a newer program');
  expect(cli('export', carried).status).toBe(0);
  expect(JSON.parse(readFileSync(carried, 'utf8'))).toMatchObject({ labels: ['Stapler'], name: 'Here' });
  expect(cli('show').stdout).toMatch(/Labels {4}Stapler/);
});
