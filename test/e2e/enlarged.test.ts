import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A window enlarged to twice its size, and a case with a long name: what must be read can be read. */
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(newHome(), { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(120_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
  await page.getByTitle('Rename the case').click();
  await page
    .getByLabel('Pseudonym of the case')
    .fill('Case 0417 · partial nephrectomy '.repeat(3).slice(0, 110));
  await page.keyboard.press('Enter');
  await page.getByTitle('Rename the case').waitFor();
  await window.goToFrame(180);
  await window.ask('What is the state of monopolar curved scissors?');
  await window.waitForAnswer();
  await page.keyboard.press('Escape');
});
afterAll(() => opened.close());

/** Whether all of an element's text is inside the window, uncut, and covered by nothing. */
const isWhole = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    for (let around: Element | null = element; around; around = around.parentElement) {
      const edge = around.getBoundingClientRect();
      const clips = around === document.documentElement || getComputedStyle(around).overflow !== 'visible';
      const inside =
        text.left >= edge.left - 0.5 &&
        text.right <= edge.right + 0.5 &&
        text.top >= edge.top - 0.5 &&
        text.bottom <= edge.bottom + 0.5;
      if (clips && !inside) return false;
    }
    const top = document.elementFromPoint((text.left + text.right) / 2, (text.top + text.bottom) / 2);
    return top !== null && (element.contains(top) || top.contains(element));
  });

describe.each([
  [1280, 720],
  [720, 450],
  [640, 360],
])('at %i x %i', (width, height) => {
  it('what weakens every answer is read whole, and the controls stay in the window', async () => {
    await page.setViewportSize({ width, height });
    await expect.poll(() => isWhole(window.syntheticNote.first())).toBe(true);
    for (const name of ['Zoom out', 'Zoom in', 'Play', 'Library', 'Keyboard shortcuts']) {
      const box = await page.getByRole('button', { name, exact: true }).boundingBox();
      expect(box).not.toBeNull();
      expect(box!.x).toBeGreaterThanOrEqual(0);
      expect(box!.x + box!.width).toBeLessThanOrEqual(width);
      expect(box!.y + box!.height).toBeLessThanOrEqual(height);
    }
    const picture = await window.frame.stage.boundingBox();
    const readout = await window.frame.readout.boundingBox();
    expect(readout!.y).toBeGreaterThanOrEqual(picture!.y + picture!.height);
  });

  it('the whole answer can be read, and the question can be reached', async () => {
    await page.setViewportSize({ width, height });
    for (const part of [
      window.answer.label,
      window.answer.reasoning,
      window.answer.panel.getByText('Evidence and raw output'),
      page.getByRole('link', { name: 'Save picture' }),
    ]) {
      await part.scrollIntoViewIfNeeded();
      await expect.poll(() => isWhole(part)).toBe(true);
    }
    await page.keyboard.press('q');
    await page.keyboard.type('x');
    await expect.poll(() => window.askField.inputValue()).toBe('x');
    await expect
      .poll(() => window.askField.evaluate((field) => field.getBoundingClientRect().bottom))
      .toBeLessThanOrEqual(height);
    await window.askField.fill('');
    await page.keyboard.press('Escape');
  });
});

it('what is said above the answers does not move the frame', async () => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await expect.poll(async () => (await window.frame.canvas.boundingBox())?.width).toBeGreaterThan(600);
  const before = await window.frame.canvas.boundingBox();
  expect(await opened.host.stop()).toBe(0);
  await page.getByText('Not connected.', { exact: false }).first().waitFor();
  await expect.poll(() => window.frame.canvas.boundingBox()).toEqual(before);
});
