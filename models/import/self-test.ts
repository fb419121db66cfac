import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ModelRunner, openModelDirectory } from '../../main/inference/index.ts';
import { checkThatModelSees } from '../../main/inference/answer/vision-self-test.ts';
import { errorCodes, throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { ErrorReport } from '../../preload/contract/errors.ts';

/** Null: the model sees. */
export type SelfTestReply = ErrorReport | null;

/**
 * Opens a model on the CPU in a process of its own, which may run out of memory without harm to this one, and
 * looks whether its output changes with the picture.
 *
 * @throws WorkstationError `model-mismatch` for a blind or broken model; `out-of-memory` where the process is
 *   ended by the system; `cancelled`
 */
export async function testThatModelSees(directory: string, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  const child = fork(fileURLToPath(new URL('./self-test-process.ts', import.meta.url)), [directory], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const stop = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const reply = await new Promise<SelfTestReply | undefined>((resolve, reject) => {
      let received: SelfTestReply | undefined;
      child.once('message', (message) => {
        received = message as SelfTestReply;
      });
      child.once('error', reject);
      child.once('close', () => {
        resolve(received);
      });
    });
    throwIfAborted(signal);
    if (reply === null) return;
    if (reply && errorCodes.includes(reply.code)) {
      throw new WorkstationError(reply.code, reply.message, reply.hint);
    }
    throw new WorkstationError(
      'out-of-memory',
      `The imported model could not be opened for its self-test (${child.signalCode ?? `exit code ${child.exitCode}`}).`,
      'Close other programs and import again, which goes on with the test; or import as int4, which takes least memory.',
    );
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * The same in this process, for one that is there for the import alone.
 *
 * @throws WorkstationError `model-mismatch` for a blind or broken model, and what opening it does
 */
export async function openAndLook(directory: string, signal?: AbortSignal): Promise<void> {
  const model = await openModelDirectory(directory, signal ? { signal } : {});
  const runner = await ModelRunner.open(model, { device: 'cpu' });
  try {
    await checkThatModelSees(runner);
  } finally {
    await runner.dispose();
  }
}
