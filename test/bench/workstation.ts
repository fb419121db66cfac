import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkstation } from '../../main/workstation.ts';
import { asItsPerson, type OpenedWorkstation } from '../context.ts';

/** Measures with a workstation on a data folder of its own, which is removed at the end. */
export async function withWorkstation<Result>(
  measure: (workstation: OpenedWorkstation) => Promise<Result>,
): Promise<Result> {
  const home = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-'));
  const workstation = await createWorkstation({
    home,
    host: 'command-line',
    hostReason: null,
    log: () => undefined,
    exclusive: false,
  });
  try {
    return await measure(asItsPerson(workstation));
  } finally {
    await workstation.dispose();
    await rm(home, { recursive: true, force: true });
  }
}
