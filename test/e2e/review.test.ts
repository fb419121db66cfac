import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { loadImage, createCanvas } from '@napi-rs/canvas';
import type { Browser, BrowserContext, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iou } from '../../preload/contract/boxes.ts';
import type { WorkstationEvent } from '../../preload/contract/index.ts';
import { launchChromium } from './chromium.ts';
import { listen, newHome, removeHome, repository, RunningHost, passOf } from './host.ts';
import { WorkstationPage } from './pages/workstation-page.ts';
import { drawnIn } from './truth.ts';

/** The main job, as a reviewer does it: one browser, one workstation, one session, from top to bottom. */
const askedFrame = 180;
const tool = 'monopolar_curved_scissors';
const question = `Where is ${tool} located?`;

const home = newHome();
const origins: string[] = [];
const elsewhere: string[] = [];
const troubles: string[] = [];
const events: WorkstationEvent[] = [];
let host: RunningHost;
let browser: Browser;
let context: BrowserContext;
let window: WorkstationPage;
let stopListening = () => {};

beforeAll(async () => {
  host = new RunningHost(home);
  const origin = await host.origin();
  origins.push(origin);
  browser = await launchChromium();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !origins.includes(new URL(request.url()).origin))
      elsewhere.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  window = new WorkstationPage(page);
  await window.open(await host.address());
  stopListening = listen(origin, await passOf(page), (event) => events.push(event));
});

afterAll(async () => {
  stopListening();
  await browser.close();
  await host.stop();
  removeHome(home);
});

