import type { Desk, State } from '../walk.ts';

const find = ({ page }: Desk) => page.getByRole('dialog', { name: 'Find', exact: true });
const close = async ({ keyboard, page }: Desk): Promise<void> => {
  await keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
};
const open =
  (key: string) =>
  async ({ page, dialog }: Desk): Promise<void> => {
    await page.locator('body').press(key);
    await dialog.waitFor();
  };

/** A site's settings, as a site's file states them. */
const siteFile = {
  ...{ format: 'surgery-r1-site-settings', version: 1, name: 'Example hospital, urology' },
  labels: ['Clip applier', 'Renal hilum', 'Bulldog clamp'],
  questionSets: [{ name: 'Hilar dissection', questions: ['What organ is being operated?'] }],
  segmentNames: [
    { list: 'Phases', names: ['Port placement', 'Mobilisation', 'Hilar dissection', 'Closure'] },
  ],
  rejectReasons: [{ words: 'console overlay taken for an instrument', means: 'wrong-label' }],
  thresholds: { unsureBelow: 0.6 },
};
const fileOf = (settings: object) => ({
  ...{ name: 'site.json', mimeType: 'application/json' },
  buffer: Buffer.from(JSON.stringify(settings)),
});
const siteInput = ({ page }: Desk) => page.locator('[data-part="site-settings"] input[type="file"]');

/** Finding, keys, settings, models. */
export const dialogs: readonly State[] = [
  {
    name: 'find',
    title: 'Find: answers, marks and commands',
    async reach(desk) {
      await desk.keyboard.press('Control+k');
      await find(desk).getByRole('combobox').fill('scissors');
      await find(desk).locator('[role="option"]').first().waitFor();
    },
  },
  {
    name: 'nothing-found',
    title: 'Nothing found',
    async reach(desk) {
      await find(desk).getByRole('combobox').fill('nothing like it');
      await desk.page.getByText('Nothing found.').waitFor();
    },
    leave: close,
  },
  { name: 'keys', title: 'The sheet of keys', reach: open('?'), leave: close },
  { name: 'settings', title: 'Settings: keys', reach: open('Control+,') },
  {
    name: 'site-empty',
    title: 'Site settings: nothing is set',
    reach: ({ page }) => page.getByRole('tab', { name: 'Site' }).click(),
  },
  {
    name: 'site-refused',
    title: 'Site settings: a file with a mistake',
    async reach(desk) {
      await siteInput(desk).setInputFiles(
        fileOf({ ...siteFile, rejectReasons: [{ words: 'no', means: 'ugly' }] }),
      );
      await desk.dialog.getByRole('alert').waitFor();
    },
  },
  {
    name: 'site-changes',
    title: 'Site settings: what a file will change',
    async reach(desk) {
      await siteInput(desk).setInputFiles(fileOf(siteFile));
      await desk.dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
    },
  },
  {
    name: 'site',
    title: 'Site settings, imported',
    async reach({ dialog }) {
      await dialog.getByRole('button', { name: 'Import', exact: true }).click();
      await dialog.getByText('The site settings are imported.').waitFor();
    },
    leave: close,
  },
  { name: 'go-to', title: 'Go to a frame or time', reach: open('g'), leave: close },
  {
    name: 'recordings',
    title: 'The recordings of a case',
    async reach({ page, dialog }) {
      await page.getByRole('button', { name: /^Recordings of this case/ }).click();
      await dialog.waitFor();
    },
    leave: close,
  },
  {
    name: 'model',
    title: 'The model and its device',
    reach: ({ window }) => window.modelChip.click(),
    leave: ({ keyboard }) => keyboard.press('Escape'),
  },
  { name: 'models', title: 'Models', reach: ({ window }) => window.models.open() },
  {
    name: 'import',
    title: 'A model before it is imported',
    isInReadme: true,
    async reach({ window: { models } }) {
      await models.chooseFolder('Documents', 'our-first-fine-tuning');
      await models.dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
    },
  },
  {
    name: 'imported',
    title: 'A model that was imported',
    isInReadme: true,
    async reach({ page, window: { models } }) {
      await models.dialog.getByRole('button', { name: 'Import', exact: true }).click();
      await models
        .importOf('our-first-fine-tuning')
        .and(page.locator('[data-state="done"]'))
        .waitFor({ timeout: 90_000 });
    },
  },
  {
    name: 'another-model',
    title: 'An answer that was given by another model than the one in use',
    async reach({ window, keyboard }) {
      await window.models
        .importOf('our-first-fine-tuning')
        .getByRole('button', { name: 'Use this model now' })
        .click();
      await keyboard.press('Escape');
      await window.waitUntilAskable();
      await window.selectQuestion('Where is prograsp forceps located?');
    },
    // What follows is of the embedded model, which states what it was taught.
    async leave({ window, keyboard }) {
      await window.models.open();
      await window.models.item('Surgery-R1 nano').getByRole('button', { name: /^Use/ }).click();
      await keyboard.press('Escape');
      await window.waitUntilAskable();
    },
  },
];
