import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { statement } from '../../main/store/database.ts';
import { openStore } from '../../main/store/index.ts';
import { Random } from './random.ts';
import { silent } from './rows.ts';

/** What became of one process that was killed while it committed. */
export interface Killed {
  /** Changes that it had said were accepted. */
  accepted: number;
  /** Changes that were there afterwards beyond those: committed, and killed before it could say so. */
  unsaid: number;
}

/**
 * Starts a process that commits as fast as it can, kills it by SIGKILL at a random moment, opens its data folder and proves
 * that nothing accepted is lost, nothing is doubled, and that the record and the tables hold. Throws where they do not.
 */
export async function killWhileCommitting(home: string, seed: number): Promise<Killed> {
  const writer = new URL('record-writer.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [writer, home, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  let said = '';
  child.stdout.setEncoding('utf8');
  const random = new Random(seed);
  // Counted in changes, so that a busy machine is killed in the middle of them, too.
  const accepted = random.below(12);
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      said += text;
      if (said.split('\n').length > accepted + 1) resolve();
    });
  });
  await Promise.race([begun, gone]);
  await wait(random.below(8));
  child.kill('SIGKILL');
  await gone;
  // The last line may have been cut off by the kill.
  const lines = said
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready');
  const store = openStore({ home, now: Date.now, log: silent });
  try {
    const check = await store.checkRecord({ sinceLast: false });
    assert.equal(check.ok, true, `seed ${seed}: ${check.reason ?? ''}`);
    for (const line of lines) {
      const [seq, hash] = line.split(' ');
      assert.equal(store.record.hashAt(Number(seq)), hash, `seed ${seed}: change ${seq} was accepted`);
    }
    const marked = store.database.all(
      statement(
        'test.marked',
        `SELECT json_extract(edits, '$[1].id') AS id FROM changes JOIN change_bodies USING (seq)
         WHERE command = 'test.mark' AND kind = 'do'`,
      ),
    ) as { id: string }[];
    const ids = marked.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, `seed ${seed}: nothing twice`);
    const wanted = lines.map((line) => line.split(' ')[2]).filter((marker) => marker !== '-');
    for (const marker of wanted) assert.ok(ids.includes(`q-${marker}`), `seed ${seed}: ${marker} is there`);
    const torn = statement(
      'test.torn',
      `SELECT answers.id FROM answers LEFT JOIN tasks ON kind = 'answer' AND subject = answers.id
       WHERE (status IN ('queued', 'running')) <> (subject IS NOT NULL)`,
    );
    assert.deepEqual(store.database.all(torn), [], `seed ${seed}: what is not answered is to be done`);
    const twice = statement(
      'test.twice',
      `SELECT json_extract(edits, '$[0].id') AS id FROM changes JOIN change_bodies USING (seq)
       WHERE command = 'answer.end' GROUP BY id HAVING count(*) > 1`,
    );
    assert.deepEqual(store.database.all(twice), [], `seed ${seed}: nothing is answered twice`);
    const last = Number(lines.at(-1)?.split(' ')[0] ?? 0);
    return { accepted: lines.length, unsaid: last === 0 ? 0 : store.record.seq - last };
  } finally {
    store.close();
  }
}
