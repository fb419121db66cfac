import type { Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { frameHeaders, type Answer, type WorkstationEvent } from '../../preload/contract/index.ts';
import { listen, newHome, passOf } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/**
 * A question is about the picture that the reviewer sees. Stills come late here, as they do of large videos on busy
 * machines, and the reviewer does not wait for them.
 */
const frames = '**/media/frames/**';
const lateMilliseconds = 1500;
const events: WorkstationEvent[] = [];
let opened: OpenedWindow;
let window: WorkstationPage;
let stopListening = (): void => undefined;

beforeAll(async () => {
  opened = await openWindow(newHome(), { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  ({ window } = opened);
  stopListening = listen(await opened.host.origin(), await passOf(window.page), (event) =>
    events.push(event),
  );
  await window.waitUntilAskable();
});

afterEach(() => window.page.unroute(frames));

afterAll(async () => {
  stopListening();
  await opened.close();
});

async function late(route: Route): Promise<void> {
  await new Promise((later) => setTimeout(later, lateMilliseconds));
  await route.continue().catch(() => undefined);
}

/** Types and presses Enter without waiting for anything, as fast hands do. */
async function askAtOnce(question: string): Promise<void> {
  await window.page.keyboard.press('q');
  await window.page.keyboard.type(question);
  await window.page.keyboard.press('Enter');
}

/** The answer to a question of this text, once it has ended. */
async function answerTo(question: string): Promise<Answer> {
  await window.answer.panel.getByText(question, { exact: true }).waitFor();
  await window.waitForAnswer();
  const id = await window.answer.panel.getAttribute('data-answer');
  const found = () =>
    events.findLast(
      (event) => event.type === 'answer' && event.answer.id === id && event.answer.endedAt !== null,
    );
  await expect.poll(found).toBeDefined();
  const event = found();
  if (event?.type !== 'answer') throw new Error('no answer ended');
  return event.answer;
}

async function expectAboutTheScreen(question: string): Promise<Answer> {
  const answer = await answerTo(question);
  expect(answer.status).not.toBe('failed');
  expect(answer.frame?.index).toBe(await window.frame.index());
  expect(answer.frame?.hash).toBe(await window.frame.hash());
  return answer;
}

describe('a question asked before the still has come', () => {
  it('is about the frame on which playback was halted', async () => {
    await window.goToFrame(0);
    await window.play();
    await window.frame.waitForMotion();
    await window.page.waitForTimeout(1500);
    await window.page.route(frames, late);
    await window.page.keyboard.press('k');
    await askAtOnce('What organ is being operated?');
    const answer = await expectAboutTheScreen('What organ is being operated?');
    expect(answer.frame?.index).toBeGreaterThan(5);
  });

  it('is about the frame on which Enter halts playback', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(0);
    // The keys are in the field before playback begins: nothing but Enter halts it.
    await window.useTemplate('organ');
    await window.play();
    await window.frame.waitForMotion();
    await window.page.waitForTimeout(1500);
    await window.page.route(frames, late);
    await window.askField.focus();
    await window.page.keyboard.type(' Now');
    await window.page.keyboard.press('Enter');
    const answer = await expectAboutTheScreen('What organ is being operated? Now');
    expect(answer.frame?.index).toBeGreaterThan(5);
  });

  it('is about the frame that was clicked on the timeline', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(0);
    await window.page.route(frames, late);
    const track = (await window.page.locator('.track').boundingBox())!;
    await window.page.mouse.click(track.x + track.width * 0.6, track.y + track.height - 6);
    await askAtOnce('Is the stapler seen?');
    const answer = await expectAboutTheScreen('Is the stapler seen?');
    expect(answer.frame?.index).toBeGreaterThan(100);
  });

  it('is about the frame that was stepped to, or gone to', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(50);
    await window.page.route(frames, late);
    await window.page.keyboard.press('Shift+ArrowRight');
    await askAtOnce('Where is suction?');
    expect((await expectAboutTheScreen('Where is suction?')).frame?.index).toBe(60);
    await window.page.keyboard.press('Escape');
    await window.goTo('#222');
    await askAtOnce('Where is prograsp forceps?');
    expect((await expectAboutTheScreen('Where is prograsp forceps?')).frame?.index).toBe(222);
  });

  it('says in the ask box which frame that is', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(65);
    const target = window.page.locator('[data-part="ask-target"]');
    await expect.poll(() => target.textContent()).toBe('about 00:00:02.600 · frame 65');
    await window.page.route(frames, late);
    await window.page.keyboard.press('ArrowRight');
    await expect.poll(() => target.textContent()).toBe('about frame 66, which is on its way');
    await window.frame.waitFor(66);
    await expect.poll(() => target.textContent()).toBe('about 00:00:02.640 · frame 66');
  });
});

