import { connectToParent } from '../../main/inference/index.ts';
import { stackOf, toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import { asModelError } from '../../main/inference/model/index.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import { ToImport, type FromImport, type ImportRequest } from './import-messages.ts';
import type { ImportProgress } from './progress.ts';

/**
 * Entry of an import in a process of its own: hashing, converting and the self-test at the end keep a processor
 * busy for minutes and may run out of memory, neither of which who asked for it should feel. It may be an Electron
 * utility process, which can start none itself: the self-test happens here.
 */
const port = connectToParent();
const send = (message: FromImport): void => port.send(message);
const controller = new AbortController();

/** A person needs to hear of progress a few times a second; the importer tells of every piece. */
const pauseMilliseconds = 100;

async function run(request: ImportRequest): Promise<void> {
  let toldAt = 0;
  let toldActivity = '';
  const onProgress = (progress: ImportProgress): void => {
    const now = performance.now();
    if (now - toldAt < pauseMilliseconds && progress.activity === toldActivity) return;
    toldAt = now;
    toldActivity = progress.activity;
    send({ type: 'progress', progress });
  };
  try {
    const manifest = await importCheckpoint({
      ...request,
      selfTest: true,
      signal: controller.signal,
      onProgress,
    });
    send({ type: 'done', manifest });
  } catch (error) {
    if (!(error instanceof WorkstationError)) console.error(stackOf(error));
    send({ type: 'failed', error: toErrorReport(asModelError(request.checkpoint, error)) });
  }
}

port.onMessage((received) => {
  const message = ToImport.parse(received);
  if (message.type === 'cancel') controller.abort();
  else void run(message.request);
});
port.onGone(() => process.exit(0));
// Ctrl-C reaches every process of a terminal; when this one ends is for the workstation to say.
process.on('SIGINT', () => undefined);
send({ type: 'ready' });
