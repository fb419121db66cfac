import type { Command } from 'commander';
import {
  CaseId,
  WorkstationError,
  type BinItem,
  type CallsInContext,
  type Case,
  type LibraryCommand,
  type SessionId,
} from '../../../../preload/contract/index.ts';
import { act, type CommandContext } from '../command.ts';
import { parseSessionId } from './sessions.ts';

/** What lies in the bin, and how it comes back. */
export function addBin(program: Command): void {
  act(
    program
      .command('bin')
      .description('list what was deleted: cases and sessions, each of which can come back'),
    async ({ output, workstation }) => {
      const { calls } = await workstation();
      const items = await calls.listBin({});
      const names = new Map((await calls.listActors({})).map(({ id, name }) => [id, name]));
      if (items.length === 0) output.line('The bin is empty.');
      for (const item of items) {
        const when = new Date(item.deletedAt).toISOString().slice(0, 16).replace('T', ' ');
        const who = item.deletedBy === null ? '' : `, by ${names.get(item.deletedBy) ?? item.deletedBy}`;
        output.line(`${idOf(item)}  ${when}  ${itemInWords(item)}${who}`);
      }
      if (items.length > 0) output.line('Restore with "case restore" or "sessions restore".');
      output.result({ bin: items });
    },
  );
}

const idOf = (item: BinItem): string => (item.kind === 'case' ? item.caseId : item.sessionId);

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function itemInWords(item: BinItem): string {
  const held = countOf(item.questions, 'question');
  if (item.kind === 'case') {
    return `case ${item.casePseudonym}, with ${countOf(item.sessions, 'session')} and ${held}`;
  }
  const name = item.sessionName === null ? '' : `, ${item.sessionName}`;
  return `session ${item.sessionNumber} of ${item.casePseudonym}${name}, with ${held}`;
}

/** Adds `rename`, `delete` and `restore` to the command of cases. */
export function addCaseChanges(cases: Command): void {
  act<object, [string, string]>(
    cases
      .command('rename')
      .description('give a case another name; a pseudonym, never the patient’s')
      .argument('<case>', 'id of the case, as "case list" prints it')
      .argument('<name>', 'its new name'),
    async ({ output, workstation }, _options, given, pseudonym) => {
      const { calls } = await workstation();
      const sessionId = await lastSessionOf(calls, parseCaseId(given));
      const named = { caseId: parseCaseId(given), pseudonym, ...(sessionId !== null && { sessionId }) };
      const renamed = await calls.renameCase(named);
      output.line(`The case is called ${renamed.pseudonym} now.`);
      output.result({ case: renamed });
    },
  );
  const change = (name: 'delete' | 'restore', description: string, said: string): void => {
    act<object, [string]>(
      cases.command(name).description(description).argument('<case>', 'id of the case'),
      async (context, _options, given) => {
        const caseId = parseCaseId(given);
        const { calls } = await context.workstation();
        const doneIn = await lastSessionOf(calls, caseId);
        await apply(context, { name: `case.${name}`, caseId }, { doneIn, said });
      },
    );
  };
  change(
    'delete',
    'move a case to the bin, with all that was asked and marked in it; its files are not touched',
    'The case is in the bin. “case restore” brings it back.',
  );
  change('restore', 'take a case out of the bin, as it was', 'The case is back.');
}

/** Adds `rename`, `delete` and `restore` to the command of sessions. */
export function addSessionChanges(sessions: Command): void {
  const argument = 'id of the session, as "sessions" or "bin" prints it';
  act<object, [string, string]>(
    sessions
      .command('rename')
      .description('give a session a name beside its number; an empty one takes it away')
      .argument('<session>', argument)
      .argument('<name>', 'its name'),
    async (context, _options, given, title) => {
      const sessionId = parseSessionId(given);
      const said = title.trim() === '' ? 'The session has its number alone now.' : 'The session is renamed.';
      await apply(context, { name: 'session.rename', sessionId, title }, { doneIn: sessionId, said });
    },
  );
  const change = (name: 'delete' | 'restore', description: string, said: string): void => {
    act<object, [string]>(
      sessions.command(name).description(description).argument('<session>', argument),
      async (context, _options, given) => {
        const sessionId = parseSessionId(given);
        await apply(context, { name: `session.${name}`, sessionId }, { doneIn: sessionId, said });
      },
    );
  };
  change(
    'delete',
    'move a session to the bin, with all that was asked and marked in it',
    'The session is in the bin. “sessions restore” brings it back.',
  );
  change(
    'restore',
    'take a session out of the bin, and its case where that lies there',
    'The session is back.',
  );
}

async function apply(
  { output, workstation }: CommandContext,
  command: LibraryCommand,
  { doneIn, said }: { doneIn: SessionId | null; said: string },
): Promise<void> {
  const { calls } = await workstation();
  const { change } = await calls.applyToLibrary({ command, ...(doneIn !== null && { doneIn }) });
  output.line(change === null ? 'Nothing was changed: it is so already.' : said);
  output.result({ change });
}

/** The session of a case that was changed last, where a window takes back what was done; null where there is none. */
async function lastSessionOf(calls: CallsInContext, caseId: CaseId): Promise<SessionId | null> {
  const sessions = await calls.listSessions({});
  return sessions.find((session) => session.caseId === caseId)?.id ?? null;
}

/** All cases, those in the bin among them. */
export async function casesAndBin(calls: CallsInContext): Promise<Pick<Case, 'id' | 'pseudonym'>[]> {
  const bin = await calls.listBin({});
  const binned = bin.flatMap((item) =>
    item.kind === 'case' ? [{ id: item.caseId, pseudonym: item.casePseudonym }] : [],
  );
  return [...(await calls.listCases({})), ...binned];
}

function parseCaseId(given: string): CaseId {
  const parsed = CaseId.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new WorkstationError(
    'invalid-input',
    `"${given}" is no case.`,
    'The command `case list` lists them.',
  );
}
