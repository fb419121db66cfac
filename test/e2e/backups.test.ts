import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../main/store/index.ts';
import { addReview } from '../store/filled.ts';
import { silent } from '../store/rows.ts';
import { barriersOf } from './barriers.ts';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, RunningHost } from './host.ts';

const home = newHome();
const dayMilliseconds = 86_400_000;
let host: RunningHost;
let browser: Browser;
let page: Page;

/** A review with its backup; then the database is emptied, as a full disk or a careless copy does it. */
beforeAll(async () => {
  const open = (at: number) => openStore({ home, now: () => at, log: silent, exclusive: true });
  const store = open(Date.now() - 2 * dayMilliseconds);
  addReview(store, 'old', 8);
  store.close();
  open(Date.now() - dayMilliseconds).close();
  truncateSync(join(home, 'workstation.db'), 0);
  host = new RunningHost(home);
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' });
  page = await context.newPage();
  await page.goto(await host.address());
});

afterAll(async () => {
  await browser.close();
  await host.stop();
  removeHome(home);
});

it('an emptied database is said at the start, and a backup is gone on with at once', async () => {
  const dialog = page.getByRole('dialog', { name: 'Backups of the database' });
  const backup = dialog
    .getByRole('listitem')
    .filter({ hasText: '1 case, 1 session, 8 questions and 8 answers' });
  await backup.getByText('Holds what the database does not hold.').waitFor();
  expect(await barriersOf(page)).toEqual([]);
  const picture = process.env['BACKUPS_PICTURE'];
  if (picture !== undefined) await page.screenshot({ path: picture });

  // The frames of the demonstration are still being counted at first; that work would be lost, so it is waited for.
  await expect
    .poll(
      async () => {
        if (await dialog.isVisible()) await dialog.getByRole('button', { name: /^Restore/ }).click();
        return page.getByRole('list', { name: 'Answers of this session' }).getByRole('listitem').count();
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toBe(8);
  await expect.poll(() => dialog.isVisible()).toBe(false);
  await page.getByText('Case old-case', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('Case old-case', { exact: true }).waitFor();
  await expect.poll(() => page.getByText('The database was').count()).toBe(0);
});