describe('a review of the bundled clip', () => {
  it('opens in the demonstration case, says what it is, and has no token in its address', async () => {
    await window.waitUntilAskable();
    expect(new URL(window.page.url()).search).toBe('');
    await expect.poll(() => window.notMedical.count()).toBe(1);
    await expect.poll(() => window.syntheticNote.count()).toBeGreaterThan(0);
    await expect.poll(() => window.frame.index()).toBe(0);
  });

  it('steps to exactly the frame that the command line extracts', async () => {
    await window.step(3);
    await window.step(-1);
    await expect.poll(() => window.frame.index()).toBe(2);
    const file = join(home, 'frame.png');
    const told = execFileSync(
      process.execPath,
      [
        join(repository, 'main/hosts/cli/index.ts'),
        'frame',
        join(repository, 'resources/clip/demo.mp4'),
        '--index',
        '2',
        '--out',
        file,
        '--json',
        // Not the person's own data folder, whatever is in it.
        '--home',
        join(home, 'command-line'),
      ],
      { encoding: 'utf8' },
    );
    const extracted = JSON.parse(told.trim().split('\n').at(-1) ?? '') as { pts: number; hash: string };
    await expect.poll(() => window.frame.pts()).toBe(extracted.pts);
    await expect.poll(() => window.frame.hash()).toBe(extracted.hash);

    const picture = await loadImage(file);
    const canvas = createCanvas(picture.width, picture.height);
    canvas.getContext('2d').drawImage(picture, 0, 0);
    for (const [x, y] of [
      [5, 5],
      [320, 256],
      [500, 360],
    ] as const) {
      const [red, green, blue] = canvas.getContext('2d').getImageData(x, y, 1, 1).data;
      await expect.poll(() => window.frame.pixel(x, y)).toEqual([red, green, blue]);
    }
  });

  it('asks for one thing a step, or a jump, that it has not seen yet: the frame', async () => {
    await window.goToFrame(300);
    const { page } = window;
    // What the frame before still asks for: where the reviewer stands is written down once the stepping rests.
    await page.waitForTimeout(1500);
    const asked: string[] = [];
    const listen = (request: Request) => asked.push(new URL(request.url()).pathname);
    page.on('request', listen);
    await window.step(8);
    await window.step(-12);
    for (const frame of [20, 340, 90, 210]) await window.goToFrame(frame);
    await page.waitForTimeout(1500);
    page.off('request', listen);
    const frames = asked.map((path) => /^\/media\/frames\/[^/]+\/(\d+)$/.exec(path)?.[1]);
    // One frame further than a step has gone is fetched ahead of the next, either way.
    const stepped = [...Array.from({ length: 9 }, (_, step) => 301 + step), 299, 298, 297, 296, 295];
    const seen = frames.filter((frame) => frame !== undefined).map(Number);
    expect(seen.sort((a, b) => a - b)).toEqual([...stepped, 20, 340, 90, 210].sort((a, b) => a - b));
    // Where the reviewer stands is written down whenever the stepping rests, which a slow machine makes longer.
    const others = asked.filter((_, place) => frames[place] === undefined);
    expect([...new Set(others)]).toEqual(['/api/savePosition']);
    expect(others.length).toBeLessThanOrEqual(6);
  });

  it('answers a question in a stream, with the box where the instrument was drawn', async () => {
    await window.goToFrame(askedFrame);
    const lengthsSeen = await window.answer.watchStream();
    await window.ask(question);
    expect(await window.waitForAnswer()).toBe('answered');
    expect((await lengthsSeen()).length).toBeGreaterThan(2);
    const texts = events.filter((event) => event.type === 'answer-text');
    expect(texts.length).toBeGreaterThan(5);

    const truth = drawnIn(askedFrame, tool);
    expect((await window.answer.label.textContent())?.toLowerCase()).toBe(truth.place);
    expect((await window.answer.reasoning.textContent())?.trim().length).toBeGreaterThan(20);
    const onScreen = await window.boxOnFrame();
    expect(onScreen).not.toBeNull();
    expect(iou(onScreen!, truth.box)).toBeGreaterThan(0.3);

    const answered = events.find((event) => event.type === 'answer' && event.answer.status === 'answered');
    const box = answered?.type === 'answer' ? answered.answer.box : null;
    for (const edge of [0, 1, 2, 3] as const) expect(onScreen![edge]).toBeCloseTo(box![edge], 0);
  });

  it('keeps the box on the frame when zoomed', async () => {
    const before = await window.boxOnFrame();
    await window.frame.zoomIn(2);
    const after = await window.boxOnFrame();
    for (const edge of [0, 1, 2, 3] as const) expect(Math.abs(after![edge] - before![edge])).toBeLessThan(1);
    await window.frame.zoomToFit();
  });

  it('saves a picture of the frame with box and label on it', async () => {
    const [download] = await Promise.all([
      window.page.waitForEvent('download'),
      window.page.getByRole('link', { name: 'Save picture' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`frame-${askedFrame}.png`);
    const picture = await loadImage(await download.path());
    expect(picture.width).toBe(640);
    // The footer with frame number and disclaimer stands below the frame.
    expect(picture.height).toBeGreaterThan(512);
  });

  it('is where it was after a reload, with the answer and its box', async () => {
    await expect.poll(() => window.savedNote.count()).toBe(1);
    await window.reload();
    await window.frame.waitFor(askedFrame);
    await expect.poll(() => window.questions()).toContain(question);
    await window.selectQuestion(question);
    expect(iou((await window.boxOnFrame())!, drawnIn(askedFrame, tool).box)).toBeGreaterThan(0.3);
  });

  it('finds the session again in the library', async () => {
    await window.step(4);
    await window.library.open();
    await expect.poll(() => window.library.sessions.count()).toBe(1);
    await window.library.openSession(/demo\.mp4/);
    await window.frame.waitForAny();
    await expect.poll(() => window.questions()).toContain(question);
  });

  it('finds the session again after the workstation was closed and started anew', async () => {
    expect(await host.stop()).toBe(0);
    host = new RunningHost(home);
    origins.push(await host.origin());
    await window.open(await host.address());
    await expect.poll(() => window.questions()).toContain(question);
    await expect.poll(() => window.frame.index()).toBe(askedFrame + 4);
  });

  it('is found again by its words, by keys alone; Escape leaves everything as it was', async () => {
    const { page } = window;
    const found = page.getByRole('option', { name: /Where is/ });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('is:open "curved sciss');
    await found.waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Find' }).waitFor({ state: 'hidden' });
    await expect.poll(() => window.frame.index()).toBe(askedFrame + 4);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('scissors');
    await found.waitFor();
    await page.keyboard.press('Enter');
    await window.frame.waitFor(askedFrame);
    await expect.poll(() => window.boxOnFrame()).not.toBeNull();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('first frame');
    await page.getByRole('option', { name: /First frame/ }).waitFor();
    await page.keyboard.press('Enter');
    await window.frame.waitFor(0);
  });

  it('asked nothing of any other machine and broke no rule of its own page', () => {
    expect(elsewhere).toEqual([]);
    // A host that ends closes its events; the page reconnects and Chromium tells of the tries. The advice on
    // reading canvases is for this test, which reads pixels; the page doesn't.
    expect(
      troubles.filter(
        (text) =>
          !/ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|401|willReadFrequently/.test(text),
      ),
    ).toEqual([]);
  });
});
