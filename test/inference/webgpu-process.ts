import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JobName, jobs } from './webgpu-jobs.ts';

export interface WhereAndHowLong {
  /** By which the process finds a driver. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the process. */
  readonly signal: AbortSignal;
}

/** Has a job done in a process of its own. @throws with what it wrote, where it ended before. */
export function onWebgpu<Name extends JobName>(
  { environment, signal }: WhereAndHowLong,
  name: Name,
  ...parameters: Parameters<(typeof jobs)[Name]>
): Promise<Awaited<ReturnType<(typeof jobs)[Name]>>> {
  const entry = fileURLToPath(new URL('./webgpu-child.ts', import.meta.url));
  const child = fork(entry, [JSON.stringify([name, parameters])], {
    env: { ...process.env, ...environment },
    execArgv: [],
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => (written = (written + text).slice(-4000)));
  }
  return new Promise((resolve, reject) => {
    child.on('message', (result) => resolve(result as Awaited<ReturnType<(typeof jobs)[Name]>>));
    child.on('error', reject);
    // Listeners of messages are called before that of the end.
    child.on('close', (code, by) => reject(new Error(`${name} ended (${by ?? code}): ${written}`)));
  });
}
