import { expect, it } from 'vitest';
import { explainExit } from '../../main/inference/processes/process-exit.ts';
import type { EngineChild } from '../../main/inference/processes/start-process.ts';
import { EngineProcess, StopOverdue } from '../../main/inference/engine/engine-link.ts';
import type { FromEngine, ToEngine } from '../../main/inference/messages.ts';
import { usualWatchLimits } from '../../main/inference/engine/engine-watch.ts';

/** The far end of the messages, for orders of them that a real process takes only by chance. */
class Messages implements EngineChild {
  readonly pid = undefined;
  readonly asked: ToEngine[] = [];
  killed = false;
  tell: (message: FromEngine) => void = () => undefined;

  send(message: unknown): void {
    this.asked.push(message as ToEngine);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.tell = listener;
  }

  onExit(): void {}

  kill(): void {
    this.killed = true;
  }
}

const question = {
  frame: { rgb: new Uint8Array(3), width: 1, height: 1, hash: 'a' },
  question: 'Where?',
  settings: {},
  reproducible: false,
  onlyTaught: false,
  onlyLike: false,
};
const options = { hardStopMilliseconds: 20, onText: () => undefined };

it('the limits follow the work also when the call that it was told to has been given up', async () => {
  const child = new Messages();
  const engine = new EngineProcess({
    start: () => child,
    log: () => undefined,
    limits: {
      ...usualWatchLimits,
      // Decoding may take long, reading a prompt no time at all.
      runSeconds: { ...usualWatchLimits.runSeconds, preprocess: 0.9, prefill: 0.9, decode: 1000 },
      memoryCeilingBytes: 2 ** 40,
    },
  });
  const stop = new AbortController();
  const first = engine.ask(question, { ...options, signal: stop.signal });
  const second = engine.ask(question, options);
  second.catch(() => undefined);
  stop.abort();
  await expect(first).rejects.toBeInstanceOf(StopOverdue);
  const id = child.asked[0]!.id;
  child.tell({ type: 'phase', id, phase: 'decode' });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(child.killed).toBe(false);
  expect(engine.alive).toBe(true);
  engine.end();
});

it.each([
  ['signal SIGKILL', 'outside'],
  ['signal SIGTERM', 'outside'],
  ['exit code 9', 'outside'],
  ['exit code 137', 'outside'],
  ['signal SIGSEGV', 'runtime'],
  ['exit code 3221225477', 'runtime'],
  ['exit code 3221225495', 'memory'],
  ['exit code 1', 'unknown'],
  ['it could not be started: ended from outside', 'unknown'],
] as const)('%s is told as the doing of: %s', (reason, cause) => {
  expect(explainExit(reason).cause).toBe(cause);
});
