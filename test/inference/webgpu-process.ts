import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JobName, jobs } from './webgpu-jobs.ts';

/** Has a job done in a process that finds a driver by its environment. @throws with what it wrote, where it ended. */
export function onWebgpu<Name extends JobName>(
  environment: Readonly<Record<string, string>>,
  name: Name,
  ...parameters: Parameters<(typeof jobs)[Name]>
): Promise<Awaited<ReturnType<(typeof jobs)[Name]>>> {
  const entry = fileURLToPath(new URL('./webgpu-child.ts', import.meta.url));
  const child = fork(entry, [JSON.stringify([name, parameters])], {
    env: { ...process.env, ...environment },
    execArgv: [],
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
    child.on('close', (code, signal) => reject(new Error(`${name} ended (${signal ?? code}): ${written}`)));
  });
}
