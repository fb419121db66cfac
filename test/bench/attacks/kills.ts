import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { createWorkstation } from '../../../main/workstation.ts';
import { inTests } from '../../context.ts';
import { randomOf, type Tally } from './tally.ts';

/** Kills a workstation while it writes, again and again on one data folder, and compares what it had accepted. */
export async function attackByKills(tally: Tally, seed: number, first: number, count: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'attack-kills-'));
  /** Pseudonyms by case, and positions by session, as they were last accepted. */
  const cases = new Map<string, string>();
  try {
    for (let input = first; input < first + count; input += 1) {
      const random = randomOf(seed, tally.attack, input);
      const positions = new Map<string, number[]>();
      await tally.take(input, async () => {
        const said = await killedWriter(home, `m${input}`, random.integer(0, 1500));
        for (const line of said) {
          const [kind, id, what] = line.split(' ') as [string, string, string];
          if (kind === 'case') cases.set(id, what);
          if (kind === 'position') positions.set(id, [...(positions.get(id) ?? []), Number(what)]);
        }
        const database = new Database(join(home, 'workstation.db'));
        const sound = database.pragma('integrity_check', { simple: true });
        database.close();
        if (sound !== 'ok') tally.add(input, 'lost', `integrity: ${String(sound)}`);
        const workstation = inTests(
          await createWorkstation({
            home,
            host: 'command-line',
            hostReason: null,
            log: () => undefined,
            exclusive: false,
          }),
        );
        try {
          const found = await workstation.calls.listCases({});
          for (const [id, pseudonym] of cases) {
            const same = found.filter((one) => one.id === id);
            // The last rename may have been written and not yet told.
            const kept =
              same.length === 1 && same[0]!.pseudonym.startsWith(pseudonym.replace(/-renamed$/, ''));
            if (!kept)
              tally.add(input, 'lost', `case ${pseudonym}: ${same.map((one) => one.pseudonym).join(', ')}`);
          }
          for (const one of await workstation.calls.listSessions({})) {
            const told = positions.get(one.id);
            if (told === undefined) continue;
            const { session } = await workstation.calls.openSession({ sessionId: one.id });
            const last = told.at(-1)!;
            const next = (last + 1) % 350;
            if (![last, next].includes(session.frameIndex)) {
              tally.add(input, 'lost', `position ${last}: ${session.frameIndex}`);
            }
          }
        } finally {
          await workstation.dispose();
        }
      });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** What the writer had said when it was killed, so many ms after it began. */
async function killedWriter(home: string, mark: string, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), home, mark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  const begun = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'writing') resolve();
      else lines.push(line);
    });
  });
  const ended = await Promise.race([begun, closed]);
  if (ended !== undefined) throw new Error('the workstation ended before it wrote');
  await wait(milliseconds);
  child.kill('SIGKILL');
  await closed;
  return lines;
}
