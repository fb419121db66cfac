import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { BinItem } from '../../preload/contract/library.ts';
import type { SessionSummary } from '../../preload/contract/domain.ts';
import { temporaryFolder } from '../store/helpers.ts';

const entry = resolve(import.meta.dirname, '../../main/hosts/cli/index.ts');
const database = resolve(import.meta.dirname, '../fixtures/store/schema-13.db');

it('cases and sessions are deleted, listed in the bin with who did it, renamed and restored on the command line', () => {
  const home = temporaryFolder();
  cpSync(database, join(home, 'workstation.db'));
  const cli = (...args: string[]) =>
    spawnSync(process.execPath, [entry, ...args, '--home', home], { encoding: 'utf8' });
  const json = <T>(...args: string[]): T =>
    JSON.parse(
      cli(...args, '--json')
        .stdout.trim()
        .split('\n')
        .at(-1) ?? '{}',
    ) as T;
  const { sessions } = json<{ sessions: SessionSummary[] }>('sessions');
  const [session] = sessions;
  if (session === undefined) throw new Error('the database has no session');

  expect(cli('sessions', 'rename', session.id, 'Second look').status).toBe(0);
  expect(cli('sessions').stdout).toContain('“Second look”');
  expect(cli('case', 'delete', session.caseId).stdout).toContain('is in the bin');
  const left = json<{ sessions: SessionSummary[] }>('sessions').sessions;
  expect(left).toHaveLength(sessions.filter(({ caseId }) => caseId !== session.caseId).length);
  const listed = cli('bin');
  expect(listed.stdout).toMatch(
    new RegExp(`${session.caseId}  .*case ${session.casePseudonym}, with .*, by `),
  );
  const { bin } = json<{ bin: BinItem[] }>('bin');
  expect(bin).toMatchObject([{ kind: 'case', caseId: session.caseId }]);
  // Nothing is done in it, but its way back.
  expect(cli('case', 'rename', session.caseId, 'Other').status).toBe(2);
  expect(cli('sessions', 'restore', session.id).stdout).toContain('The session is back');
  expect(json<{ sessions: SessionSummary[] }>('sessions').sessions).toHaveLength(sessions.length);
  expect(cli('bin').stdout).toContain('The bin is empty');
  expect(cli('audit', 'verify').status).toBe(0);
});
