import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  mustFitAsSiteFile,
  siteDifferenceInWords,
  siteFileText,
  WorkstationError,
  type SiteSettings,
} from '../../../../preload/contract/index.ts';
import { reasonInWords } from '../../../platform/file-errors.ts';
import { act } from '../command.ts';
import { writeNamedFile } from '../picture.ts';

/** What the site agreed on: shown, written to a file, and read from one. */
export function addSite(program: Command): void {
  const site = program
    .command('site')
    .description('the settings of the site: labels, questions, segment names, reasons, thresholds');

  act(site.command('show').description('show them'), async ({ output, workstation }) => {
    const { calls } = await workstation();
    const now = await calls.getSiteSettings({});
    for (const line of inLines(now.settings)) output.line(line);
    output.line(now.sha256 === null ? 'Nothing is set here yet.' : `Hash      ${now.sha256}`);
    output.result(now);
  });

  act<object, [string]>(
    site.command('export').description('write them to a file').argument('<file>', 'JSON file to write'),
    async ({ output, workstation }, _options, file) => {
      const { calls } = await workstation();
      const { settings, sha256 } = await calls.getSiteSettings({});
      const path = await writeNamedFile(file, Buffer.from(siteFileText(settings)));
      output.line(`The site settings are in ${path}`);
      output.result({ file: path, sha256 });
    },
  );

  act<{ dryRun?: boolean }, [string]>(
    site
      .command('import')
      .description('replace them with those of a file, which says first what that changes')
      .argument('<file>', 'JSON file, as “site export” writes it')
      .option('--dry-run', 'only say what would change'),
    async ({ output, workstation }, { dryRun = false }, file) => {
      const text = await readSiteFile(file);
      const { calls } = await workstation();
      const [last] = await calls.listSessions({});
      const imported = await calls.importSiteSettings({
        ...{ text, dryRun },
        // There a window can undo it.
        ...(last !== undefined && { doneIn: last.id }),
      });
      for (const difference of imported.differences) output.line(siteDifferenceInWords(difference));
      output.line(ended(imported.differences.length, dryRun, last !== undefined));
      output.result(imported);
    },
  );
}

function ended(differences: number, dryRun: boolean, undoable: boolean): string {
  if (differences === 0) return 'The file says what is set already: nothing changes.';
  if (dryRun) return 'Nothing was changed yet. Without --dry-run it will be.';
  return `Imported.${undoable ? ' Undo in the session that was opened last takes it back.' : ''}`;
}

function inLines({
  name,
  labels,
  questionSets,
  segmentNames,
  rejectReasons,
  thresholds,
}: SiteSettings): string[] {
  return [
    `Site      ${name === '' ? 'without a name' : name}`,
    `Labels    ${labels.length === 0 ? 'none' : labels.join(', ')}`,
    ...questionSets.flatMap((set) => [
      `Questions ${set.name}`,
      ...set.questions.map((question) => `          ${question}`),
    ]),
    ...segmentNames.map(({ list, names }) => `Segments  ${list}: ${names.join(', ')}`),
    ...rejectReasons.map(({ words, means }) => `Reject    ${words} (${means})`),
    ...(thresholds.unsureBelow === undefined ? [] : [`Unsure    below ${thresholds.unsureBelow}`]),
    ...(thresholds.unlikePictures === undefined ? [] : [`Unlike    pictures: ${thresholds.unlikePictures}`]),
  ];
}

/** Reads the text of a file that a person named, unless it is too large for site settings. */
async function readSiteFile(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw unreadable(file, 'it is no file');
    mustFitAsSiteFile(found.size);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof WorkstationError) throw error;
    throw unreadable(file, reasonInWords(error));
  }
}

const unreadable = (file: string, reason: string): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `${file} can't be read: ${reason}.`,
    'Name a file that “site export” wrote. Nothing was changed.',
  );
