import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriersOf } from './barriers.ts';
import { copyPlainCheckpoint } from '../import/plain-checkpoint.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/**
 * A model comes into the workstation by its window alone: a folder as Hugging Face has it, chosen in the folder
 * browser, imported, and asked.
 */
/** The person's own folders, which the folder browser starts from. */
const person = newHome();
let opened: OpenedWindow;
let window: WorkstationPage;

beforeAll(async () => {
  const checkpoint = copyPlainCheckpoint(join(person, 'Documents', 'theatre-model'));
  cpSync(checkpoint, join(person, 'Documents', 'half-a-model'), { recursive: true });
  cpSync(checkpoint, join(person, 'Documents', 'large-model'), { recursive: true });
  rmSync(join(person, 'Documents', 'half-a-model', 'tokenizer.json'));
  opened = await openWindow(
    newHome(),
    { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' },
    { HOME: person, USERPROFILE: person },
  );
  // Imports share the processor with whatever else runs on a test machine.
  opened.context.setDefaultTimeout(120_000);
  ({ window } = opened);
  await window.waitUntilAskable();
});

afterAll(async () => {
  await opened.close();
  removeHome(person);
});

describe('a folder that is not whole', () => {
  it('says what is missing and what to do, and leaves everything as it was', async () => {
    const { models, page } = window;
    await models.open();
    await models.chooseFolder('Documents', 'half-a-model');
    await models.dialog.getByText('tokenizer.json: missing').waitFor();
    const fault = models.dialog.getByRole('alert');
    await expect.poll(() => fault.getAttribute('data-code')).toBe('model-no-tokenizer');
    await expect.poll(() => fault.textContent()).toContain('Copy tokenizer.json');
    await expect
      .poll(() => models.dialog.getByRole('button', { name: 'Import', exact: true }).count())
      .toBe(0);
    await models.dialog.getByRole('button', { name: 'Choose another folder…' }).click();
    await models.browseTo('Documents', 'theatre-model');
    await models.dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await models.dialog.waitFor({ state: 'hidden' });
  });
});

describe('an import by keys alone', () => {
  it('is stopped, found again after a reload, and gone on with', async () => {
    const { models, page } = window;
    const { keyboard } = page;
    await models.open();
    await models.chooseFolder('Documents', 'large-model');
    await models.dialog.getByRole('radio').first().focus();
    // Down the list of weights: from 8 bits to 4, 16 and 32.
    for (let presses = 0; presses < 3; presses += 1) await keyboard.press('ArrowDown');
    await expect
      .poll(() => models.dialog.getByRole('radio', { checked: true }).getAttribute('value'))
      .toBe('fp32');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await models.importOf('large-model').getByRole('button', { name: 'Stop' }).press('Enter');
    await models.waitForImport('large-model', 'interrupted');
    await window.reload();
    await models.open();
    await models.waitForImport('large-model', 'interrupted');
    expect(await barriersOf(page)).toEqual([]);
    await models.importOf('large-model').getByRole('button', { name: 'Go on' }).press('Enter');
    await models.waitForImport('large-model', 'done');
    await models.importOf('large-model').getByRole('button', { name: 'Not now' }).press('Enter');
    await models.importOf('large-model').waitFor({ state: 'detached' });
    // Removed by keys, too: asked first.
    await models
      .item('large-model')
      .getByRole('button', { name: /^Remove large-model/ })
      .press('Enter');
    expect(await barriersOf(page)).toEqual([]);
    await models.item('large-model').getByRole('button', { name: 'Remove', exact: true }).press('Enter');
    await models.item('large-model').waitFor({ state: 'detached' });
    await keyboard.press('Escape');
  });
});

describe('a checkpoint folder', () => {
  it('is imported and asked without leaving the window', async () => {
    const { models, page, answer } = window;
    await models.open();
    await models.item('Surgery-R1 nano').getByText('in use').waitFor();
    await models.chooseFolder('Documents', 'theatre-model');
    await models.dialog.getByText('A checkpoint to import').waitFor();
    await expect
      .poll(() => models.dialog.getByRole('radio', { checked: true }).getAttribute('value'))
      .toBe('q8');
    expect(await barriersOf(page)).toEqual([]);
    await models.dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await models.waitForImport('theatre-model', 'done');
    await models.importOf('theatre-model').getByText('The self-test passed').waitFor();
    await models.importOf('theatre-model').getByRole('button', { name: 'Use this model now' }).click();
    await models.item('theatre-model').getByText('in use').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'theatre-model · CPU' }).waitFor();
    await window.goToFrame(120);
    await window.ask('What organ is being operated?');
    expect(await window.waitForAnswer()).toBe('answered');
    await expect.poll(() => answer.label.textContent()).toContain('Kidney');
  });
});
