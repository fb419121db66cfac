import { InvalidArgumentError, type Command } from 'commander';
import {
  CaseId,
  VideoId,
  WorkstationError,
  type SessionId,
  type Video,
} from '../../../../preload/contract/index.ts';
import type { CommandLineWorkstation } from '../../hosted.ts';
import { act } from '../command.ts';
import type { Output } from '../output.ts';
import { addCaseChanges } from './bin.ts';
import { recordingInWords, streamOption, type StreamOption } from '../stream-option.ts';

export function addCase(program: Command): void {
  const cases = program.command('case').description('the cases in the data folder, and their recordings');

  act(cases.command('list').description('list the cases'), async ({ output, workstation }) => {
    const found = await (await workstation()).calls.listCases({});
    if (found.length === 0) output.line('There are no cases yet.');
    for (const { id, pseudonym } of found) output.line(`${id}  ${pseudonym}`);
    output.result({ cases: found });
  });

  addCaseChanges(cases);

  const recordings = cases
    .command('recordings')
    .description('the recordings of a case, in its order; what is changed here can be undone in the window');

  act<object, [CaseId]>(
    recordings
      .command('list')
      .description('list them')
      .argument('<case>', 'id of the case, as "case list" prints it', caseId),
    async ({ output, workstation }, _options, id) => {
      tell(output, await (await workstation()).calls.listRecordings({ caseId: id }));
    },
  );

  act<StreamOption, [CaseId, string]>(
    recordings
      .command('add')
      .description('add a video file, behind the others')
      .argument('<case>', 'id of the case', caseId)
      .argument('<file>', 'video file')
      .addOption(streamOption()),
    async ({ output, workstation }, { stream }, id, file) => {
      const opened = await workstation();
      const { grantId } = await opened.grantPath(file);
      const session = await sessionOf(opened, id);
      await opened.calls.addRecording({
        ...{ caseId: id, grantId },
        ...(stream !== undefined && { streamIndex: stream }),
        ...(session !== null && { sessionId: session }),
      });
      tell(output, await opened.calls.listRecordings({ caseId: id }));
    },
  );

  act<object, [CaseId, VideoId]>(
    recordings
      .command('remove')
      .description('take a recording out of the case; its file stays, and so do the questions about it')
      .argument('<case>', 'id of the case', caseId)
      .argument('<recording>', 'id of the recording', videoId),
    async ({ output, workstation }, _options, id, recording) => {
      const opened = await workstation();
      const sessionId = await anySessionOf(opened, id);
      await opened.calls.apply({ sessionId, command: { name: 'recording.remove', videoId: recording } });
      tell(output, await opened.calls.listRecordings({ caseId: id }));
    },
  );

  act<object, [CaseId, VideoId[]]>(
    recordings
      .command('order')
      .description('put them in another order')
      .argument('<case>', 'id of the case', caseId)
      .argument('<recordings...>', 'ids of all its recordings, in the order that is wanted', videoIds),
    async ({ output, workstation }, _options, id, order) => {
      const opened = await workstation();
      const sessionId = await anySessionOf(opened, id);
      await opened.calls.apply({ sessionId, command: { name: 'recording.reorder', videoIds: order } });
      tell(output, await opened.calls.listRecordings({ caseId: id }));
    },
  );
}

function tell(output: Output, recordings: readonly Video[]): void {
  if (recordings.length === 0) output.line('The case has no recordings.');
  recordings.forEach((recording, index) => {
    const { id, availability } = recording;
    const away = availability === 'available' ? '' : ` (${availability})`;
    output.line(`${String(index + 1).padStart(3)}  ${id}  ${recordingInWords(recording)}${away}`);
  });
  output.result({ recordings });
}

/** The session of a case that was changed last, where a window takes back what was done; null where there is none. */
async function sessionOf({ calls }: CommandLineWorkstation, caseId: CaseId): Promise<SessionId | null> {
  const sessions = await calls.listSessions({});
  return sessions.find((session) => session.caseId === caseId)?.id ?? null;
}

async function anySessionOf(workstation: CommandLineWorkstation, caseId: CaseId): Promise<SessionId> {
  const found = await sessionOf(workstation, caseId);
  if (found !== null) return found;
  const [first] = await workstation.calls.listRecordings({ caseId });
  if (first !== undefined) {
    return (await workstation.calls.startSession({ videoId: first.id })).session.id;
  }
  throw new WorkstationError(
    'invalid-input',
    'The case has no recordings.',
    'Add one: npm run -s cli -- case recordings add <case> <file>',
  );
}

function caseId(text: string): CaseId {
  const parsed = CaseId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('This is no id of a case. See: npm run -s cli -- case list');
}

function videoId(text: string): VideoId {
  const parsed = VideoId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    'This is no id of a recording. See: npm run -s cli -- case recordings list <case>',
  );
}

const videoIds = (text: string, before: VideoId[] | undefined): VideoId[] => [
  ...(before ?? []),
  videoId(text),
];
