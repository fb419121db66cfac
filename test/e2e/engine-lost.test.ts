import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkstationEvent } from '../../preload/contract/index.ts';
import { launchChromium } from './chromium.ts';
import { listen, newHome, removeHome, RunningHost } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

const home = newHome();
let host: RunningHost;
let browser: Browser;
let window: WorkstationPage;
let origin: string;
let cookie: string;

beforeAll(async () => {
  host = new RunningHost(home);
  origin = await host.origin();
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  window = new WorkstationPage(await context.newPage());
  await window.open(await host.address());
  const held = (await context.cookies())[0];
  cookie = `${held?.name}=${held?.value}`;
  await window.waitUntilAskable();
});

afterAll(async () => {
  await browser.close();
  await host.stop();
  removeHome(home);
});

describe('the engine killed in mid-answer', () => {
  it('leaves a partial answer, kept as stopped, and the reason in words', async () => {
    const engine = await host.engineProcessId();
    const frozen = new Promise<void>((resolve) => {
      const stop = listen(origin, cookie, (event: WorkstationEvent) => {
        if (event.type !== 'answer-text' || event.section !== 'reasoning') return;
        // Frozen first, so that the kill comes in the middle however fast the machine is.
        process.kill(engine, 'SIGSTOP');
        stop();
        resolve();
      });
    });
    await window.ask('What is the state of prograsp_forceps?');
    await frozen;
    expect(await window.answer.status()).toBe('running');
    process.kill(engine, 'SIGKILL');
    expect(await window.waitForAnswer()).toBe('stopped');
    expect((await window.answer.reasoning.textContent())?.trim().length).toBeGreaterThan(0);
    const shown = (await window.answer.panel.textContent()) ?? '';
    expect(shown).not.toMatch(/\bat \w+ \(|node:internal|\.ts:\d+/);
  });

  it('goes on: a new engine answers the next question', async () => {
    await window.waitUntilAskable();
    await window.goToFrame(60);
    await window.ask('What organ is being operated?');
    expect(await window.waitForAnswer()).toBe('answered');
    expect((await window.questions()).length).toBe(2);
  });

  it('keeps the partial answer over a reload', async () => {
    await window.reload();
    await window.selectQuestion('What is the state of prograsp_forceps?');
    await expect.poll(() => window.answer.status()).toBe('stopped');
    expect((await window.answer.reasoning.textContent())?.trim().length).toBeGreaterThan(0);
  });
});
