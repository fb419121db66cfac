import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { newHome, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** What a person sets for themselves and for the site, by keys alone, in several windows and over a restart. */
const home = newHome();
let opened: OpenedWindow;
let window: WorkstationPage;

beforeAll(async () => {
  opened = await openWindow(home, { reducedMotion: 'reduce' });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  await window.waitUntilAskable();
});
afterAll(() => opened.close());

const openSettings = async (key = 'Control+,'): Promise<void> => {
  await window.page.keyboard.press(key);
  await window.page.getByRole('dialog', { name: 'Settings' }).waitFor();
};
const closeDialog = async (): Promise<void> => {
  await window.page.keyboard.press('Escape');
  await window.page.getByRole('dialog').waitFor({ state: 'hidden' });
};

describe('keys', () => {
  it('are changed by keys alone: a clash is named, the new key works, and is shown', async () => {
    const { page } = window;
    const { keyboard } = page;
    await openSettings();
    await page.getByRole('button', { name: 'Change the key: Go to a frame or time' }).focus();
    await keyboard.press('Enter');
    await keyboard.press('q');
    await keyboard.press('Enter');
    await page.getByText('Q is the key of “Ask about this frame”. Change that one first.').waitFor();
    await keyboard.press('v');
    await keyboard.press('Enter');
    await expect
      .poll(() => page.locator(':focus').getAttribute('aria-label'))
      .toBe('Change the key: Go to a frame or time');
    expect(await barriersOf(page)).toEqual([]);
    await closeDialog();
    await keyboard.press('v');
    await page.getByRole('textbox', { name: 'Frame or time' }).waitFor();
    await closeDialog();
    await page.getByTitle('Go to a frame or time (V)').waitFor();
    await keyboard.press('?');
    await page.getByRole('dialog').getByText('V', { exact: true }).waitFor();
    await closeDialog();
  });

  it('hold in another window at once', async () => {
    const start = new RunningHost(home);
    const other = new WorkstationPage(await opened.context.newPage());
    await other.open(await start.address());
    await start.ended();
    await other.page.getByTitle('Go to a frame or time (V)').waitFor();
    await openSettings();
    await window.page.getByRole('checkbox', { name: /^Letters, digits and signs/ }).uncheck();
    await other.page.getByTitle('Go to a frame or time', { exact: true }).waitFor();
    await window.page.getByRole('checkbox', { name: /^Letters, digits and signs/ }).check();
    await other.page.getByTitle('Go to a frame or time (V)').waitFor();
    await closeDialog();
    await other.page.close();
  });
});

describe('questions of one’s own', () => {
  it('are kept, offered in every window, asked together by one act, and taken back by one', async () => {
    const { page } = window;
    const { keyboard } = page;
    const mine = page.getByRole('button', { name: 'mine', exact: true });
    for (const question of ['What organ is being operated?', 'Which instruments are in view?']) {
      await window.askField.fill(question);
      await mine.click();
      await page.getByRole('menuitem', { name: 'Keep what is typed' }).click();
      await expect
        .poll(async () => {
          await mine.click();
          const kept = await page.getByRole('menuitem', { name: `★ ${question}` }).count();
          await keyboard.press('Escape');
          return kept;
        })
        .toBe(1);
    }
    await mine.click();
    await page.getByRole('menuitem', { name: 'All 2 kept questions' }).click();
    await page.getByText('Each line is a question about this frame.').waitFor();
    await page.getByRole('button', { name: 'Ask 2 Enter' }).waitFor();
    await window.askField.press('Enter');
    await expect.poll(() => window.questions()).toHaveLength(2);
    await window.askField.press('Escape');
    await keyboard.press('Control+z');
    await expect.poll(() => window.questions()).toHaveLength(0);
  });

  it('that the model was not taught are said to be so before they are asked', async () => {
    await window.askField.fill('Should I convert to open surgery?');
    await window.page.getByText('The model was not taught this kind of question.').waitFor();
    expect(await barriersOf(window.page)).toEqual([]);
  });
});

describe('site settings', () => {
  const siteFile = (text: string) => ({
    ...{ name: 'site.json', mimeType: 'application/json' },
    buffer: Buffer.from(text),
  });
  const given = JSON.stringify({
    ...{ format: 'surgery-r1-site-settings', version: 1, name: 'Here' },
    labels: ['Renal hilum'],
    questionSets: [{ name: 'Hilum', questions: ['What organ is being operated?'] }],
    rejectReasons: [{ words: 'taken from the console', means: 'wrong-label' }],
  });

  it('are imported after a look at what changes, hold in every window, and are undone', async () => {
    const start = new RunningHost(home);
    const other = new WorkstationPage(await opened.context.newPage());
    await other.open(await start.address());
    await start.ended();

    const { page } = window;
    const { keyboard } = page;
    const part = page.locator('[data-part="site-settings"]');
    await window.askField.fill('');
    await window.askField.press('Escape');
    await openSettings();
    await page.getByRole('tab', { name: 'Keys' }).focus();
    await keyboard.press('ArrowRight');
    await part.getByText('Nothing is set here yet.').waitFor();
    const file = part.locator('input[type="file"]');
    await file.setInputFiles(siteFile(given.replace('"wrong-label"', '"ugly"')));
    await part.getByRole('alert').getByText('$.rejectReasons[0].means is "ugly"').waitFor();
    await file.setInputFiles(siteFile(given));
    await part.getByText('site.json changes 4 things').waitFor();
    await part.getByText('Label added: Renal hilum').waitFor();
    await expect.poll(() => barriersOf(page)).toEqual([]);
    await part.getByRole('button', { name: 'Import', exact: true }).press('Enter');
    await part.getByText('The site settings are imported.').waitFor();
    const saved = page.waitForEvent('download');
    await part.getByRole('button', { name: 'Export' }).click();
    expect((await saved).suggestedFilename()).toBe('site-settings.json');
    await closeDialog();

    const mine = other.page.getByRole('button', { name: 'mine', exact: true });
    await mine.click();
    await other.page.getByRole('menuitem', { name: 'Hilum: all 1' }).waitFor();
    await other.page.close();
    await keyboard.press('Control+z');
    await page.getByText('Site settings imported: undone').first().waitFor();
    await openSettings();
    await page.getByRole('tab', { name: 'Site' }).click();
    await part.getByText('Nothing is set here yet.').waitFor();
    await closeDialog();
  });
});
