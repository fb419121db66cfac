import { renameSync } from 'node:fs';
import type { State } from '../walk.ts';
import { question } from './questions.ts';

/** The library, files in every condition, and the end of the workstation. */
export const files: readonly State[] = [
  {
    name: 'library',
    title: 'The library',
    async reach({ page, window }) {
      await window.library.open();
      await page.locator('[data-part="library-picture"]').waitFor();
    },
  },
  {
    name: 'bin',
    title: 'The bin',
    async reach({ page }) {
      await page.getByRole('button', { name: /^Delete .*session 1/ }).click();
      await page.getByRole('button', { name: 'Bin (1)' }).click();
    },
    leave: ({ keyboard }) => keyboard.press('Escape'),
  },
  {
    name: 'in-bin',
    title: 'A session that lies in the bin',
    reach: ({ page }) => page.locator('[data-part="in-bin"]').waitFor(),
    leave: ({ page }) =>
      page.locator('[data-part="in-bin"]').getByRole('button', { name: 'Restore' }).click(),
  },
  {
    name: 'folders',
    title: 'The folder browser',
    async reach({ page, window }) {
      await window.library.open();
      await page.getByRole('button', { name: 'Open a video…' }).click();
      await page.getByRole('list', { name: 'Folders and videos' }).waitFor();
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Escape');
      await keyboard.press('Escape');
      await page.locator('dialog[open]').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'copy',
    title: 'A file whose place the browser hides: asked before it is copied',
    async reach({ page, window, dropped }) {
      await window.library.dropFile(dropped);
      await page.getByRole('button', { name: /^Copy \d/ }).waitFor();
    },
  },
  {
    name: 'copied',
    title: 'The review of a copy',
    async reach({ page, window }) {
      await page.getByRole('button', { name: /^Copy \d/ }).click();
      await page.locator('header .chip', { hasText: 'copy' }).waitFor();
      await window.waitUntilAskable();
    },
  },
  {
    name: 'unlike',
    title: 'A picture unlike what the model was taught with, in a file with a long name',
    async reach({ page, window, ask }) {
      await window.library.open();
      await window.library.openFile('Videos', 'console recording');
      await page.locator('header .file', { hasText: 'console recording' }).waitFor();
      await window.waitUntilAskable();
      await ask(question.organ, 20);
    },
  },
  {
    name: 'known',
    title: 'A recording that is known already',
    async reach({ window, page, dropped }) {
      await window.library.dropFile(dropped);
      await page.getByRole('button', { name: /^Go on in/ }).waitFor();
    },
    leave: ({ page }) => page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click(),
  },
  {
    name: 'file-missing',
    title: 'The file is away: what was kept of it is shown',
    async reach({ page, recording }) {
      renameSync(recording, `${recording}.away`);
      await page.reload();
      await page.getByRole('button', { name: 'Locate the file…' }).waitFor();
    },
    async leave({ page, window, recording }) {
      renameSync(`${recording}.away`, recording);
      await page.reload();
      await window.waitUntilAskable();
    },
  },
  {
    name: 'disconnected',
    title: 'The workstation has ended',
    async reach({ host, page }) {
      await host.kill();
      await page.getByText('The workstation does not answer.').first().waitFor();
    },
  },
];
