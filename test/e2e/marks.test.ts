import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { barriersOf } from './barriers.ts';
import { newHome, repository } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** Bookmarks, notes and segments, as a reviewer sets them by keys and mouse; over a restart, and on the command line. */
const home = newHome();
let opened: OpenedWindow;
let window: WorkstationPage;
let page: Page;

beforeAll(async () => {
  opened = await openWindow(home);
  window = opened.window;
  page = window.page;
});
afterAll(() => opened.close());

const press = (key: string): Promise<void> => page.keyboard.press(key);
const tab = (name: string) => page.getByRole('tab', { name });
const list = (name: string) => page.getByRole('list', { name }).getByRole('listitem');
const said = () => page.locator('[data-part="announcer"]').textContent();
const edge = (name: string) => page.getByRole('slider', { name });
const edges = async (): Promise<number[]> =>
  Promise.all(
    ['Begin of', 'End of'].map(async (name) => Number(await edge(name).getAttribute('aria-valuenow'))),
  );

async function listed(): Promise<string> {
  const cli = join(repository, 'main/hosts/cli/index.ts');
  const run = (...words: string[]) =>
    promisify(execFile)(process.execPath, [cli, 'sessions', ...words, '--home', home]);
  const id = (await run()).stdout.split(' ')[0] ?? '';
  return (await run('show', id)).stdout;
}

