import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineEnvironment } from './environment.ts';

/** A process that runs the engine, whoever started it. */
export interface EngineChild {
  readonly pid: number | undefined;
  /** Sends a structured-clonable message. To a process that has ended, it does nothing: `onExit` tells. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, with the reason in words. */
  onExit(listener: (reason: string) => void): void;
  /** Ends the process at once, whatever it is doing. */
  kill(): void;
}

/**
 * Starts the engine's process from its entry file. Node's fork by default; Electron's main process passes one
 * made of `utilityProcess.fork`, whose children answer on `process.parentPort`.
 */
export type StartEngine = (entry: string, log: (line: string) => void) => EngineChild;

export const startWithNode: StartEngine = (entry, log) => {
  const child = fork(entry, [], {
    // Structured clone, so that pixels go over as bytes.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // None of this process's own flags are passed on, because those of a test runner or a debugger would not suit the
    // child.
    execArgv: [],
    env: engineEnvironment(),
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() !== '') log(line.slice(0, 500));
    });
  }
  let ended = false;
  const exitListeners: ((reason: string) => void)[] = [];
  const end = (reason: string): void => {
    if (ended) return;
    ended = true;
    for (const listener of exitListeners) listener(reason);
  };
  // This waits for `close` and not for `exit`, so that the child's last output is heard first.
  child.on('close', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.on('error', (error) => {
    log(`engine process: ${error.message}`);
    if (child.pid === undefined) end(`it could not be started: ${error.message}`);
  });
  return {
    pid: child.pid,
    send: (message) => {
      if (ended || !child.connected) return;
      child.send(message as object, (error) => {
        if (error) log(`engine process: a message was not delivered: ${error.message}`);
      });
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => exitListeners.push(listener),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
};
