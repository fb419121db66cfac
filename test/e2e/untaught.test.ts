import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A question of a kind that the model was never taught, by keyboard alone, as a person without a pointer meets it. */
const untaught = 'Is there much bleeding?';
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(newHome(), { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(120_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
  await window.goToFrame(60);
});

afterAll(() => opened.close());

const known = () => page.getByRole('group', { name: 'Questions that the model knows' });
const focused = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.textContent?.trim().replaceAll(/\s+/g, ' ') ?? '');

const focusIsInAskBox = (): Promise<boolean> =>
  window.askField.evaluate((field) => field === document.activeElement);

/** Whether the middle of an element can be seen and clicked without scrolling. */
const isOnTop = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === element;
  });

/** Tabs on until the button with these words has the focus, and presses Enter on it. */
async function press(words: string): Promise<void> {
  for (let tabs = 0; tabs < 80 && (await focused()) !== words; tabs += 1) await page.keyboard.press('Tab');
  await expect.poll(() => focused()).toBe(words);
  await page.keyboard.press('Enter');
}

describe('a question that was not taught', () => {
  it('is refused, with the words that the model does not know and questions that it does', async () => {
    await window.ask(untaught);
    expect(await window.waitForAnswer()).toBe('refused');
    await expect.poll(() => window.answer.label.textContent()).toBe('Not a question it was taught');
    await expect.poll(() => known().getByText('much', { exact: true }).count()).toBe(1);
    await expect.poll(() => known().getByRole('listitem').count()).toBeGreaterThan(0);
    await expect.poll(() => window.answer.panel.locator('.probability').count()).toBe(0);
    await expect.poll(() => window.boxOnFrame()).toBeNull();
    await expect
      .poll(() => window.answerRow(untaught).locator('.outcome').textContent())
      .toMatch(/not taught/);
    await page.getByRole('status').getByText('Not a question it was taught').waitFor({ state: 'attached' });
    expect(await barriersOf(page)).toEqual([]);
  });

  it.each([
    [1440, 900],
    [1280, 720],
    [720, 450],
    [640, 360],
  ])('can be answered anyway by a button in sight, however long it is, at %i x %i', async (width, height) => {
    await page.setViewportSize({ width, height });
    const anyway = page.getByRole('button', { name: 'Answer anyway' });
    const long = `Is this patient ${'bleeding dangerously, and is this patient '.repeat(8)}in need of help?`;
    for (const question of [untaught, long]) {
      if ((await window.answerRow(question).count()) === 0) await window.ask(question);
      else await window.answerRow(question).click();
      await expect.poll(() => window.answer.status()).toBe('refused');
      await anyway.waitFor();
      await expect.poll(() => isOnTop(anyway)).toBe(true);
      // Whatever does not fit scrolls in its own place: the window as a whole has nothing to scroll to.
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollHeight - innerHeight))
        .toBe(0);
    }
    await window.answerRow(untaught).click();
    await page.setViewportSize({ width: 1280, height: 720 });
  });

  it('is answered in other words by one of them', async () => {
    const rewrite = (await known().getByRole('listitem').first().textContent())!.trim();
    await press(rewrite);
    // The panel names the rewrite before it is asked, too.
    await expect.poll(async () => (await window.questions())[0]).toBe(rewrite);
    // The next question can be typed at once.
    await expect.poll(() => focusIsInAskBox()).toBe(true);
    await expect.poll(() => window.answer.status()).not.toBe('refused');
    expect(await window.waitForAnswer()).toMatch(/^(answered|answered-without-location|not-visible)$/);
    await expect.poll(() => known().count()).toBe(0);
    expect(await barriersOf(page)).toEqual([]);
  });

  it('is answered all the same where somebody wants it, without a probability and with the doubt', async () => {
    const row = window.answerRow(untaught);
    await row.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => window.answer.status()).toBe('refused');
    await press('Answer anyway');
    await expect.poll(() => focusIsInAskBox()).toBe(true);
    await expect.poll(() => window.answer.status()).not.toBe('refused');
    expect(await window.waitForAnswer()).not.toMatch(/^(refused|failed|stopped)$/);
    await window.answer.panel.getByText(/^The model was not taught this kind of question/).waitFor();
    await expect.poll(() => window.answer.panel.locator('.probability').count()).toBe(0);
    await expect
      .poll(() => window.answer.panel.getByText('Words and box name the same place').count())
      .toBe(0);
    await expect.poll(() => page.getByRole('button', { name: 'Answer anyway' }).count()).toBe(0);
    await expect.poll(() => row.getByText('question not taught').isVisible()).toBe(true);
    await expect
      .poll(() =>
        page.getByRole('button', { name: /Is there much bleeding\?.*, question not taught/ }).count(),
      )
      .toBe(1);
    expect(await barriersOf(page)).toEqual([]);
  });

  it('keeps its doubt over a reload', async () => {
    await window.reload();
    await window.answerRow(untaught).getByText('question not taught').waitFor();
  });

  it('is not refused where the model understands it, and asked in its words unless the person wants their own', async () => {
    const typed = "what's the organ?";
    const asked = 'What organ is being operated?';
    await page.keyboard.press('q');
    await window.askField.fill(typed);
    await expect
      .poll(() => page.locator('[data-part="reading"]').textContent())
      .toBe(`Will be asked as: ${asked}`);
    expect(await barriersOf(page)).toEqual([]);
    await window.ask(typed);
    expect(await window.waitForAnswer()).not.toMatch(/^(refused|failed|stopped)$/);
    await window.answer.panel.getByText(`Understood as: ${asked}`).waitFor();
    await expect.poll(async () => (await window.questions())[0]).toBe(typed);
    await expect.poll(() => known().count()).toBe(0);
    expect(await barriersOf(page)).toEqual([]);

    await page.getByRole('button', { name: 'Ask my words instead' }).click();
    await window.answer.panel.getByText('version 2 of 2').waitFor();
    // Whatever the model makes of the person's own words: it was asked them, and did not know them.
    expect(await window.waitForAnswer()).not.toMatch(/^(failed|stopped)$/);
    await known().getByText(asked).waitFor();
    await expect.poll(() => window.answer.panel.getByText('Understood as').count()).toBe(0);
  });
});
