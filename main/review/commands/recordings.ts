import { isDeepStrictEqual } from 'node:util';
import type { Edit } from '../../../preload/contract/changes.ts';
import type { RecordingCommand } from '../../../preload/contract/commands.ts';
import type { CaseRecording } from '../../../preload/contract/domain.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { isSameEye } from '../../../preload/contract/stereo.ts';
import type { VideoId } from '../../../preload/contract/values.ts';

/**
 * Plans the edits of a command on the recordings of a case, which `present` gives in their order; none if it would change
 * nothing.
 *
 * @throws WorkstationError `invalid-input` with what is wrong, `changed-since` if an order does not name the present ones
 */
export function planRecordings(present: readonly CaseRecording[], command: RecordingCommand): Edit[] {
  if (command.name === 'recording.choose-eye') return eyeChoice(present, command);
  if (command.name === 'recording.set-start') return stating(present, command);
  return command.name === 'recording.remove'
    ? removal(present, command.videoId)
    : reordering(present, command.videoIds);
}

function eyeChoice(
  present: readonly CaseRecording[],
  { videoId, eye }: Extract<RecordingCommand, { name: 'recording.choose-eye' }>,
): Edit[] {
  const before = present.find((recording) => recording.videoId === videoId);
  if (before === undefined) throw notInCase();
  if (isSameEye(before.eye, eye)) return [];
  return [{ entity: 'recording', id: videoId, before, after: { ...before, eye } }];
}

function stating(
  present: readonly CaseRecording[],
  { videoId, start }: Extract<RecordingCommand, { name: 'recording.set-start' }>,
): Edit[] {
  const before = present.find((recording) => recording.videoId === videoId);
  if (before === undefined) throw notInCase();
  if (start !== null && 'gapSeconds' in start && present[0]?.videoId === videoId) throw nothingBefore();
  if (isDeepStrictEqual(before.start ?? null, start)) return [];
  return [{ entity: 'recording', id: videoId, before, after: { ...before, start } }];
}

function removal(present: readonly CaseRecording[], videoId: VideoId): Edit[] {
  const before = present.find((recording) => recording.videoId === videoId);
  if (before === undefined) throw notInCase();
  if (present.length === 1) throw lastOfCase();
  return [{ entity: 'recording', id: videoId, before, after: null }];
}

/** Gives the recordings the places 1, 2, 3 and so on in the given order, with edits only for those whose place changes. */
function reordering(present: readonly CaseRecording[], order: readonly VideoId[]): Edit[] {
  if (new Set(order).size !== order.length) throw namedTwice();
  const byId = new Map(present.map((recording) => [recording.videoId, recording]));
  if (order.length !== present.length || !order.every((id) => byId.has(id))) throw otherRecordings();
  return order.flatMap((id, index): Edit[] => {
    const before = byId.get(id);
    if (before === undefined || before.place === index + 1) return [];
    return [{ entity: 'recording', id, before, after: { ...before, place: index + 1 } }];
  });
}

const notInCase = (): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'This recording is not one of the case’s: it belongs to another one, or was taken out.',
    'Look at the case’s recordings as they are now. Nothing was changed.',
  );

const nothingBefore = (): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'This is the first recording of the case, so there is no gap before it.',
    'State when it began, or order the recordings first. Nothing was changed.',
  );

const lastOfCase = (): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'This is the only recording of the case, so it stays.',
    'Add another one first, then take this one out.',
  );

const namedTwice = (): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'The order names a recording twice.',
    'Name every recording of the case once. Nothing was changed.',
  );

const otherRecordings = (): WorkstationError =>
  new WorkstationError(
    'changed-since',
    'The order does not name the recordings that the case has now: one was added or taken out, or is of another case.',
    'Look at the case’s recordings as they are now, then order them again. Nothing was changed.',
  );