describe('marks', () => {
  it('a bookmark is set while the video plays, on the frame that is on the screen at the key press', async () => {
    // The time of the last picture that was on the screen when the key went down, by the browser's own word.
    await page.evaluate(() => {
      const kept = globalThis as unknown as { lastPicture: number; atKey: number };
      const video = document.querySelector('video')!;
      const look = (_now: number, picture: VideoFrameCallbackMetadata): void => {
        kept.lastPicture = picture.mediaTime;
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
      const onKey = (event: KeyboardEvent): void => {
        if (event.key === 'm') kept.atKey = kept.lastPicture;
      };
      addEventListener('keydown', onKey, { capture: true });
    });
    await press('Space');
    await window.frame.waitForMotion();
    await page.waitForTimeout(500);
    await press('m');
    await expect.poll(() => tab('Bookmarks').textContent()).toMatch(/1/);
    await expect.poll(() => page.getByRole('button', { name: 'Pause', exact: true }).count()).toBe(1);
    await press('k');
    await window.frame.waitForStill();
    const seconds = await page.evaluate(() => (globalThis as unknown as { atKey: number }).atKey);
    await tab('Bookmarks').click();
    await list('Bookmarks').getByRole('button').first().click();
    await window.frame.waitFor(Math.round(seconds * 25));
  });

  it('one with a note is written by keys alone, and found by its words', async () => {
    await window.goToFrame(100);
    await press('Shift+M');
    await page.keyboard.type('Clip on the artery');
    await press('Enter');
    await expect.poll(() => list('Bookmarks').count()).toBe(2);
    await page.getByRole('searchbox', { name: 'Filter bookmarks' }).fill('ARTERY');
    await expect.poll(() => list('Bookmarks').count()).toBe(1);
    await press('Escape');
  });

  it('a segment is set by I, O and S, its edges moved by keys and mouse, undone and done again', async () => {
    await window.goToFrame(50);
    await press('i');
    await window.goToFrame(90);
    await press('o');
    await expect.poll(said).toMatch(/41 frames between in and out/);
    await press('s');
    await page.keyboard.type('Dissection');
    await press('Enter');
    await expect.poll(() => list('Segments').count()).toBe(1);
    await expect.poll(edges).toEqual([50, 90]);
    // Both went with the name.
    await expect.poll(() => page.locator('[data-part="in"], [data-part="out"]').count()).toBe(0);
    await edge('End of').focus();
    await press('ArrowRight');
    await window.frame.waitFor(91);
    await press('Shift+ArrowRight');
    await window.frame.waitFor(101);
    await page.locator('[data-part="playhead"]').focus();
    await window.goToFrame(40);
    await press('Shift+I');
    await expect.poll(edges).toEqual([40, 101]);
    const handle = (await edge('Begin of').boundingBox())!;
    const lane = (await edge('Begin of').locator('..').boundingBox())!;
    await page.mouse.move(handle.x + handle.width / 2, handle.y + 8);
    await page.mouse.down();
    await page.mouse.move(lane.x + lane.width * 0.9, handle.y + 8, { steps: 4 });
    await page.mouse.up();
    // Past its other edge it can't go: one frame is left.
    await expect.poll(edges).toEqual([101, 101]);
    await press('Control+z');
    await expect.poll(edges).toEqual([40, 101]);
    await press('Control+z');
    await expect.poll(edges).toEqual([50, 101]);
    // The two moves by keys are one step.
    await press('Control+z');
    await expect.poll(edges).toEqual([50, 90]);
    await press('Control+Shift+z');
    await expect.poll(edges).toEqual([50, 101]);
  });

  it('one that would overlap another of its name is refused in words, and what was typed stays', async () => {
    await window.goToFrame(95);
    await press('i');
    await window.goToFrame(120);
    await press('o');
    await press('s');
    await page.keyboard.type('dissection');
    await press('Enter');
    const form = page.getByRole('form', { name: 'New segment' });
    await expect.poll(() => form.getByRole('alert').textContent()).toMatch(/can’t overlap/);
    await form.getByLabel('Name').fill('Haemostasis');
    await press('Enter');
    await expect.poll(() => list('Segments').count()).toBe(2);
  });

  it('N and P go through all of them in time', async () => {
    await window.goToFrame(60);
    for (const frame of [95, 100, 101, 120]) {
      await press('n');
      await window.frame.waitFor(frame);
    }
    await expect.poll(said).toMatch(/End of segment “Haemostasis”\. Frame 120/);
    await press('p');
    await window.frame.waitFor(101);
  });

  it('a segment is played once, and over and over', async () => {
    await page.locator('[data-part="segment-bar"]').first().click();
    await window.frame.waitFor(50);
    await press('Shift+Space');
    await window.frame.waitForMotion();
    await window.frame.waitFor(101);
    await window.frame.waitForStill();
    await press('Shift+L');
    await page.evaluate(() => {
      const video = document.querySelector('video')!;
      const kept = globalThis as unknown as { seen: number[] };
      kept.seen = [];
      const look = (_now: number, picture: VideoFrameCallbackMetadata): void => {
        kept.seen.push(Math.round(picture.mediaTime * 25));
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    });
    const turns = () =>
      page.evaluate(() => {
        const { seen } = globalThis as unknown as { seen: number[] };
        return seen.filter((frame, index) => frame < (seen[index - 1] ?? 0)).length;
      });
    await expect.poll(turns, { timeout: 20_000 }).toBeGreaterThan(0);
    await press('Shift+L');
    await press('k');
    await window.frame.waitForStill();
  });

  it('a box is carried over the frames of a segment by key frames, which mouse and keys set, move and remove', async () => {
    const boxes = (kind: string) => page.locator(`[data-part="${kind}-box"]`);
    const box = async (kind: string): Promise<number[]> => {
      const text = (await boxes(kind).count()) === 1 ? await boxes(kind).getAttribute('data-box') : '';
      return (text ?? '').split(',').map((edge) => Math.round(Number(edge)));
    };
    const handle = () => page.getByRole('button', { name: /^Box “Needle”, / });
    const keyFrames = () =>
      page
        .getByRole('slider', { name: 'Key frame of Needle' })
        .evaluateAll((ticks) => ticks.map((tick) => Number(tick.getAttribute('aria-valuenow'))));
    await window.goToFrame(60);
    await press('t');
    // By keys alone: one in the middle, then its label, which Enter asks for.
    const middle = page.getByRole('button', { name: /^In the middle/ });
    await expect.poll(() => middle.evaluate((button) => button === document.activeElement)).toBe(true);
    await press('Enter');
    await expect.poll(() => boxes('draft').count()).toBe(1);
    await press('Shift+ArrowLeft');
    await press('Enter');
    const label = page.getByRole('form', { name: 'New box over frames' }).getByLabel('Label');
    await expect.poll(() => label.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.type('Needle');
    await press('Enter');
    await expect.poll(() => boxes('key-frame').count()).toBe(1);
    // The keys work the box that was begun.
    await expect.poll(() => handle().count()).toBe(1);
    await expect.poll(() => handle().evaluate((button) => button === document.activeElement)).toBe(true);
    const [x1, y1, x2, y2] = (await box('key-frame')) as [number, number, number, number];
    // Behind its last key frame nobody said anything: there is a box to go on from, and none on the picture.
    await window.goToFrame(70);
    await expect.poll(() => boxes('draft').count()).toBe(1);
    expect((await boxes('interpolated').count()) + (await boxes('key-frame').count())).toBe(0);
    await handle().focus();
    for (let step = 0; step < 4; step += 1) await press('Shift+ArrowRight');
    await expect.poll(() => box('key-frame')).toEqual([x1 + 40, y1, x2 + 40, y2]);
    await window.goToFrame(65);
    await expect.poll(() => box('interpolated')).toEqual([x1 + 20, y1, x2 + 20, y2]);
    await page.getByRole('img', { name: /^Box over frames, interpolated: Needle/ }).waitFor();
    await expect
      .poll(() => page.locator('[data-part="track-label"]').textContent())
      .toBe('Needle · interpolated');
    expect(await barriersOf(page)).toEqual([]);
    // Out of sight from here on, until the next key frame; undone in one step.
    await window.goToFrame(67);
    await press('Shift+T');
    await expect.poll(() => boxes('interpolated').count()).toBe(0);
    await expect.poll(keyFrames).toEqual([60, 67, 70]);
    await press('Control+z');
    await expect.poll(() => boxes('interpolated').count()).toBe(1);
    // A key frame moves in time, and no further than its neighbours let it.
    const tick = () => page.locator('[data-part="key-frame"][data-frame="70"]');
    await tick().focus();
    await press('ArrowRight');
    await expect.poll(keyFrames).toEqual([60, 71]);
    await press('Control+z');
    await expect.poll(keyFrames).toEqual([60, 70]);
    // Dragged on the frame by the mouse: all of the drag is one key frame and one step.
    await window.goToFrame(66);
    const at = (await handle().boundingBox())!;
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
    await page.mouse.down();
    await page.mouse.move(at.x + at.width / 2 + 30, at.y + at.height / 2 + 10, { steps: 5 });
    await page.mouse.up();
    await expect.poll(keyFrames).toEqual([60, 66, 70]);
    await press('Control+z');
    await expect.poll(keyFrames).toEqual([60, 70]);
    // N and P stop at key frames, and the box follows the picture while it plays.
    await press('p');
    await window.frame.waitFor(60);
    await press('Shift+L');
    await window.frame.waitForMotion();
    await boxes('interpolated').waitFor();
    await press('Shift+L');
    await press('k');
    await window.frame.waitForStill();
    // It is listed under its segment; Escape ends the work on it.
    const listedBox = page.getByRole('group', { name: 'Boxes over its frames' }).getByRole('button');
    await expect.poll(() => listedBox.textContent()).toMatch(/Needle\s*2 key frames/);
    await page.locator('[data-part="playhead"]').focus();
    await press('Escape');
    await expect.poll(() => page.locator('[data-part="track-form"]').count()).toBe(0);
  });

  it('the timeline zooms to single frames at the pointer, and a press there goes to the frame that it shows', async () => {
    const shown = () => page.getByRole('slider', { name: 'Time on show' });
    const track = (await page.locator('.track').boundingBox())!;
    await page.mouse.move(track.x + track.width * 0.25, track.y + 10);
    await page.keyboard.down('Control');
    for (let notch = 0; notch < 24; notch += 1) await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    // The page itself is not zoomed instead.
    await expect.poll(() => page.evaluate(() => devicePixelRatio)).toBe(1);
    const label = page.locator('[data-part="ruler"] span').nth(2);
    await expect.poll(() => label.textContent()).toMatch(/^#\d+$/);
    const frame = Number((await label.textContent())!.slice(1));
    const at = (await label.boundingBox())!;
    await page.mouse.click(at.x + 4, track.y + 30);
    await window.frame.waitFor(frame);
    await page.mouse.move(at.x + 4, track.y + 30);
    await expect
      .poll(() => page.locator('[data-part="hover-preview"]').textContent())
      .toContain(`frame ${frame}`);
    // What is gone to and what is played stays in view.
    await window.goToFrame(300);
    await expect.poll(() => page.locator('.playhead.beyond').count()).toBe(0);
    await press('\\');
    await expect.poll(() => shown().getAttribute('aria-valuetext')).toMatch(/^The whole recording/);
    await shown().focus();
    await press('ArrowUp');
    await expect.poll(() => shown().getAttribute('aria-valuetext')).toMatch(/ to /);
    expect(await barriersOf(page)).toEqual([]);
    await press('\\');
  });

  it('is all there after a restart, and what was deleted comes back', async () => {
    await opened.restart();
    await tab('Segments').click();
    await expect.poll(() => list('Segments').count()).toBe(2);
    await list('Segments').getByRole('button').first().focus();
    await press('Delete');
    await expect.poll(() => list('Segments').count()).toBe(1);
    await press('Control+z');
    await expect.poll(() => list('Segments').count()).toBe(2);
    const told = await listed();
    expect(told).toMatch(/◆ 00:00:04\.000 {2}frame 100 {2}[^:]+: bookmark, note: Clip on the artery/);
    expect(told).toMatch(/▬ 00:00:02\.000 to 00:00:04\.080 {2}frames 50 to 101 {2}[^:]+: Dissection/);
    expect(told).toMatch(/▭ Needle {2}key frames 60, 70/);
  });
});
