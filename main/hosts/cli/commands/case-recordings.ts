import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  CaseId,
  VideoId,
  WorkstationError,
  caseTimeOf,
  formatTimecode,
  gapInWords,
  parseTimecode,
  stretchOf,
  type RecordingStart,
  type SessionId,
  type Video,
} from '../../../../preload/contract/index.ts';
import type { CommandLineWorkstation } from '../../hosted.ts';
import { act } from '../command.ts';
import type { Output } from '../output.ts';
import { recordingInWords, streamOption, type StreamOption } from '../stream-option.ts';

/** Adds the commands on the recordings of a case, which are one time. */
export function addCaseRecordings(cases: Command): void {
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

  act<StartOptions, [CaseId, VideoId]>(
    recordings
      .command('start')
      .description('state when a recording began, where its file does not say so or says it wrongly')
      .argument('<case>', 'id of the case', caseId)
      .argument('<recording>', 'id of the recording', videoId)
      .addOption(
        new Option('--at <time>', 'the time of day, such as 2026-11-20T08:30:00').argParser(timeOfDay),
      )
      .addOption(
        new Option(
          '--gap <length>',
          'how long nothing was recorded before it: 4:30, or 270 seconds',
        ).argParser(gapLength),
      )
      .addOption(new Option('--as-filed', 'what the files themselves say')),
    async ({ output, workstation }, options, id, recording) => {
      const start = startOf(options);
      const opened = await workstation();
      const sessionId = await anySessionOf(opened, id);
      await opened.calls.apply({
        sessionId,
        command: { name: 'recording.set-start', videoId: recording, start },
      });
      tell(output, await opened.calls.listRecordings({ caseId: id }));
    },
  );
}

interface StartOptions {
  at?: number;
  gap?: number;
  asFiled?: boolean;
}

function startOf({ at, gap, asFiled }: StartOptions): RecordingStart | null {
  const given = [at, gap, asFiled].filter((option) => option !== undefined);
  if (given.length !== 1) {
    throw new WorkstationError(
      'invalid-input',
      'When the recording began is stated in one way.',
      'Give one of --at, --gap and --as-filed. Nothing was changed.',
    );
  }
  if (at !== undefined) return { at };
  return gap === undefined ? null : { gapSeconds: gap };
}

function timeOfDay(text: string): number {
  const time = Date.parse(text);
  if (Number.isInteger(time) && time >= 0) return time;
  throw new InvalidArgumentError('Write it as 2026-11-20T08:30:00.');
}

function gapLength(text: string): number {
  try {
    return parseTimecode(text).seconds;
  } catch {
    throw new InvalidArgumentError('Write it as H:MM:SS, MM:SS or seconds.');
  }
}

function tell(output: Output, recordings: readonly Video[]): void {
  if (recordings.length === 0) output.line('The case has no recordings.');
  const time = caseTimeOf(recordings);
  recordings.forEach((recording, index) => {
    const { id, availability } = recording;
    const away = availability === 'available' ? '' : ` (${availability})`;
    const stretch = stretchOf(time, id);
    const begins = stretch === null ? '' : `  from ${formatTimecode(stretch.from)}`;
    output.line(`${String(index + 1).padStart(3)}  ${id}  ${recordingInWords(recording)}${away}${begins}`);
    if (stretch !== null && index > 0) output.line(`     ${gapInWords(stretch.gap)}`);
  });
  output.result({ recordings, time });
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
