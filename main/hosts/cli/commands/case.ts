import type { Command } from 'commander';
import { act } from '../command.ts';
import { addCaseChanges } from './bin.ts';
import { addCaseRecordings } from './case-recordings.ts';

export function addCase(program: Command): void {
  const cases = program.command('case').description('the cases in the data folder, and their recordings');

  act(cases.command('list').description('list the cases'), async ({ output, workstation }) => {
    const found = await (await workstation()).calls.listCases({});
    if (found.length === 0) output.line('There are no cases yet.');
    for (const { id, pseudonym } of found) output.line(`${id}  ${pseudonym}`);
    output.result({ cases: found });
  });

  addCaseChanges(cases);

  addCaseRecordings(cases);
}
