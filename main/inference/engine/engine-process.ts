import { z } from 'zod';
import { toErrorReport, WorkstationError } from '../../../preload/contract/errors.ts';
import { Answerer } from '../answer/answerer.ts';
import { ToEngine, type FromEngine, type WorkPhase } from '../messages.ts';
import { startHeartbeat } from '../processes/heartbeat.ts';
import { connectToParent } from '../processes/parent-port.ts';
import { DeviceLostError } from '../graphs/watched-graphs.ts';

/**
 * Entry of the engine's own process. A run of a graph blocks this thread, and a crash of the runtime ends this
 * process: neither may touch the one that the person sees. Between runs, the event loop takes messages.
 */

const port = connectToParent();
const send = (message: FromEngine): void => port.send(message);
let answerer: Answerer | null = null;
/** The load or the questions under way. */
const current = new Map<number, AbortController>();
let loading = false;
let phaseTold: WorkPhase | null = null;

async function load(message: Extract<ToEngine, { type: 'load' }>, signal: AbortSignal): Promise<void> {
  await answerer?.dispose();
  answerer = null;
  let lastSent = 0;
  answerer = await Answerer.open({
    directory: message.directory,
    device: message.device,
    ...(message.variant === null ? {} : { variant: message.variant }),
    ...(message.threads === null ? {} : { threads: message.threads }),
    ...(message.cacheFolder === null ? {} : { cacheFolder: message.cacheFolder }),
    troubles: message.troubles,
    onTry: (device) => send({ type: 'trying', id: message.id, device }),
    memoryCeilingBytes: message.memoryCeilingBytes,
    signal,
    onEstimate: (estimate) => send({ type: 'estimate', id: message.id, estimate }),
    onPhase: (phase) => {
      // Sent only when the phase changes: an answer is hundreds of runs of the same kind.
      const [id] = current.keys();
      if (id === undefined || phase === phaseTold) return;
      phaseTold = phase;
      send({ type: 'phase', id, phase });
    },
    onProgress: (activity, fraction) => {
      // Files are hashed in many small pieces; a person needs to hear of it ten times a second at most.
      const now = Date.now();
      if (now - lastSent < 100 && activity === 'Checking the files') return;
      lastSent = now;
      send({ type: 'progress', id: message.id, activity, fraction });
    },
  });
  send({ type: 'loaded', id: message.id, info: answerer.info });
}

async function ask(message: Extract<ToEngine, { type: 'ask' }>, signal: AbortSignal): Promise<void> {
  if (answerer === null) {
    throw new WorkstationError('unavailable', 'No model is loaded.', 'Load a model, then ask again.');
  }
  const result = await answerer.answer(message, {
    signal,
    onText: (raw, shown, generatedTokens) =>
      send({ type: 'text', id: message.id, raw, shown: [...shown], generatedTokens }),
  });
  send({ type: 'answered', id: message.id, result });
}

async function take(message: Exclude<ToEngine, { type: 'cancel' }>): Promise<void> {
  if (loading || (message.type === 'load' && current.size > 0)) {
    throw new WorkstationError('busy', 'The engine is at work.', 'Wait until the answer is finished.');
  }
  const controller = new AbortController();
  current.set(message.id, controller);
  phaseTold = null;
  loading = message.type === 'load';
  try {
    if (message.type === 'load') await load(message, controller.signal);
    else await ask(message, controller.signal);
  } finally {
    current.delete(message.id);
    if (message.type === 'load') loading = false;
  }
}

/** Replies to an invalid message with an error that names the field. */
function refuse(received: unknown, { issues }: z.ZodError): void {
  const issue = `${issues[0]?.path.join('.') ?? 'message'}: ${issues[0]?.message ?? 'unknown'}`;
  console.error(`a message does not fit: ${issue}`);
  const asked = z.object({ id: z.int() }).safeParse(received);
  if (!asked.success) return;
  const error = new WorkstationError(
    'invalid-input',
    `The engine cannot take what it was asked (${issue}).`,
    'Check the question and the frame.',
  );
  send({ type: 'failed', id: asked.data.id, error: error.toReport() });
}

port.onMessage((received) => {
  const parsed = ToEngine.safeParse(received);
  if (!parsed.success) {
    refuse(received, parsed.error);
    return;
  }
  const message = parsed.data;
  if (message.type === 'cancel') {
    current.get(message.id)?.abort();
    return;
  }
  take(message).catch((error: unknown) => {
    if (error instanceof DeviceLostError) {
      send({ type: 'device-lost', id: message.id, device: error.device, reason: error.reason });
      return;
    }
    if (!(error instanceof WorkstationError)) console.error(error);
    send({ type: 'failed', id: message.id, error: toErrorReport(error) });
  });
});
port.onGone(() => process.exit(0));
// Ctrl-C in a terminal reaches every process; the workstation decides when this one ends.
process.on('SIGINT', () => undefined);
startHeartbeat();
setInterval(() => send({ type: 'heartbeat', residentBytes: process.memoryUsage.rss() }), 1000);
send({ type: 'ready' });
