import type { Command } from 'commander';
import {
  commandInWords,
  RecordHead,
  WorkstationError,
  type Change,
} from '../../../../preload/contract/index.ts';
import { act, type CommandContext } from '../command.ts';

interface VerifyOptions {
  sinceLast?: boolean;
  head?: string;
}

export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('look at the record of everything that was done, and check that it is as it was written');

  act<VerifyOptions, []>(
    audit
      .command('verify')
      .description('name the first change that is missing or not as it was written, if there is one')
      .option('--since-last', 'only what came after the last check, which is trusted')
      .option('--head <head>', 'a head that an earlier check printed: the record must still go through it'),
    async ({ output, workstation }, { sinceLast = false, head }) => {
      const given = head === undefined ? undefined : RecordHead.safeParse(head);
      if (given?.success === false) {
        throw new WorkstationError(
          'invalid-input',
          'This is no head of a record.',
          'Give one as "audit verify" prints it: a number, a colon and 64 digits and letters.',
        );
      }
      const { calls } = await workstation();
      const check = await calls.checkRecord({ sinceLast, ...(given && { head: given.data }) });
      if (check.ok) {
        output.line(`The record is whole: ${check.changes} changes.`);
        if (check.head !== null) {
          output.line(`Its head is ${check.head}`);
          output.line('Keep that line elsewhere: a later check can be held against it by --head.');
        }
      } else {
        output.line(`The record is not as it was written. ${check.reason ?? ''}`);
        output.line(
          'Nothing was changed. See "audit list" for what was done, and the backups for how it was.',
        );
      }
      output.result(check);
      return check.ok ? 0 : 5;
    },
  );

  act(
    audit.command('list').description('list every change: who did what, when and from which window'),
    async ({ output, workstation }) => {
      const { calls } = await workstation();
      const actors = await calls.listActors({});
      const names = new Map(actors.map(({ id, name }) => [id, name]));
      const changes: Change[] = [];
      for await (const page of pages(calls)) {
        for (const change of page) {
          const when = new Date(change.at).toISOString().slice(0, 19).replace('T', ' ');
          const who = names.get(change.actor) ?? change.actor;
          output.line(`${String(change.seq).padStart(6)}  ${when}  ${who}  ${inWords(change)}`);
        }
        changes.push(...page);
      }
      if (changes.length === 0) output.line('Nothing was recorded yet.');
      // What leaves for a file names nobody: an id says nothing outside of the data folder.
      output.result({ changes, actors: actors.map(({ id, kind }) => ({ id, kind })) });
    },
  );
}

async function* pages(calls: Awaited<ReturnType<CommandContext['workstation']>>['calls']) {
  for (let seq = 0, more = true; more;) {
    const page = await calls.changesSince({ seq });
    yield page.changes;
    seq = page.changes.at(-1)?.seq ?? seq;
    more = page.more;
  }
}

const kinds = { do: '', record: '', undo: 'undone: ', redo: 'done again: ' } as const;

const inWords = (change: Change): string =>
  change.command.endsWith('.refused')
    ? `${commandInWords(change)}: change ${change.target}`
    : `${kinds[change.kind]}${commandInWords(change)}${change.edits === null ? ' (erased)' : ''}`;
