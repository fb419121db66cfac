import { WorkstationError } from '../../preload/contract/errors.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';

export const deleted = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'This question was deleted.',
    'Bring it back first: undo that it was deleted, then ask again.',
  );

export const frameMismatch = (index: FrameIndex): WorkstationError =>
  new WorkstationError(
    'frame-mismatch',
    `Frame ${index} is not the picture that the question is about: it decodes to another one now.`,
    'Nothing was asked. Look at the frame as it is shown now, then ask again; the question is kept.',
  );

/** `how` says what a person can do in the window or command that writes the answer, such as `Stop it there.` */
export const elsewhere = (how: string): WorkstationError =>
  new WorkstationError('not-found', 'This answer is written by another workstation or command.', how);

export const begunAlready = (): WorkstationError =>
  new WorkstationError(
    'busy',
    'The model answers this question already, so it can’t be put off.',
    'Let it end, or stop it and ask again later.',
  );

/** For a question during which the workstation ended again and again, so that it is not tried for ever. */
export const givenUp = (attempts: number): WorkstationError =>
  new WorkstationError(
    'engine-lost',
    `The workstation ended ${attempts} times while this was being answered, so it was given up.`,
    'Ask again if you like. If it ends again, choose a smaller model, or one in fewer bits: memory may have run out.',
  );
