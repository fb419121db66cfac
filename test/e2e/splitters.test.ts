import { mkdirSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** How wide the side of the answers is, and how high the list in it, is a person's own choice, kept on this machine. */
let opened: OpenedWindow;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(newHome(), { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  ({ window } = opened);
  await window.waitUntilAskable();
});

afterAll(() => opened.close());

const side = (): Locator =>
  window.page.getByRole('separator', { name: 'Width of the questions and answers' });
const list = (): Locator => window.page.getByRole('separator', { name: 'Height of the list' });
const now = async (splitter: Locator): Promise<number> =>
  Number(await splitter.getAttribute('aria-valuenow'));
const panelWidth = (): Promise<number> =>
  window.page
    .getByRole('complementary', { name: 'Questions and answers' })
    .evaluate((element) => (element as HTMLElement).offsetWidth);

/** Saves what the window looks like, where a folder for it is named. */
async function picture(name: string): Promise<void> {
  const folder = process.env['SPLITTER_PICTURES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await window.page.screenshot({ path: `${folder}/${name}.png` });
}

async function drag(splitter: Locator, x: number, y: number): Promise<void> {
  const { x: left, y: top, width, height } = (await splitter.boundingBox())!;
  await window.page.mouse.move(left + width / 2, top + height / 2);
  await window.page.mouse.down();
  await window.page.mouse.move(left + width / 2 + x, top + height / 2 + y, { steps: 3 });
  await window.page.mouse.up();
}

it('by mouse and keys, within what there is room for; kept over a reload, and given back by a double click', async () => {
  const { page } = window;
  await window.ask('What organ is being operated?');
  await window.waitForAnswer();
  await window.step(1);
  await window.ask('Which instruments are in view?');
  await window.waitForAnswer();
  const frame = await window.frame.index();
  const [usual, usualList] = [await panelWidth(), await now(list())];
  await picture('usual');
  await drag(side(), -160, 0);
  await expect.poll(panelWidth).toBe(usual + 160);
  await expect.poll(() => now(side())).toBe(usual + 160);
  await drag(list(), 0, -30);
  await expect.poll(() => now(list())).toBe(usualList + 30);
  await picture('dragged');
  // The keys stayed with the video, and are the splitter's while it has the focus.
  await page.keyboard.press('.');
  await window.frame.waitFor(frame + 1);
  await side().focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(panelWidth).toBe(usual + 144);
  await page.keyboard.press('Home');
  await expect.poll(panelWidth).toBe(340);
  await page.keyboard.press('End');
  await expect.poll(panelWidth).toBe(864);
  await picture('widest');
  await list().focus();
  const before = await now(list());
  await page.keyboard.press('ArrowUp');
  await expect.poll(() => now(list())).toBe(before + 16);
  await page.keyboard.press('End');
  await expect.poll(() => now(list())).toBeGreaterThan(before + 16);
  await picture('highest-list');
  await expect.poll(() => window.askField.isVisible()).toBe(true);
  await expect.poll(() => window.frame.index()).toBe(frame + 1);
  const barriers = (await barriersOf(page)).filter((barrier) => barrier.includes('splitter'));
  expect(barriers).toEqual([]);
  await window.reload();
  await expect.poll(panelWidth).toBe(864);
  // In a smaller window there is less room; nothing lies outside of it.
  for (const [width, height] of [
    [1280, 720],
    [720, 450],
  ] as const) {
    await page.setViewportSize({ width, height });
    await expect.poll(panelWidth).toBe(width === 1280 ? 768 : 340);
    await picture(`at-${width}`);
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      .toBe(true);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await side().dblclick();
  await expect.poll(panelWidth).toBe(usual);
  await list().focus();
  await page.keyboard.press('Enter');
  await expect
    .poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('size-of'))))
    .toEqual([]);
});
