import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordCheck } from '../../preload/contract/changes.ts';
import { temporaryFolder } from '../store/helpers.ts';

const entry = resolve(import.meta.dirname, '../../main/hosts/cli/index.ts');
const database = resolve(import.meta.dirname, '../fixtures/store/schema-11.db');

function cli(home: string, ...args: string[]) {
  return spawnSync(process.execPath, [entry, ...args, '--home', home], { encoding: 'utf8' });
}
const json = <T>(home: string, ...args: string[]): { status: number | null; result: T } => {
  const { status, stdout } = cli(home, ...args, '--json');
  return { status, result: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as T };
};

function taken(): string {
  const home = temporaryFolder();
  cpSync(database, join(home, 'workstation.db'));
  return home;
}

describe('the record on the command line', () => {
  it('is listed, is whole, and is held against the head that was kept', () => {
    const home = taken();
    const list = cli(home, 'audit', 'list');
    expect(list.status).toBe(0);
    expect(list.stdout).toContain('Take over a case of an earlier version: “Demonstration”');
    const first = json<RecordCheck>(home, 'audit', 'verify');
    expect(first).toMatchObject({ status: 0, result: { ok: true, changes: 3, broken: null, reason: null } });
    const head = first.result.head ?? '';
    expect(cli(home, 'audit', 'verify', '--head', head).stdout).toContain(`Its head is ${head}`);
    expect(cli(home, 'audit', 'verify', '--head', 'nonsense').status).toBe(2);
    expect(json(home, 'audit', 'list').result).toMatchObject({
      changes: [{ seq: 1, command: 'case.take-over' }, { seq: 2 }, { seq: 3 }],
      actors: [{ id: 'workstation', kind: 'program' }, { kind: 'person' }],
    });
  });

  it('that is not as it was written ends with its own exit code, and names the change', () => {
    const home = taken();
    cli(home, 'audit', 'list');
    const opened = new Database(join(home, 'workstation.db'));
    opened.exec('DROP TRIGGER change_bodies_refuse_update');
    opened.exec(`UPDATE change_bodies SET edits = replace(edits, 'kidney', 'liver') || ' ' WHERE seq = 2`);
    opened.close();
    expect(json(home, 'audit', 'verify')).toEqual({
      status: 5,
      result: {
        ...{ ok: false, changes: 1, broken: 2, head: null },
        reason: 'Change 2: its edits are not the ones that were hashed.',
      },
    });
    expect(cli(home, 'audit', 'verify').stdout).toContain('The record is not as it was written. Change 2');
  });

  it('is erased for a case once that is confirmed, which names who did it, when and why', () => {
    const home = taken();
    cli(home, 'audit', 'list');
    const database = join(home, 'workstation.db');
    const opened = new Database(database);
    const { edits } = opened.prepare('SELECT edits FROM change_bodies WHERE seq = 1').get() as {
      edits: string;
    };
    opened.close();
    const held = edits.slice(0, 60);
    expect(readFileSync(database).includes(held)).toBe(true);

    const erase = ['audit', 'erase', '--case', 'Demonstration', '--reason', 'Withdrawal of 12 November'];
    const asked = cli(home, ...erase);
    expect(asked).toMatchObject({ status: 2 });
    expect(asked.stderr).toMatch(/erases for good what 2 changes of the case “Demonstration” say.*--yes/s);
    expect(cli(home, 'audit', 'erase', '--case', 'Nobody', '--reason', 'x', '--yes').stderr).toMatch(
      /no case of this name.*\(Demonstration\)/s,
    );

    const done = cli(home, ...erase, '--yes');
    expect(done.status).toBe(0);
    expect(done.stdout).toContain('The record is whole.');
    expect(done.stdout).toMatch(/still hold it.*backups\/workstation-\d+/s);
    const list = cli(home, 'audit', 'list').stdout;
    expect(list).toMatch(/^ +1 .*\(erased by \S+ on \d{4}-\d\d-\d\d .*: Withdrawal of 12 November\)$/m);
    expect(readFileSync(database).includes(held)).toBe(false);
  });
});

describe('the recordings of a case on the command line', () => {
  it('are listed, kept from an order that names others, and removed but for the last', () => {
    const home = taken();
    const file = new Database(join(home, 'workstation.db'), { readonly: true });
    const [id, recording] = file.prepare('SELECT case_id, id FROM videos').raw().get() as [string, string];
    file.close();
    const listed = json(home, 'case', 'recordings', 'list', id);
    expect(listed.result).toMatchObject({ recordings: [{ id: recording, availability: 'missing' }] });
    const last = cli(home, 'case', 'recordings', 'remove', id, recording);
    expect([last.status, last.stderr]).toEqual([2, expect.stringContaining('only recording') as string]);
    const start = (...options: string[]) =>
      cli(home, 'case', 'recordings', 'start', id, recording, ...options);
    expect(start('--at', '2026-11-20T08:30:00Z').stdout).toContain('from 00:00:00.000');
    expect(start('--gap', '4:30').stderr).toContain('first recording of the case');
    const strange = cli(home, 'case', 'recordings', 'order', id, recording, 'another');
    expect(strange.stderr).toContain('does not name the recordings that the case has now');
  });
});
