import type { Command } from 'commander';
import {
  commandInWords,
  Erasure,
  RecordHead,
  WorkstationError,
  type Case,
  type Change,
} from '../../../../preload/contract/index.ts';
import { act } from '../command.ts';
import { casesAndBin } from './bin.ts';

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
    async ({ output, workstation, signal }) => {
      const { calls, listChanges } = await workstation();
      const actors = await calls.listActors({});
      const names = new Map(actors.map(({ id, name }) => [id, name]));
      const changes = await listChanges(signal);
      const whoOf = ({ actor }: Change): string => names.get(actor) ?? actor;
      const erasures = erasuresIn(changes);
      for (const change of changes) {
        const erasure = erasures.get(change.seq);
        const erased =
          erasure === undefined
            ? ''
            : ` (erased by ${whoOf(erasure.by)} on ${moment(erasure.by.at)}: ${erasure.reason})`;
        output.line(
          `${String(change.seq).padStart(6)}  ${moment(change.at)}  ${whoOf(change)}  ${inWords(change)}${erased}`,
        );
      }
      if (changes.length === 0) output.line('Nothing was recorded yet.');
      // What leaves for a file names nobody: an id says nothing outside of the data folder.
      output.result({ changes, actors: actors.map(({ id, kind }) => ({ id, kind })) });
    },
  );

  addErase(audit);
}

interface EraseOptions {
  case: string;
  reason: string;
  yes?: boolean;
}

function addErase(audit: Command): void {
  act<EraseOptions, []>(
    audit
      .command('erase')
      .description(
        'erase what the record says of a case, as when a patient withdraws; that it was said stays',
      )
      .requiredOption('--case <case>', 'by its id, or by its name where no other case has it')
      .requiredOption('--reason <text>', 'why; it is kept in the record')
      .option('--yes', 'erase, which can’t be undone'),
    async ({ output, window, workstation }, options) => {
      const reason = Erasure.shape.reason.safeParse(options.reason.trim());
      if (!reason.success) {
        throw new WorkstationError(
          'invalid-input',
          'The reason must have between 1 and 500 characters.',
          'Nothing was erased. Give it in a sentence that names no patient.',
        );
      }
      const { calls, countErasable, eraseFromRecord, localActor } = await workstation();
      const { id: caseId, pseudonym } = caseNamed(await casesAndBin(calls), options.case);
      const count = countErasable(caseId);
      const changes = count === 1 ? '1 change' : `${count} changes`;
      if (count > 0 && options.yes !== true) {
        throw new WorkstationError(
          'invalid-input',
          `This erases for good what ${changes} of the case “${pseudonym}” say: names, questions and verdicts as they were.`,
          'Nothing was erased. Add --yes to erase it.',
        );
      }
      const by = { actor: localActor.id, window };
      const { changes: erased, pictures } = await eraseFromRecord(by, { caseId, reason: reason.data });
      const { backups } = await calls.listBackups({});
      const check = await calls.checkRecord({ sinceLast: false });
      output.line(
        `Erased what ${changes} of the case “${pseudonym}” said. Who made them, when, and their digests stay.`,
      );
      output.line(
        check.ok ? 'The record is whole.' : `The record is not as it was written. ${check.reason ?? ''}`,
      );
      if (pictures.removed > 0) {
        output.line(
          `Removed ${pictures.removed === 1 ? '1 kept picture' : `${pictures.removed} kept pictures`} of its frames. Those that answers of other cases are about stay.`,
        );
      }
      if (pictures.left > 0) {
        output.line(
          `${pictures.left} of its kept pictures could not be removed: see the permissions of the folder pictures, and remove them by hand.`,
        );
      }
      output.line('The case itself, with its questions and answers as they are now, was not touched.');
      if (backups.length > 0) {
        output.line(
          'These backups were written before and still hold it; remove them where that must not be:',
        );
        for (const { name } of backups) output.line(`  backups/${name}`);
      }
      output.result({ caseId, erased, pictures, backups: backups.map(({ name }) => name), record: check });
      return check.ok ? 0 : 5;
    },
  );
}

const kinds = { do: '', record: '', undo: 'undone: ', redo: 'done again: ' } as const;

const inWords = (change: Change): string =>
  change.command.endsWith('.refused')
    ? `${commandInWords(change)}: change ${change.target}`
    : `${kinds[change.kind]}${commandInWords(change)}`;

const moment = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');

/** Of each change whose edits were erased: the change that erased them, and why. */
function erasuresIn(changes: readonly Change[]): Map<number, { by: Change; reason: string }> {
  const erasures = new Map<number, { by: Change; reason: string }>();
  for (const by of changes.filter(({ command }) => command === 'record.erase')) {
    for (const edit of by.edits ?? []) {
      if (edit.entity === 'erasure' && edit.after !== null) {
        erasures.set(edit.after.seq, { by, reason: edit.after.reason });
      }
    }
  }
  return erasures;
}

type NamedCase = Pick<Case, 'id' | 'pseudonym'>;

/** The case that is named by its id, or by its name where there is one of it. Throws `invalid-input`. */
function caseNamed(cases: readonly NamedCase[], given: string): NamedCase {
  const found = cases.filter(({ id, pseudonym }) => id === given || pseudonym === given.trim());
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  const listed = (found.length === 0 ? cases : found).map(({ id, pseudonym }) => `${id} (${pseudonym})`);
  throw new WorkstationError(
    'invalid-input',
    found.length === 0 ? 'There is no case of this name or id.' : 'Several cases have this name.',
    listed.length === 0
      ? 'This data folder has no cases: see --home.'
      : `Nothing was erased. Give one of these by its id: ${listed.join(', ')}.`,
  );
}
