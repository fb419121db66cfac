import { spawnSync } from 'node:child_process';

/**
 * The first Python that can import torch, numpy and Pillow: the PYTHON variable, python3, /usr/bin/python3.
 * Undefined where there is none; the tests of the training code then skip and say so.
 */
export function findPython(): string | undefined {
  const candidates = [process.env['PYTHON'], 'python3', '/usr/bin/python3'];
  for (const candidate of candidates) {
    if (!candidate) continue;
    const probe = spawnSync(candidate, ['-c', 'import torch, numpy, PIL'], { timeout: 60_000 });
    if (probe.status === 0) return candidate;
  }
  return undefined;
}

/** Why the tests of the training code skip, for the printed report. */
export const noPython =
  'no Python with torch, numpy and Pillow found (set PYTHON to one): the training code is not checked here';

/** Environment for the training code: two threads that sleep while they wait, because the machine may be busy. */
export const pythonEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  OMP_NUM_THREADS: '2',
  OMP_WAIT_POLICY: 'PASSIVE',
};
