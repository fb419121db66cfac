import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { ClipFolder } from '../video/clips.ts';
import { newHome, RunningHost } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';

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