describe('a picture that is not what the frame decodes to', () => {
  const foreign = 'f'.repeat(64);

  /** The frames of before, as a window holds them whose file has changed behind it. */
  async function stale(route: Route): Promise<void> {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), [frameHeaders.hash]: foreign } });
  }

  it('is not asked about: the question comes back with the reason, and nothing is kept', async () => {
    const before = await window.questions();
    // Later looks at the frame find what it is now.
    await window.page.route(frames, stale, { times: 1 });
    await window.goToFrame(300);
    await expect.poll(() => window.frame.hash()).toBe(foreign);
    await askAtOnce('What organ is this?');
    await window.answer.panel.getByText(/is not the picture that the question is about/).waitFor();
    await expect.poll(() => window.askField.inputValue()).toBe('What organ is this?');
    await expect.poll(() => window.questions()).toEqual(before);
    // The window has drawn the frame anew by itself; what it shows now can be asked about.
    await expect.poll(() => window.frame.hash()).not.toBe(foreign);
    await window.page.keyboard.press('Enter');
    expect((await expectAboutTheScreen('What organ is this?')).frame?.index).toBe(300);
  });

  it('gets no box of an answer that was given for another', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(180);
    await askAtOnce('Where is monopolar curved scissors located?');
    await expectAboutTheScreen('Where is monopolar curved scissors located?');
    await expect.poll(() => window.boxOnFrame()).not.toBeNull();
    await window.page.route(frames, stale);
    await window.reload();
    await window.selectQuestion('Where is monopolar curved scissors located?');
    await window.frame.waitFor(180);
    await window.answer.panel.getByText(/given for another picture of this frame/).waitFor();
    await expect.poll(() => window.boxOnFrame()).toBeNull();
    await expect
      .poll(() => window.answer.panel.getByText('Words and box name the same place').count())
      .toBe(0);
    await window.page.unroute(frames);
    await window.reload();
    await window.selectQuestion('Where is monopolar curved scissors located?');
    await window.frame.waitFor(180);
    await expect.poll(() => window.boxOnFrame()).not.toBeNull();
  });
});

describe('what is typed after Enter', () => {
  it('is the next question, never a command, however slow the call is', async () => {
    await window.page.keyboard.press('Escape');
    await window.goToFrame(120);
    await window.page.route('**/api/ask', async (route) => {
      await new Promise((later) => setTimeout(later, 800));
      await route.continue();
    });
    const count = (await window.questions()).length;
    await window.page.keyboard.press('q');
    await window.page.keyboard.type('What organ is it?');
    await window.page.keyboard.press('Enter');
    // Letters that mean play, faster, ask again, library and the next answer elsewhere.
    await window.page.keyboard.type('Where is l, k, r, o and n?', { delay: 40 });
    await answerTo('What organ is it?');
    await expect.poll(() => window.askField.inputValue()).toBe('Where is l, k, r, o and n?');
    await expect.poll(() => window.questions()).toHaveLength(count + 1);
    await expect.poll(() => window.frame.index()).toBe(120);
    await expect.poll(() => window.page.getByRole('dialog').count()).toBe(0);
    await window.page.unroute('**/api/ask');
    // Esc gives the keys back: the next one steps.
    await window.page.keyboard.press('Escape');
    await window.step(1);
    await expect.poll(() => window.frame.index()).toBe(121);
    await window.askField.fill('');
    await window.page.keyboard.press('Escape');
  });
});
