import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, repository, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/**
 * A model comes into the workstation by its window alone: a folder as Hugging Face has it, chosen in the folder
 * browser, imported, and asked.
 */
const home = newHome();
/** The person's own folders, which the folder browser starts from. */
const person = newHome();
let host: RunningHost;
let browser: Browser;
let window: WorkstationPage;

beforeAll(async () => {
  const checkpoint = join(person, 'Documents', 'theatre-model');
  mkdirSync(checkpoint, { recursive: true });
  for (const name of [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'preprocessor_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]) {
    cpSync(join(repository, 'models', 'nano', name), join(checkpoint, name));
  }
  cpSync(checkpoint, join(person, 'Documents', 'half-a-model'), { recursive: true });
  rmSync(join(person, 'Documents', 'half-a-model', 'tokenizer.json'));
  host = new RunningHost(home, { HOME: person, USERPROFILE: person });
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  window = new WorkstationPage(await context.newPage());
  await window.open(await host.address());
  await window.waitUntilAskable();
});

afterAll(async () => {
  await browser.close();
  await host.stop();
  removeHome(home);
  removeHome(person);
});

describe('a checkpoint folder', () => {
  it('is imported and asked without leaving the window', async () => {
    const { models, page, answer } = window;
    await models.open();
    await models.item('Surgery-R1 nano').getByText('in use').waitFor();
    await models.chooseFolder('Documents', 'theatre-model');
    await models.dialog.getByText('A checkpoint to import').waitFor();
    expect(await models.dialog.getByRole('radio', { checked: true }).getAttribute('value')).toBe('q8');
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
    expect(await answer.label.textContent()).toContain('Kidney');
  });
});
