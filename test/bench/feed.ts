import type { CaseId } from '../../preload/contract/index.ts';
import { OtherProcess } from '../hosts/other-client.ts';
import { Served, type Heard } from '../hosts/served.ts';
import { createWorkstation } from '../../main/workstation.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { percentile, type BenchTable } from './table.ts';

const times = 100;

/**
 * How soon a window hears of a change that it did not make: of another window from the sending of its call, of another
 * process from its commit. Real server and sockets, a real database on the disk, a real second process; no model runs.
 */
export async function run(): Promise<BenchTable> {
  const home = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-'));
  const workstation = await createWorkstation({
    home,
    host: 'web',
    hostReason: null,
    log: () => undefined,
    exclusive: false,
  });
  const { case: owner } = await workstation.openDemonstration();
  const served = await Served.start(workstation);
  const other = await OtherProcess.start(home);
  try {
    const [busy, listening] = [await served.open(), await served.open()];
    const { heard, stop } = await listening.listen();
    const byWindow: number[] = [];
    const byProcess: number[] = [];
    for (let step = 0; step < times; step += 1) {
      const pseudonym = `by a window ${step}`;
      const sent = performance.timeOrigin + performance.now();
      await busy.call('renameCase', { caseId: owner.id, pseudonym });
      byWindow.push((await told(heard, owner.id, pseudonym)) - sent);

      // Spread over the whole time between two looks.
      await wait(Math.random() * 200);
      const another = `by a process ${step}`;
      const done = await other.tell(`rename ${owner.id} ${another}`);
      byProcess.push((await told(heard, owner.id, another)) - done);
    }
    stop();
    return {
      title: `The feed: a change that somebody else made, ${times} of each`,
      rows: [
        { name: 'made in another window, p95', value: percentile(byWindow, 0.95), unit: 'ms', atMost: 100 },
        { name: 'made in another window, median', value: percentile(byWindow, 0.5), unit: 'ms' },
        {
          name: 'made by another process, p95',
          value: percentile(byProcess, 0.95),
          unit: 'ms',
          atMost: 1200,
        },
        { name: 'made by another process, median', value: percentile(byProcess, 0.5), unit: 'ms' },
        { name: 'made by another process, at most', value: Math.max(...byProcess), unit: 'ms', atMost: 1200 },
      ],
    };
  } finally {
    await other.stop();
    await served.close();
    await workstation.dispose();
    await rm(home, { recursive: true, force: true });
  }
}

/** When a window was told that the case has this name, in ms since the Unix epoch. */
async function told(heard: Heard[], caseId: CaseId, pseudonym: string): Promise<number> {
  for (let tries = 0; tries < 5000; tries += 1) {
    for (const { event, at } of heard.splice(0)) {
      const edits = event.type === 'changes' ? event.changes.flatMap((change) => change.edits ?? []) : [];
      const renamed = edits.some(
        (edit) => edit.entity === 'case' && edit.id === caseId && edit.after?.pseudonym === pseudonym,
      );
      if (renamed) return at;
    }
    await wait(1);
  }
  throw new Error(`nobody was told of "${pseudonym}"`);
}
