import { createInterface } from 'node:readline';
import { utilityProcess } from 'electron';
import { engineEnvironment, type WorkstationOptions } from '../../workstation.ts';

type StartEngine = NonNullable<WorkstationOptions['startEngine']>;

/**
 * The engine, or an import, as Electron's utility process: unlike Node's fork it needs no `ELECTRON_RUN_AS_NODE`, so that
 * the packaged program can have that switched off.
 */
export const startInUtilityProcess: StartEngine = (entry, log) => {
  const child = utilityProcess.fork(entry, [], {
    serviceName: 'Surgery-R1 model',
    stdio: 'pipe',
    env: engineEnvironment(),
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    // By whole lines: some of them are the engine's pulse.
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() !== '') log(line.slice(0, 500));
    });
  }
  let ended = false;
  return {
    get pid() {
      return child.pid;
    },
    send: (message) => {
      if (!ended) child.postMessage(message);
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => {
      child.once('exit', (code) => {
        ended = true;
        listener(`exit code ${code}`);
      });
    },
    kill: () => {
      // `child.kill()` asks; an engine in the middle of a long run doesn't hear.
      if (!ended && child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
    },
  };
};
