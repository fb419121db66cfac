import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { ClipFolder } from '../video/clips.ts';
import { newHome, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import { WorkstationPage } from './pages/workstation-page.ts';

/** How a recording is shown to others: with its sound, on the whole screen, in a window without controls. */
const home = newHome();
const clips = new ClipFolder();
let opened: OpenedWindow;
let page: Page;

beforeAll(async () => {
  const clip = await clips.convert(
    [
      ...['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=20', '-f', 'lavfi', '-i', 'sine=f=440:d=20'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ],
    'with sound.mp4',
  );
  copyFileSync(clip, join(home, 'with sound.mp4'));
  opened = await openWindow(home);
  const start = new RunningHost(home, {}, join(home, 'with sound.mp4'));
  page = await opened.context.newPage();
  await page.goto(await start.address());
  await start.ended();
  await page.locator('header .file .name').getByText('with sound.mp4').waitFor();
  await page.locator('canvas[data-part="frame"][data-frame-index]').waitFor();
});
afterAll(async () => {
  await opened.close();
  clips.remove();
});

const heard = (): Promise<{ muted: boolean; decoded: number }> =>
  page.locator('video').evaluate((video: HTMLVideoElement & { webkitAudioDecodedByteCount?: number }) => ({
    muted: video.muted,
    decoded: video.webkitAudioDecodedByteCount ?? -1,
  }));

describe('the sound of a recording', () => {
  it('is off, is switched on by a key while it plays, and is silent where it could not be understood', async () => {
    const sound = page.getByRole('button', { name: 'Sound', exact: true });
    await expect.poll(() => sound.textContent()).toContain('sound off');
    await page.keyboard.press(' ');
    await page.locator('canvas[data-moving="true"]').waitFor({ state: 'attached' });
    expect((await heard()).muted).toBe(true);
    await page.keyboard.press('Shift+S');
    await expect.poll(async () => (await heard()).muted).toBe(false);
    await expect.poll(async () => (await heard()).decoded).toBeGreaterThan(0);
    await expect.poll(() => sound.textContent()).toContain('sound on');
    for (let faster = 0; faster < 3; faster += 1) await page.keyboard.press('Shift+D');
    await expect.poll(() => sound.textContent()).toContain('silent at 4×');
    expect((await heard()).muted).toBe(true);
    for (let slower = 0; slower < 3; slower += 1) await page.keyboard.press('d');
    await expect.poll(async () => (await heard()).muted).toBe(false);
    await page.keyboard.press('k');
    await page.locator('canvas[data-moving="false"]').waitFor();
    await page.keyboard.press('Shift+S');
    await expect.poll(() => sound.textContent()).toContain('sound off');
  });
});

describe('the frame on the whole screen', () => {
  it('comes and goes by a key, with the keys as before and the answer’s side where it is asked for', async () => {
    const stage = page.getByRole('region', { name: 'Frame', exact: true });
    const width = async (): Promise<number> => (await stage.boundingBox())?.width ?? 0;
    const before = await width();
    await page.keyboard.press('f');
    await expect.poll(width).toBeGreaterThan(before * 1.2);
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true);
    const canvas = page.locator('canvas[data-part="frame"]');
    await page.keyboard.press('Home');
    await expect.poll(() => canvas.getAttribute('data-frame-index')).toBe('0');
    await page.keyboard.press('.');
    await expect.poll(() => canvas.getAttribute('data-frame-index')).toBe('1');
    const time = page.getByRole('region', { name: 'Time', exact: true });
    const opacity = () => time.evaluate((element) => getComputedStyle(element).opacity);
    await expect.poll(opacity).toBe('1');
    await expect.poll(opacity, { timeout: 10_000 }).toBe('0');
    await page.mouse.move(300, 300);
    await page.mouse.move(320, 310);
    await expect.poll(opacity).toBe('1');
    await page.keyboard.press('q');
    await expect
      .poll(() =>
        page.getByLabel('Question about this frame').evaluate((field) => document.activeElement === field),
      )
      .toBe(true);
    const side = page.getByRole('complementary', { name: 'Questions and answers' });
    await expect.poll(() => side.evaluate((element) => getComputedStyle(element).opacity)).toBe('1');
    if (process.env['PICTURES'])
      await page.screenshot({ path: `${process.env['PICTURES']}/full-asking.png` });
    await page.keyboard.press('Escape');
    if (process.env['PICTURES']) await page.screenshot({ path: `${process.env['PICTURES']}/full.png` });
    await page.keyboard.press('f');
    await expect.poll(width).toBe(before);
  });
});

describe('a window for presenting', () => {
  it('shows the frame, boxes and answer of the first one at once, and nothing else of it', async () => {
    const { context } = opened;
    const first = new WorkstationPage(await context.newPage());
    await first.open(await opened.host.origin());
    await first.waitUntilAskable();
    await first.goToFrame(60);
    await first.ask('What organ is being operated?');
    await first.waitForAnswer();
    const label = (await first.answer.label.textContent())!;

    const opening = context.waitForEvent('page');
    await first.page.keyboard.press('Shift+F');
    const watching = await opening;
    const frame = watching.locator('canvas[data-part="frame"]');
    const answer = watching.locator('[data-part="presented-answer"]');
    const attribute = (name: string) => () => frame.getAttribute(name);
    await expect.poll(attribute('data-frame-hash')).toBe(await first.frame.hash());
    await expect.poll(() => answer.textContent()).toContain(label);
    const boxes = watching.locator('[data-part="model-box"]');
    await expect.poll(() => boxes.count()).toBe(await first.page.locator('[data-part="model-box"]').count());
    await expect
      .poll(() => boxes.first().getAttribute('data-box'))
      .toBe(await first.page.locator('[data-part="model-box"]').first().getAttribute('data-box'));
    await expect.poll(() => watching.getByRole('button').count()).toBe(0);
    const name = watching.locator('[data-part="presented-name"]');
    await expect.poll(() => name.count()).toBe(0);
    if (process.env['PICTURES'])
      await watching.screenshot({ path: `${process.env['PICTURES']}/presented.png` });
    if (process.env['PICTURES'])
      await first.page.screenshot({ path: `${process.env['PICTURES']}/presenter.png` });

    await first.page.bringToFront();
    await first.page.keyboard.press('h');
    await expect.poll(() => boxes.count()).toBe(0);
    await expect.poll(() => answer.count()).toBe(0);
    await first.page.keyboard.press('h');
    await expect.poll(() => answer.count()).toBe(1);
    await first.page.getByRole('button', { name: 'without its name' }).click();
    await expect.poll(() => name.count()).toBe(1);

    await first.step(1);
    await expect.poll(attribute('data-frame-index')).toBe('61');
    await expect.poll(() => answer.count()).toBe(0);
    await first.page.keyboard.press(' ');
    await expect.poll(attribute('data-moving')).toBe('true');
    await first.page.keyboard.press('k');
    await first.frame.waitForStill();
    await expect.poll(attribute('data-frame-hash')).toBe(await first.frame.hash());

    await first.page.reload();
    await first.frame.waitForAny();
    await first.goToFrame(30);
    await expect.poll(attribute('data-frame-index')).toBe('30');

    await watching.close();
    await first.page.locator('[data-part="presenting"]').waitFor({ state: 'detached' });
    await first.step(1);
    // A notice of how this machine is set up is no fault of what was done.
    await expect.poll(() => first.errors.and(first.page.locator('.bad')).count()).toBe(0);
  });

  it('shows nothing once the first one has gone', async () => {
    const watching = await opened.context.newPage();
    await watching.goto(`${await opened.host.origin()}/?present=web-nobody`);
    await watching.getByText('Nothing is being presented').waitFor();
    await expect.poll(() => watching.locator('canvas').count()).toBe(0);
  });
});
