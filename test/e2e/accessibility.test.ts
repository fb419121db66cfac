import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** Axe's rules over the main states of the window, and the whole main job by keys alone. */
let opened: OpenedWindow;
let window: WorkstationPage;

beforeAll(async () => {
  // Contrast is measured at rest, not in the middle of a change of colour.
  opened = await openWindow(newHome(), { reducedMotion: 'reduce' });
  ({ window } = opened);
  await window.waitUntilAskable();
});

afterAll(() => opened.close());

const barriers = (): Promise<string[]> => barriersOf(window.page);

const isFocused = (element: Locator): Promise<boolean> =>
  element.evaluate((node) => node === document.activeElement);

/** Goes from stop to stop as a person does, until the focus is where it should be. Fails after `atMost` stops. */
async function tabTo(element: Locator, atMost: number, key = 'Tab'): Promise<void> {
  for (let stops = 0; stops < atMost && !(await isFocused(element)); stops += 1) {
    await window.page.keyboard.press(key);
  }
  await expect.poll(() => isFocused(element)).toBe(true);
}

describe('a review by keys alone', () => {
  it('steps, asks from a template, reads the answer and its evidence, and asks again', async () => {
    const { page, frame, answer } = window;
    const { keyboard } = page;
    await keyboard.press('g');
    await keyboard.type('#180');
    await keyboard.press('Enter');
    await frame.waitFor(180);
    await keyboard.press('.');
    await frame.waitFor(181);
    await keyboard.press('q');
    await page.locator('[data-part="ask"]:focus').waitFor();
    // Backwards from the field lie the templates of what the model was taught, and the one that asks for a place among them.
    const place = page.getByRole('button', { name: /^where is/i });
    await tabTo(place, 12, 'Shift+Tab');
    await keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await page.locator('[data-part="ask"]:focus').waitFor();
    const question = await window.askField.inputValue();
    expect(question).toMatch(/^Where is \S.* located\?$/);
    await keyboard.press('Enter');
    await answer.panel.getByText(question).waitFor();
    await window.waitForAnswer();

    await answer.panel.locator('summary').last().focus();
    await keyboard.press('Enter');
    await answer.raw.waitFor();
    const picture = () => frame.canvas.evaluate((element) => element.getBoundingClientRect().left);
    await frame.zoomIn(4);
    const middle = await picture();
    await keyboard.press('Control+ArrowRight');
    await expect.poll(() => picture()).toBeLessThan(middle - 50);
    await frame.zoomToFit();
    await keyboard.press('r');
    await answer.panel.getByText('version 2 of 2').waitFor();
    await window.waitForAnswer();
  });

  it('deletes a question and brings it back, and reopens the session from the library', async () => {
    const { page } = window;
    const { keyboard } = page;
    const [question] = await window.questions();
    await window.answerRow(question!).focus();
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await expect.poll(() => window.questions()).toEqual([]);
    await keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toEqual([question]);

    await keyboard.press('Control+o');
    await window.library.sessions.first().waitFor();
    // Few enough stops lie before the session that a person finds it by keys; which they are is the page's own matter.
    await tabTo(window.library.sessions.first().getByRole('button').first(), 16);
    await keyboard.press('Enter');
    await window.library.dialog.waitFor({ state: 'hidden' });
    await window.frame.waitFor(181);
  });
});

describe.each(['dark', 'light'] as const)('no serious barrier in the %s theme', (theme) => {
  beforeAll(async () => {
    // Dark comes first, light is the next.
    if (theme === 'light') await window.page.getByRole('button', { name: /^Theme/ }).click();
    await window.page.reload();
    await window.waitUntilAskable();
    await window.page.locator(`:root[data-theme="${theme}"]`).waitFor();
    await window.answerList.getByRole('button').first().focus();
    await window.page.keyboard.press('Enter');
  });

  it('with an answer and its evidence', async () => {
    await window.answer.openEvidence();
    expect(await barriers()).toEqual([]);
  });

  it('on a frame that the answer is not about, with a question being typed', async () => {
    await window.goToFrame(40);
    await window.page.keyboard.press('q');
    await window.page.keyboard.type('What organ');
    expect(await barriers()).toEqual([]);
    await window.page.keyboard.press('Escape');
  });

  it.each([
    ['the model and its device', async () => window.modelChip.click()],
    ['the shortcuts', async () => window.page.locator('body').press('?')],
    ['what can be found', async () => window.page.locator('body').press('Control+k')],
    ['the library', async () => window.page.locator('body').press('Control+o')],
    ['the way to a frame', async () => window.page.locator('body').press('g')],
  ])('in %s', async (_name, open) => {
    await open();
    await window.page.getByRole('dialog').first().waitFor();
    expect(await barriers()).toEqual([]);
    await window.page.keyboard.press('Escape');
    await window.page.getByRole('dialog').first().waitFor({ state: 'hidden' });
  });

  it('in the list of models, and beside its folder browser', async () => {
    await window.models.open();
    await window.models.item('Surgery-R1 nano').locator('summary').click();
    expect(await barriers()).toEqual([]);
    await window.models.dialog.getByRole('button', { name: 'Add a model from a folder…' }).click();
    await window.page.getByRole('button', { name: 'Choose this folder' }).waitFor();
    expect(await barriers()).toEqual([]);
    await window.page.keyboard.press('Escape');
    await window.page.keyboard.press('Escape');
    await window.models.dialog.waitFor({ state: 'hidden' });
  });

  it('in the folder browser', async () => {
    await window.library.open();
    await window.page.getByRole('button', { name: 'Open a video…' }).click();
    await window.page
      .getByRole('list', { name: 'Folders and videos' })
      .getByRole('listitem')
      .first()
      .waitFor();
    expect(await barriers()).toEqual([]);
    await window.page.keyboard.press('Escape');
  });
});
