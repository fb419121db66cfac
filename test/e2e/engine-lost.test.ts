import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkstationEvent } from '../../preload/contract/index.ts';
import { listen, newHome, passOf } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

let opened: OpenedWindow;
let window: WorkstationPage;
let origin: string;
let pass: string;

beforeAll(async () => {
  opened = await openWindow(newHome(), { viewport: { width: 1440, height: 900 } });
  ({ window } = opened);
  origin = await opened.host.origin();
  pass = await passOf(window.page);
  await window.waitUntilAskable();
});

afterAll(() => opened.close());

/**
 * Lets a process run for moments only, so that what it does between two looks at it is little however fast the machine
 * is. Returns what makes it stand still for good.
 */
function slowed(id: number): () => void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  process.kill(id, 'SIGSTOP');
  const timer = setInterval(() => {
    process.kill(id, 'SIGCONT');
    Atomics.wait(clock, 0, 0, 5);
    process.kill(id, 'SIGSTOP');
  }, 25);
  return () => clearInterval(timer);
}

describe('the engine killed in mid-answer', () => {
  it('leaves a partial answer, kept as stopped, and the reason in words', async () => {
    const engine = await opened.host.engineProcessId();
    const freeze = slowed(engine);
    const frozen = new Promise<void>((resolve) => {
      const stop = listen(origin, pass, (event: WorkstationEvent) => {
        if (event.type !== 'answer-text' || event.section !== 'reasoning') return;
        freeze();
        stop();
        resolve();
      });
    });
    await window.ask('What is the state of prograsp_forceps?');
    await frozen;
    await expect.poll(() => window.answer.status()).toBe('running');
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
    await window.waitForAnswer();
    await window.selectQuestion('What is the state of prograsp_forceps?');
    await expect.poll(() => window.answer.status()).toBe('stopped');
    expect((await window.answer.reasoning.textContent())?.trim().length).toBeGreaterThan(0);
  });
});

describe('the workstation killed while questions wait', () => {
  it('answers them by itself after its next start, each once', async () => {
    const engine = await opened.host.engineProcessId();
    process.kill(engine, 'SIGSTOP');
    const questions = ['Where is prograsp forceps located?', 'What is the state of prograsp forceps?'];
    for (const [index, question] of questions.entries()) {
      await window.goToFrame(90 + index);
      await window.ask(question);
    }
    // The model answers both together.
    await expect.poll(() => window.answer.status()).toBe('running');
    await opened.restart(() => process.kill(engine, 'SIGKILL'), 'kill');
    await expect.poll(async () => (await window.questions()).slice(0, 2)).toEqual(questions.toReversed());
    const picture = process.env['RESTART_PICTURE'];
    if (picture !== undefined) await window.page.screenshot({ path: picture });
    for (const question of questions) {
      await window.selectQuestion(question);
      await expect.poll(() => window.answer.status(), { timeout: 120_000 }).toBe('answered');
    }
    await expect.poll(async () => (await window.questions()).length).toBe(4);
  });
});
