import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeJoined } from '../video/clock-clips.ts';
import { ClipFolder, readCounter } from '../video/clips.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** A recorder that was paused twice: its clock began anew, then leapt by ten hours. */
const person = newHome();
const clips = new ClipFolder();
let opened: OpenedWindow;
let page: Page;
let window: WorkstationPage;

beforeAll(async () => {
  const parts = [{ frames: 150 }, { frames: 75 }, { frames: 75, at: 36_000 }];
  mkdirSync(join(person, 'Documents'));
  copyFileSync(await makeJoined(clips, 'joined', 'ts', parts), join(person, 'Documents', 'joined.ts'));
  const sizes = [{ frames: 75 }, { frames: 75, width: 384, height: 320, at: 3 }];
  copyFileSync(await makeJoined(clips, 'sizes', 'ts', sizes), join(person, 'Documents', 'sizes.ts'));
  opened = await openWindow(newHome(), {}, { HOME: person, USERPROFILE: person });
  opened.context.setDefaultTimeout(60_000);
  ({ window } = opened);
  ({ page } = window);
  await window.library.open();
  await window.library.openFile('Documents', 'joined.ts');
  await page.getByText('/ 00:00:12', { exact: true }).waitFor();
  await window.frame.waitFor(0);
});

afterAll(async () => {
  await opened.close();
  clips.remove();
  removeHome(person);
});

describe('a recording whose clock begins anew', () => {
  it('says where it is joined, also to those who cannot see it', async () => {
    const joins = page.getByRole('list', { name: 'Joins in the recording' }).getByRole('listitem');
    await expect
      .poll(() => joins.allTextContents())
      .toEqual([
        expect.stringContaining('00:00:06.000, frame 150') as string,
        expect.stringContaining('00:00:09.000, frame 225') as string,
      ]);
  });

  it('goes to the frame that a time names, before and after the joins', async () => {
    for (const [place, index] of [
      ['0:00.8', 20],
      ['0:06.8', 170],
      ['00:00:09.000', 225],
      ['0:11.96', 299],
    ] as const) {
      await window.goTo(place);
      await window.frame.waitFor(index);
      expect(readCounter(await window.frame.picture())).toBe(index);
      await expect.poll(() => window.frame.readout.textContent()).toContain(`frame ${index} · 00:00:`);
    }
  });

  it('takes a press on the timeline for the time that it shows', async () => {
    const lane = page.locator('.timeline .track');
    const box = (await lane.boundingBox())!;
    await lane.click({ position: { x: box.width * (250.5 / 300), y: box.height - 4 } });
    await page.waitForFunction(() => {
      const index = Number(
        document.querySelector('canvas[data-part="frame"]')?.getAttribute('data-frame-index'),
      );
      return Math.abs(index - 250) <= 1;
    });
  });

  it.each([20, 140, 215])('plays on from frame %i, and stops at the frame on screen', async (start) => {
    await window.goToFrame(start);
    await window.play();
    await window.frame.waitForMotion();
    await page.waitForFunction(
      (from) => {
        const text = document.querySelector('[data-part="frame-readout"]')?.textContent ?? '';
        const seconds = Number(/playing · 00:00:([\d.]+)/.exec(text)?.[1]);
        return seconds > (from + 20) / 25;
      },
      start,
      { polling: 20 },
    );
    await window.pause();
    const index = await window.frame.index();
    expect(index).toBeGreaterThan(start + 19);
    expect(index).toBeLessThan(Math.min(300, start + 75));
    expect(readCounter(await window.frame.picture())).toBe(index);
  });
});

describe('a recording whose picture changes its size and shape', () => {
  it('is played through the change, each part in its own shape', async () => {
    await window.library.open();
    await window.library.openFile('Documents', 'sizes.ts');
    await page.getByText('/ 00:00:06', { exact: true }).waitFor();
    await window.frame.waitFor(0);
    await window.goToFrame(60);
    const before = (await window.frame.canvas.boundingBox())!;
    expect(before.width / before.height).toBeCloseTo(192 / 144, 1);
    await window.play();
    await page.waitForFunction(
      () => {
        const text = document.querySelector('[data-part="frame-readout"]')?.textContent ?? '';
        return Number(/playing · 00:00:([\d.]+)/.exec(text)?.[1]) > 3.4;
      },
      undefined,
      { polling: 20 },
    );
    const after = (await page.locator('.stage video').boundingBox())!;
    expect(after.width / after.height).toBeCloseTo(384 / 320, 1);
    await window.pause();
    const index = await window.frame.index();
    expect(index).toBeGreaterThan(84);
    const picture = await window.frame.picture();
    expect([picture.width, picture.height]).toEqual([384, 320]);
    expect(readCounter(picture)).toBe(index);
  });
});
