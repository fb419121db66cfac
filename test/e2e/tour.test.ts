import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** The first minutes of a new person: the tour, by keys, over the demonstration case. */
let opened: OpenedWindow;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(newHome(), { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  await window.waitUntilAskable();
});
afterAll(() => opened.close());

const card = () => window.page.locator('[data-part="tour"]');
const step = (name: string) => window.page.locator(`[data-part="tour"][data-step="${name}"]`).waitFor();

/** Waits until the whole card lies in the window. */
async function waitUntilInside(): Promise<void> {
  const { width, height } = window.page.viewportSize()!;
  await expect
    .poll(async () => {
      const box = await card().boundingBox();
      return (
        box !== null && Math.min(box.x, box.y, width - box.x - box.width, height - box.y - box.height) >= 0
      );
    })
    .toBe(true);
}

describe('the tour', () => {
  it('is offered at the first start, goes on by what the person does, and is over for good', async () => {
    const { page } = window;
    const { keyboard } = page;
    await page.getByRole('button', { name: 'Take the tour' }).press('Enter');
    await step('step');
    await expect.poll(() => barriersOf(page)).toEqual([]);
    await keyboard.press('.');
    await step('ask');
    await window.ask('What organ is being operated?');
    await step('read');
    await card().getByRole('button', { name: 'Next' }).press('Enter');
    await step('judge');
    await keyboard.press('a');
    await step('undo');
    await keyboard.press('Control+z');
    await step('end');
    await keyboard.press('Escape');
    await card().waitFor({ state: 'detached' });
    await keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toHaveLength(0);
    await window.reload();
    await page.getByText('Step to a frame and ask about it.').waitFor();
    await expect.poll(() => page.locator('[data-part="tour-offer"]').count()).toBe(0);
  });

  it('begins again from the key sheet, has room in a low window, and is left by Escape', async () => {
    const { page } = window;
    const { keyboard } = page;
    await page.setViewportSize({ width: 720, height: 450 });
    await keyboard.press('?');
    await page.getByRole('button', { name: 'Take the tour' }).press('Enter');
    await step('step');
    await waitUntilInside();
    await card().getByRole('button', { name: 'Skip' }).click();
    await step('ask');
    await waitUntilInside();
    await keyboard.press('Escape');
    await card().waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});

/** What is said in the open dialog outside the catalogue: texts and names that have neither its brackets nor its accents. */
const unbracketed = (): Promise<string[]> =>
  window.page.evaluate(() => {
    const dialog = document.querySelector('dialog[open]');
    if (dialog === null) throw new Error('no dialog is open');
    const found: string[] = [];
    const walker = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { textContent, parentElement } = walker.currentNode;
      // What is marked within a text has the brackets of the whole.
      if (!parentElement?.matches('strong, em, code, kbd')) found.push(textContent ?? '');
    }
    for (const element of dialog.querySelectorAll('*')) {
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        found.push(element.getAttribute(name) ?? '');
      }
    }
    return found
      .map((text) => text.trim())
      .filter((text) => /\p{L}{2}/u.test(text) && !/[⟦⟧áéíóúýçñšž]/i.test(text));
  });

describe('the pseudo-language', () => {
  /** What is a person's own, or comes from the clock. */
  const data = /^(demo\.mp4|Demonstration case|·? ?(today|yesterday) [\d:]+)$/;

  it('shows every text of the library, of “go to” and of the site settings in brackets', async () => {
    const { page } = window;
    await page.evaluate(() => localStorage.setItem('language', 'en-XA'));
    await window.reload();
    for (const key of ['Control+l', 'g', 'Control+,']) {
      await page.keyboard.press(key);
      const dialog = page.locator('dialog[open]');
      await dialog.getByText('⟦').first().waitFor();
      if (key === 'Control+,') await dialog.locator('[data-tab="site"]').click();
      await expect.poll(async () => (await unbracketed()).filter((text) => !data.test(text))).toEqual([]);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    await page.evaluate(() => localStorage.removeItem('language'));
  });
});
