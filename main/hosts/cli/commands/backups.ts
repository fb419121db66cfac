import type { Command } from 'commander';
import {
  BackupName,
  contentInWords,
  WorkstationError,
  type BackupEntry,
  type KeptPicturesSum,
} from '../../../../preload/contract/index.ts';
import { bytesInWords } from '../../../platform/bytes-in-words.ts';
import { act } from '../command.ts';

const moment = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** What no backup holds, and how much room it takes. */
const picturesInWords = ({ count, bytes }: KeptPicturesSum): string =>
  `Beside it lie the pictures of ${count === 1 ? '1 frame' : `${count} frames`} that were asked about (${bytesInWords(bytes)}), which no backup holds.`;

const describe = ({ name, writtenAt, content, holdsMore }: BackupEntry): string =>
  `${name}  ${moment(writtenAt)}  ` +
  (content === null
    ? 'can’t be read'
    : `${contentInWords(content)}${holdsMore ? '; holds what the database does not hold' : ''}`);

export function addBackups(program: Command): void {
  const backups = program
    .command('backups')
    .description('look at the backups of the database, and go back to one');

  act(
    backups.command('list').description('list them with what each holds, newest first'),
    async ({ output, workstation }) => {
      const list = await (await workstation()).calls.listBackups({});
      output.line(`The database holds ${contentInWords(list.present)}.`);
      if (list.keptPictures.count > 0) output.line(picturesInWords(list.keptPictures));
      if (list.backups.length === 0) output.line('There are no backups yet.');
      for (const entry of list.backups) output.line(describe(entry));
      output.result(list);
    },
  );

  act<object, [string]>(
    backups
      .command('restore')
      .description('go on with a backup; the database as it is now becomes a backup itself')
      .argument('<name>', 'as "backups list" shows it'),
    async ({ output, workstation }, _options, given) => {
      const name = BackupName.safeParse(given);
      if (!name.success) {
        throw new WorkstationError(
          'invalid-input',
          'This is no name of a backup.',
          'Give a name as "backups list" shows it.',
        );
      }
      const { calls } = await workstation();
      const { movedTo } = await calls.restoreBackup({ name: name.data });
      const { present } = await calls.listBackups({});
      output.line(`Restored. The database now holds ${contentInWords(present)}.`);
      output.line(`As it was before, it is kept as ${movedTo}.`);
      output.result({ restored: name.data, movedTo, present });
    },
  );

  act(
    backups
      .command('keep')
      .description('go on with the database as it is, and no longer be told of backups that hold more'),
    async ({ output, workstation }) => {
      await (await workstation()).calls.keepDatabase({});
      output.line('The database is kept as it is. Its backups stay where they are.');
      output.result({ kept: true });
    },
  );
}
