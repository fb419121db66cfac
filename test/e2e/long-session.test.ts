import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { multiplyQuestion } from '../store/long-session.ts';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A session of a whole night: nobody waits for 20,000 answers to see the newest. */
const answers = 20_000;
const home = newHome();
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

const picture = async (name: string): Promise<void> => {
  const folder = process.env['LONG_PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
};
const rows = () => window.answerList.getByRole('listitem');

beforeAll(async () => {
  opened = await openWindow(home, { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
  await window.ask('What organ is being operated?');
  await window.waitForAnswer();
  await opened.restart(() => multiplyQuestion(home, answers));
});

afterAll(() => opened.close());

it('is listed at once with its newest answers, and a row for each that is in sight', async () => {
  await window
    .answerRow(`Question ${answers - 1}: what is the state of the monopolar curved scissors?`)
    .waitFor();
  await expect.poll(() => rows().count()).toBeLessThan(200);
  await picture('long-first');
  await expect.poll(() => window.answerList.getAttribute('aria-busy')).toBe('false');
  await expect.poll(() => rows().first().getAttribute('aria-setsize')).toBe(String(answers));
  await expect.poll(() => page.locator('[data-part="answer-mark"]').count()).toBeLessThan(120);
  expect(await barriersOf(page)).toEqual([]);
});

it('is scrolled to its oldest answer, which opens with all that is kept of it', async () => {
  await window.answerList.evaluate((list) => list.parentElement?.scrollTo(0, list.scrollHeight));
  const oldest = window.answerRow('What organ is being operated?');
  await oldest.waitFor();
  await expect.poll(() => rows().count()).toBeLessThan(200);
  await oldest.click();
  await window.answer.panel
    .getByText('Model’s stated reasoning')
    .or(window.answer.panel.getByText("Model's stated reasoning"))
    .waitFor();
  await picture('long-oldest');
});

it('goes on in the video’s time by the keys, and shows where it is in the list', async () => {
  await page.keyboard.press('n');
  await expect.poll(() => page.locator('.entry.selected').count()).toBe(1);
  await picture('long-next');
});
