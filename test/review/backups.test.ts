import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JobRegistry } from '../../main/jobs/index.ts';
import { backupCalls } from '../../main/review/backups.ts';
import { inContext } from '../../preload/contract/index.ts';
import { testContext } from '../context.ts';
import { addReview } from '../store/filled.ts';
import { open, temporaryFolder } from '../store/helpers.ts';
import { day, noon } from '../store/rows.ts';

it('a backup is restored only while nothing runs or waits, whose result would have nowhere to go', async () => {
  const home = temporaryFolder();
  const store = open(home);
  addReview(store, 'old', 2);
  store.close();
  open(home, { at: noon + day, exclusive: true }).close();
  truncateSync(join(home, 'workstation.db'), 0);

  let count = 0;
  const jobs = new JobRegistry({
    newId: () => `job${count++}`,
    now: () => performance.now(),
    onChange: () => undefined,
  });
  const emptied = open(home, { at: noon + day, exclusive: true });
  let restored = 0;
  const parts = backupCalls(emptied, jobs, () => (restored += 1));
  const calls = inContext(parts, testContext());
  const { backups } = await calls.listBackups({});
  const name = backups[0]?.name ?? '';
  for (const waits of [false, true]) {
    const job = jobs.start('answer', 'Answering', { waits });
    await expect(calls.restoreBackup({ name })).rejects.toMatchObject({ code: 'busy' });
    job.finish();
  }
  expect((await calls.listBackups({})).present.questions).toBe(0);
  const { movedTo } = await calls.restoreBackup({ name });
  expect(restored).toBe(1);
  // A name and no path: the window never gets those.
  expect(movedTo).toMatch(/^workstation-[\w-]+\.db$/);
  expect((await calls.listBackups({})).present.questions).toBe(2);
});
