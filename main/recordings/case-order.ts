import type { Edit } from '../../preload/contract/changes.ts';
import type { CaseRecording } from '../../preload/contract/domain.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { CaseId } from '../../preload/contract/values.ts';

/** The edit that adds a recording to its case. */
export const addition = (after: CaseRecording): Edit[] => [
  { entity: 'recording', id: after.videoId, before: null, after },
];

/** Refuses a video of another case, because a session reviews the recordings of one case only. */
export function mustBeRecordingOf(session: { caseId: CaseId }, video: { caseId: CaseId }): void {
  if (session.caseId === video.caseId) return;
  throw new WorkstationError(
    'invalid-input',
    'This video belongs to another case than the session.',
    'Open or ask about it in a session of its own case. Nothing was changed.',
  );
}

export const inCaseAlready = (name: string): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `The recording ${name} is in this case already.`,
    'Nothing was added. Choose another file, or another of its picture streams.',
  );

export const takenOut = (name: string): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `The recording ${name} was taken out of this case.`,
    'Nothing was asked. Add it to the case again, by undo or by its file, to ask about it.',
  );
