import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyPlainCheckpoint } from '../import/plain-checkpoint.ts';
import { checkpointReport } from '../renderer/fake-models.ts';
import { barriersOf } from './barriers.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A small window with more in it than it was drawn for: long names, large models, long questions. */
const person = newHome();
const longName = `surgery-r1-${'fine-tuned-on-our-nephrectomies-'.repeat(4)}2026`;
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  copyPlainCheckpoint(join(person, 'Documents', longName));
  opened = await openWindow(
    newHome(),
    { viewport: { width: 1024, height: 700 }, reducedMotion: 'reduce' },
    { HOME: person, USERPROFILE: person },
  );
  opened.context.setDefaultTimeout(120_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
});

afterAll(async () => {
  await opened.close();
  removeHome(person);
});

/** Whether all of an element can be seen: inside the window, and on top at its middle. */
async function inSight(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return inside && above !== null && (element.contains(above) || above.contains(element));
  });
}

/** Pixels by which the dialog could be scrolled sideways. */
const sideways = (): Promise<number> =>
  page.locator('dialog .body').evaluate((body) => body.scrollWidth - body.clientWidth);

describe('a model whose name is longer than any line', () => {
  it('is imported, used and removed by buttons that stay in sight', async () => {
    const { models } = window;
    await models.open();
    await models.chooseFolder('Documents', longName);
    await models.dialog.getByRole('button', { name: 'Import', exact: true }).click();
    const work = models.importOf(longName);
    await work.waitFor();
    await expect.poll(() => sideways()).toBe(0);
    // Closed on the way: the line at the bottom says how it ended, and leads back.
    await page.keyboard.press('Escape');
    const told = page.getByRole('button', { name: /is imported: use it…$/ });
    await told.waitFor();
    await expect.poll(() => inSight(told)).toBe(true);
    await told.click();
    const use = work.getByRole('button', { name: 'Use this model now' });
    await expect.poll(() => inSight(use)).toBe(true);
    await expect.poll(() => sideways()).toBe(0);
    await use.click();
    await models.item(longName).getByText('in use').waitFor();
    await models.item(longName).locator('summary').click();
    await expect.poll(() => sideways()).toBe(0);
    await page.keyboard.press('Escape');
    // The device is never what gives way.
    await expect.poll(() => inSight(window.modelChip.getByText('· CPU'))).toBe(true);

    await models.open();
    const bin = models.item(longName).getByRole('button', { name: /^Remove / });
    await expect.poll(() => inSight(bin)).toBe(true);
    await bin.click();
    await expect.poll(() => page.locator(':focus').textContent()).toBe('Keep');
    expect(await barriersOf(page)).toEqual([]);
    await models.item(longName).getByRole('button', { name: 'Remove', exact: true }).click();
    await models.item(longName).waitFor({ state: 'detached' });
    await models.item('Surgery-R1 nano').getByText('in use').waitFor();
    await page.keyboard.press('Escape');
  });
});

describe.each(['dark', 'light'] as const)('a checkpoint of 7 billion parameters, %s', (theme) => {
  beforeAll(async () => {
    if (theme === 'light') await page.getByRole('button', { name: /^Theme/ }).click();
    await page.locator(`:root[data-theme="${theme}"]`).waitFor();
    await page.route('**/api/inspectModelFolder', (route) =>
      route.fulfill({ json: { ok: true, value: checkpointReport } }),
    );
  });

  it('shows its figures, and the button that imports it without scrolling', async () => {
    const { models } = window;
    await models.open();
    await models.chooseFolder('Documents', longName);
    const go = models.dialog.getByRole('button', { name: 'Import', exact: true });
    await go.waitFor();
    await expect.poll(() => inSight(go)).toBe(true);
    await expect.poll(() => inSight(models.dialog.getByText(/^Free now: 30 GB on the disk/))).toBe(true);
    await expect
      .poll(() => models.dialog.getByText('Needs more memory than this machine has.').count())
      .toBe(1);
    await expect.poll(() => sideways()).toBe(0);
    expect(await barriersOf(page)).toEqual([]);
    await page.unroute('**/api/inspectModelFolder');
    await page.keyboard.press('Escape');
    await models.dialog.waitFor({ state: 'hidden' });
  });
});

describe('files dropped on the window', () => {
  const drop = (name: string): Promise<void> =>
    page.evaluate((file) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['no video'], file));
      for (const type of ['dragenter', 'drop'])
        globalThis.dispatchEvent(new DragEvent(type, { dataTransfer, cancelable: true }));
    }, name);

  it('open nothing behind a dialog, and are told by name where they are no video', async () => {
    await window.library.open();
    await drop('behind.mp4');
    await page.keyboard.press('Escape');
    await drop('letter.mp4');
    await page.getByRole('button', { name: /^Copy \d/ }).click();
    await page.getByRole('alert').getByText('letter.mp4 was not opened.').waitFor();
    await expect.poll(() => page.getByText('behind.mp4').count()).toBe(0);
    // This machine's ffmpeg may have a notice of its own.
    const told = page.getByRole('alert').filter({ hasText: 'letter.mp4' });
    await told.getByRole('button', { name: 'Dismiss' }).click();
  });
});

describe('at twice the size, or in half a window', () => {
  afterAll(async () => {
    await page.setViewportSize({ width: 1024, height: 700 });
  });

  it.each([900, 640])('everything at the top stays within %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 600 });
    await expect.poll(() => inSight(page.getByRole('button', { name: 'Keyboard shortcuts' }))).toBe(true);
    await expect.poll(() => inSight(window.modelChip)).toBe(true);
    await expect.poll(() => inSight(window.syntheticNote)).toBe(true);
    await expect.poll(() => inSight(window.askField)).toBe(true);
    await expect.poll(() => inSight(page.getByRole('button', { name: 'Next answer' }))).toBe(true);
    expect(await barriersOf(page)).toEqual([]);
  });
});

describe('a question of many lines', () => {
  beforeEach(async () => {
    await window.goToFrame(180);
  });

  it('leaves its answer in sight', async () => {
    const question = `${'Please look at the tip of the instrument at the lower right. '.repeat(12)}What is the state of monopolar curved scissors?`;
    await page.keyboard.press('q');
    await window.askField.fill(question);
    await window.askField.press('Enter');
    await window.answer.panel.getByText('Please look').waitFor();
    await window.waitForAnswer();
    await expect.poll(() => inSight(window.answer.panel.locator('h2'))).toBe(true);
    await page.getByRole('button', { name: 'Show the whole question' }).click();
    expect(await barriersOf(page)).toEqual([]);
  });

  it('is found again by the keys that go from answer to answer', async () => {
    await window.goToFrame(60);
    await window.ask('What organ is being operated?');
    await window.waitForAnswer();
    await window.goToFrame(0);
    await page.keyboard.press('n');
    await window.frame.waitFor(60);
    await page.keyboard.press(']');
    await window.frame.waitFor(180);
    await page.keyboard.press('[');
    await window.frame.waitFor(60);
    await expect
      .poll(() => page.locator('.entry.selected .question').textContent())
      .toBe('What organ is being operated?');
  });
});
