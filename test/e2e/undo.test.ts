import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** What a person did can be taken back, after a restart of the workstation, too. */
const home = newHome();
const question = 'What organ is being operated?';
const other = 'Where is monopolar curved scissors located?';
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

const caseName = (): Promise<string | null> => page.locator('header h1 .pseudonym').textContent();
const line = (text: string | RegExp) => page.locator('.toast').getByText(text);

async function rename(name: string): Promise<void> {
  await page.getByTitle('Rename the case').click();
  await page.getByLabel('Pseudonym of the case').fill(name);
  await page.keyboard.press('Enter');
  await expect.poll(caseName).toBe(name);
}

beforeAll(async () => {
  opened = await openWindow(home, { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
});

afterAll(() => opened.close());

describe('undo', () => {
  it('says what it took back, and redo does it again', async () => {
    await window.goToFrame(180);
    for (const text of [question, other]) {
      await window.ask(text);
      await window.waitForAnswer();
    }
    await window.deleteQuestion(question);
    await line('Question deleted').waitFor();
    await page.keyboard.press('Control+z');
    await line(`Question deleted “${question}”: undone`).waitFor();
    await expect.poll(() => window.questions()).toEqual([other, question]);
    await expect.poll(() => window.answer.label.textContent()).toBe('Kidney');
    expect(await barriersOf(page)).toEqual([]);
    await page.keyboard.press('Control+Shift+Z');
    await line(`Question deleted “${question}”: done again`).waitFor();
    await expect.poll(() => window.questions()).toEqual([other]);
    await page.keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toEqual([other, question]);
    await page.keyboard.press('Control+y');
    await expect.poll(() => window.questions()).toEqual([other]);
  });

  it('takes back what was done before the workstation was started again', async () => {
    await window.selectQuestion(other);
    await window.waitForAnswer();
    await page.keyboard.press('e');
    await page.getByRole('combobox', { name: 'Label', exact: true }).fill('left-top');
    await page.keyboard.press('Enter');
    await window.answer.waitForDecision('corrected');
    await rename('Nephrectomy 12');
    await opened.restart();
    await window.waitUntilAskable();
    await expect.poll(() => caseName()).toBe('Nephrectomy 12');
    await expect.poll(() => window.questions()).toEqual([other]);
    await window.selectQuestion(other);
    await window.answer.waitForDecision('corrected');
    await window.answer.panel.locator('[data-part="own-version"]').getByText('Left-top').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(caseName).toBe('Demonstration case');
    await line('Case renamed “Demonstration case”: undone').waitFor();
    await page.keyboard.press('Control+z');
    await line('Answer corrected “left-top”: undone').waitFor();
    await window.answer.waitForDecision('open');
    await page.keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toEqual([other, question]);
    await expect.poll(() => window.answer.label.textContent()).toBe('Kidney');
  });

  it('is the field’s own where text is typed', async () => {
    await page.keyboard.press('q');
    await page.keyboard.type('where is');
    await page.keyboard.press('Control+z');
    await expect.poll(() => window.askField.inputValue()).not.toBe('where is');
    await expect.poll(() => window.questions()).toEqual([other, question]);
    await window.askField.fill('');
    await page.keyboard.press('Escape');
  });

  it('by the button takes back the step that its line tells of, and never another', async () => {
    await window.deleteQuestion(other);
    await page.getByRole('button', { name: /^Undo/ }).waitFor();
    await rename('Nephrectomy 13');
    await page.getByRole('button', { name: /^Undo/ }).waitFor({ state: 'hidden' });
    for (let steps = 0; steps < 2; steps += 1) await page.keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toEqual([other, question]);
    await expect.poll(() => caseName()).toBe('Demonstration case');
  });

  it('ends where nothing of this person is left to take back, and says so', async () => {
    for (let steps = 0; steps < 8; steps += 1) await page.keyboard.press('Control+z');
    await line(/nothing of yours to undo/).waitFor();
    await expect.poll(() => window.questions()).toEqual([]);
    await page.keyboard.press('Control+y');
    await page.keyboard.press('Control+y');
    await expect.poll(() => window.questions()).toEqual([other, question]);
  });

  it('refuses, in words, what was changed since in another session, and changes nothing', async () => {
    await rename('Nephrectomy 14');
    const dialog = page.getByRole('dialog', { name: 'Library' });
    await page.keyboard.press('Control+o');
    await dialog.getByRole('button', { name: 'New session with demo.mp4' }).click();
    await page.locator('header .session', { hasText: 'session 2' }).waitFor();
    await rename('Nephrectomy 15');
    await page.keyboard.press('Control+o');
    await dialog
      .getByRole('button', { name: /session 1/ })
      .first()
      .click();
    await page.locator('header .session', { hasText: 'session 1' }).waitFor();
    await page.keyboard.press('Control+z');
    await line(/^The case “Nephrectomy 15” was changed.* since then, so nothing was done/).waitFor();
    await line(/^Look at it as it is now/).waitFor();
    await expect.poll(() => caseName()).toBe('Nephrectomy 15');
    expect(await barriersOf(page)).toEqual([]);
    const picture = process.env['UNDO_PICTURE'];
    if (picture !== undefined) await page.screenshot({ path: picture });
  });
});
