import { spawnSync } from 'node:child_process';
import { existsSync, truncateSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addReview } from '../store/filled.ts';
import { open, temporaryFolder } from '../store/helpers.ts';
import { day, noon } from '../store/rows.ts';

const entry = resolve(import.meta.dirname, '../../main/hosts/cli/index.ts');

function cli(home: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args, '--json', '--home', home], {
    encoding: 'utf8',
  });
  return { status, stderr, result: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as unknown };
}

/** A data folder whose database was emptied after its backup was written. */
function emptied(): { home: string; name: string } {
  const home = temporaryFolder();
  const store = open(home);
  addReview(store, 'old', 3);
  store.close();
  const next = open(home, { at: noon + day });
  const name = next.backups()[0]?.name ?? '';
  next.close();
  truncateSync(join(home, 'workstation.db'), 0);
  return { home, name };
}

describe('backups on the command line', () => {
  it('an emptied database is said by every command, its backup is listed and restored', () => {
    const { home, name } = emptied();
    const before = cli(home, 'sessions');
    expect(before.result).toEqual({ sessions: [], recordings: [] });
    expect(before.stderr).toContain('1 case, 1 session, 3 questions and 3 answers');
    expect(before.stderr).toContain('"backups restore"');

    expect(cli(home, 'backups', 'list').result).toMatchObject({
      present: { questions: 0 },
      backups: [{ name, content: { cases: 1, sessions: 1, questions: 3, answers: 3 }, holdsMore: true }],
    });
    const restored = cli(home, 'backups', 'restore', name);
    expect(restored).toMatchObject({ status: 0, result: { restored: name, present: { questions: 3 } } });
    const { movedTo } = restored.result as { movedTo: string };
    expect(existsSync(join(home, 'backups', movedTo))).toBe(true);

    const after = cli(home, 'sessions');
    expect(after.result).toMatchObject({ sessions: [{ questionCount: 3 }] });
    expect(after.stderr).toBe('');
  });

  it('a database that is kept as it is, is no longer spoken of', () => {
    const { home } = emptied();
    expect(cli(home, 'backups', 'keep').status).toBe(0);
    expect(cli(home, 'sessions').stderr).toBe('');
  });

  it.each([
    ['../workstation.db', 2],
    ['workstation-000007-20261122T120000Z.db', 2],
  ])('the name %s is refused', (name, status) => {
    const { home } = emptied();
    const refused = cli(home, 'backups', 'restore', name);
    expect(refused.status).toBe(status);
    expect(refused.result).toMatchObject({ error: { hint: expect.any(String) as string } });
  });
});
