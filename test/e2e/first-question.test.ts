import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { newHome, removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** A person who asks at once, on a machine where a model takes long to load: its process stands still for a while. */
const home = newHome();
let host: RunningHost;
let browser: Browser;
let window: WorkstationPage;
let engine: number;

beforeAll(async () => {
  browser = await launchChromium();
  host = new RunningHost(home);
  engine = await host.engineProcessId();
  process.kill(engine, 'SIGSTOP');
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    reducedMotion: 'reduce',
  });
  window = new WorkstationPage(await context.newPage());
  await window.open(await host.address());
});

afterAll(async () => {
  await browser.close();
  await host.stop();
  removeHome(home);
});

describe('a question that is asked while the model is still being loaded', () => {
  it('is taken, says that it waits for the model, and is answered once that is there', async () => {
    const { page } = window;
    const question = 'What organ is being operated?';
    await page.locator('button[data-phase="loading"]').waitFor();
    await page.getByText('What is asked now waits for it.').waitFor();
    await page.keyboard.press('q');
    await page.keyboard.type(question);
    await page.keyboard.press('Enter');
    await window.answer.panel.getByText('Waits for the model…').waitFor();
    await expect.poll(() => window.askField.inputValue()).toBe('');
    await expect.poll(() => window.questions()).toEqual([question]);
    await expect.poll(() => window.answerRow(question).textContent()).toContain('waits for the model');

    // Its turn has come, but not its model: it can still be put off.
    const waiting = page.locator('[data-part="waiting-questions"]');
    await waiting.getByRole('button', { name: 'Pause the questions that wait' }).click();
    await waiting.getByText('1 paused').waitFor();
    await window.answer.panel.getByText('Paused, asked once you resume it').waitFor();
    await expect.poll(() => window.answerRow(question).textContent()).toContain('paused');
    await waiting.getByRole('button', { name: 'Resume the paused questions' }).click();
    await window.answer.panel.getByText('Waits for the model…').waitFor();

    process.kill(engine, 'SIGCONT');
    // A busy machine takes its time to load a model.
    const phase = () => window.modelChip.getAttribute('data-phase');
    await expect.poll(phase, { timeout: 120_000 }).toBe('ready');
    expect(await window.waitForAnswer()).toBe('answered');
  });
});
