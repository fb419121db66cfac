import { connectToParent, startHeartbeat } from '../../main/inference/processes/index.ts';
import { asModelError } from '../../main/inference/model/index.ts';
import { stackOf, toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import { importPlace, inspectFolder } from './folder-report.ts';
import { describeInPlace } from './in-place-model.ts';
import { ToInspection, type FromInspection, type InspectionRequest } from './inspection-messages.ts';

/**
 * Entry of a process that looks at model folders. Nobody knows what is in a folder before it is looked at: the reading
 * of it may take all memory, never end, or end its process, and the one that the person sees must feel none of that.
 */
const port = connectToParent();
const send = (message: FromInspection): void => port.send(message);

async function look(request: InspectionRequest): Promise<unknown> {
  switch (request.kind) {
    case 'report':
      return inspectFolder(request);
    case 'place': {
      const { modelsFolder, dtype, kind: _kind, ...source } = request;
      return importPlace(source, modelsFolder, dtype);
    }
    case 'in-place':
      return describeInPlace(request);
  }
}

port.onMessage((received) => {
  const { id, request } = ToInspection.parse(received);
  const folder = request.kind === 'place' ? request.checkpoint : request.folder;
  look(request).then(
    (value) => send({ type: 'found', id, value }),
    (error: unknown) => {
      if (!(error instanceof WorkstationError)) console.error(stackOf(error));
      send({ type: 'failed', id, error: toErrorReport(asModelError(folder, error)) });
    },
  );
});
port.onGone(() => process.exit(0));
// Ctrl-C reaches every process of a terminal; when this one ends is for the workstation to say.
process.on('SIGINT', () => undefined);
// It tells of the memory that is taken, also while this thread is busy.
startHeartbeat();
send({ type: 'ready' });
