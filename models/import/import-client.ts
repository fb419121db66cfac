import { fileURLToPath } from 'node:url';
import { startWithNode, type StartEngine } from '../../main/inference/index.ts';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import { FromImport, type ImportRequest, type ToImport } from './import-messages.ts';
import type { ImportProgress } from './progress.ts';

export interface RunImportOptions {
  /** How the process is started; Node's fork by default, Electron passes its utility process. */
  start?: StartEngine;
  log?: (line: string) => void;
  signal: AbortSignal;
  onProgress: (progress: ImportProgress) => void;
  /** How long a stop may take before the process is ended by force. What it had done is kept either way. */
  hardStopMilliseconds?: number;
}

/**
 * Imports a checkpoint in a process of its own, self-test included.
 *
 * @throws WorkstationError as `importCheckpoint` does; `out-of-memory` where the system ended the process
 */
export async function runImport(request: ImportRequest, options: RunImportOptions): Promise<ModelManifest> {
  const { start = startWithNode, log = () => undefined, signal, hardStopMilliseconds = 5000 } = options;
  throwIfAborted(signal);
  const child = start(fileURLToPath(new URL('./import-process.ts', import.meta.url)), log);
  let hardStop: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.send({ type: 'cancel' } satisfies ToImport);
    // Nothing stops a run of the self-test but the end of its process.
    hardStop = setTimeout(() => child.kill(), hardStopMilliseconds);
  };
  try {
    return await new Promise<ModelManifest>((resolve, reject) => {
      child.onMessage((received) => {
        const parsed = FromImport.safeParse(received);
        if (!parsed.success) {
          log(`import process: a message does not fit: ${parsed.error.issues[0]?.message ?? 'unknown'}`);
          return;
        }
        const message = parsed.data;
        if (message.type === 'ready') {
          child.send({ type: 'import', request } satisfies ToImport);
          if (signal.aborted) stop();
          else signal.addEventListener('abort', stop, { once: true });
        } else if (message.type === 'progress') options.onProgress(message.progress);
        else if (message.type === 'done') resolve(message.manifest);
        else reject(new WorkstationError(message.error.code, message.error.message, message.error.hint));
      });
      child.onExit((reason) => {
        reject(lost(reason));
      });
    });
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    clearTimeout(hardStop);
    signal.removeEventListener('abort', stop);
    child.kill();
  }
}

function lost(reason: string): WorkstationError {
  return new WorkstationError(
    'out-of-memory',
    `The process that imports the model was ended (${reason}), most likely for want of memory.`,
    'Close other programs and import again, which goes on where this stopped; or import as int4, which takes least.',
  );
}
