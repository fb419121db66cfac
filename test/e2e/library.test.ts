import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** The library: found again, deleted and restored, in the window that shows the session itself. */
const question = 'Where is monopolar curved scissors located?';
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(newHome(), { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
  await window.goToFrame(180);
  await window.ask(question);
  await window.waitForAnswer();
  await window.goToFrame(20);
});

afterAll(() => opened.close());

const inBin = () => page.locator('[data-part="in-bin"]');

it('shows the kept picture of an answer with its box, and opens the video at it', async () => {
  await window.library.open();
  // The session under review lies open, with its newest answer beside it.
  const picture = page.locator('[data-part="library-picture"]');
  await picture.waitFor();
  await expect
    .poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth))
    .toBeGreaterThan(0);
  await page.getByRole('img', { name: /^The model’s box: Right-bottom/ }).waitFor();
  expect(await barriersOf(page)).toEqual([]);
  const answers = page.getByRole('list', { name: 'Answers', exact: true });
  await page.getByRole('button', { name: /^Answers of/ }).click();
  await answers.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Answers of/ }).click();
  await answers.getByRole('button', { name: question }).click();
  await picture.waitFor();
  await page.getByRole('button', { name: 'Open at this answer' }).click();
  await window.library.dialog.waitFor({ state: 'hidden' });
  await window.frame.waitFor(180);
});

it('a session goes to the bin and is said to be there where it is open; it comes back by one button, and by undo', async () => {
  await window.library.open();
  await page.getByRole('button', { name: /^Rename .*session 1/ }).click();
  await page.getByLabel(/^Name of session 1/).fill('Second look');
  await page.keyboard.press('Enter');
  await window.library.sessions.getByText('Second look').waitFor();
  await page.getByRole('button', { name: /^Delete .*session 1/ }).click();
  await expect.poll(() => window.library.sessions.count()).toBe(0);
  await page.getByRole('button', { name: 'Bin (1)' }).click();
  await page.getByRole('list', { name: 'Bin' }).getByText('Second look').waitFor();
  expect(await barriersOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await inBin().waitFor();
  await page.getByText('This session is in the bin. Restore it to ask.').waitFor();
  await inBin().getByRole('button', { name: 'Restore' }).click();
  await inBin().waitFor({ state: 'detached' });
  // Undo takes back what was done last: restoring, then deleting.
  await page.locator('body').press('Control+z');
  await inBin().waitFor();
  await page.locator('body').press('Control+z');
  await inBin().waitFor({ state: 'detached' });
  await page.locator('header .session', { hasText: 'Second look' }).waitFor();
});
