import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Box } from '../../preload/contract/index.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { newHome, removeHome } from './host.ts';
import { openWindow, type OpenedWindow } from './opened-window.ts';
import type { WorkstationPage } from './pages/workstation-page.ts';

/** Questions about a part of the picture: a region that a person draws, and one eye of a stereo recording. */
const question = 'What organ is being operated?';
const person = newHome();
const clips = new ClipFolder();
let opened: OpenedWindow;
let window: WorkstationPage;
let page: Page;

beforeAll(async () => {
  const folder = join(person, 'Documents');
  mkdirSync(folder);
  const opening = openWindow(newHome(), { reducedMotion: 'reduce' }, { HOME: person, USERPROFILE: person });
  const eye = (name: string, first: number): Promise<string> =>
    clips.make(name, {
      frames: 12,
      first,
      extension: 'mkv',
      output: ['-c:v', 'ffv1'],
      width: 160,
      height: 120,
    });
  const [left, right] = [await eye('left', 0), await eye('right', 500)];
  const both = ['-i', left, '-i', right, '-filter_complex', 'hstack', ...x264];
  copyFileSync(await clips.convert(both, 'stereo.mp4'), join(folder, 'stereo.mp4'));
  opened = await opening;
  ({ window } = opened);
  ({ page } = window);
  await window.waitUntilAskable();
});

afterAll(async () => {
  await opened.close();
  clips.remove();
  removeHome(person);
});

const corner = (name: 'upper left' | 'lower right'): Locator =>
  page.getByRole('button', { name: new RegExp(`^${name} corner`) });
const whole = (): Locator => page.getByRole('button', { name: /^Region to ask about/ });

/** As it is read out: "Region to ask about, 240, 192 to 400, 320 · 160 × 128". */
async function drawnRegion(): Promise<Box> {
  const name = (await whole().getAttribute('aria-label')) ?? '';
  return name.match(/\d+/g)!.slice(0, 4).map(Number) as unknown as Box;
}

/** The answer's evidence, as a person reads it. */
async function evidence(part: string): Promise<string> {
  if ((await window.answer.raw.count()) === 0) await window.answer.openEvidence();
  return (await window.answer.panel.locator(`[data-part="${part}"]`).textContent()) ?? '';
}

describe('a region of the frame', () => {
  it('is drawn with the mouse, said before it is asked about, and named in the evidence and on the frame', async () => {
    await window.goToFrame(40);
    await page.getByRole('button', { name: /^Region/ }).click();
    const stage = (await window.frame.canvas.boundingBox())!;
    const at = (x: number, y: number): [number, number] => [
      stage.x + stage.width * x,
      stage.y + stage.height * y,
    ];
    await page.mouse.move(...at(0.1, 0.1));
    await page.mouse.down();
    await page.mouse.move(...at(0.3, 0.2), { steps: 2 });
    // Beyond the picture there is nothing to ask about.
    await page.mouse.move(stage.x + stage.width * 0.3, stage.y - 30, { steps: 2 });
    await page.mouse.up();
    const [x1, y1, x2, y2] = await drawnRegion();
    expect(y1).toBe(0);
    expect(Math.abs(x2 - x1 - 2 * x1)).toBeLessThan(4);
    expect(y2).toBeGreaterThan(20);
    await page.getByText('Asked with this region alone', { exact: false }).waitFor();
    await window.ask(question);
    await window.waitForAnswer();
    expect(await evidence('given')).toContain(`the region ${[x1, y1, x2, y2].join(', ')} alone`);
    await window.answer.panel.locator('[data-part="about-region"]').waitFor();
    const drawn = page.getByRole('img', { name: /^The region that was asked about/ });
    const box = drawn.locator('[data-part="region-box"]');
    await expect.poll(() => box.getAttribute('data-box')).toBe([x1, y1, x2, y2].join(','));
    // The next question is about the whole frame again.
    await expect.poll(() => whole().count()).toBe(0);
  });

  it('is moved and made smaller by keys; too small to be seen it is refused in words, and neither is lost', async () => {
    await page.keyboard.press('Shift+Q');
    const before = await drawnRegion();
    await expect.poll(() => whole().evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(drawnRegion).toEqual([before[0] - 10, before[1], before[2] - 10, before[3]]);
    // To the right-bottom corner, and inwards as far as it goes.
    await corner('lower right').focus();
    for (let steps = 0; steps < 40; steps += 1) await page.keyboard.press('Shift+ArrowLeft');
    const small = await drawnRegion();
    expect(small[2] - small[0]).toBeLessThan(16);
    await page.keyboard.press('Enter');
    await expect.poll(() => window.askField.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.type(question);
    await page.keyboard.press('Enter');
    await page
      .getByText(/^A region is 16 pixels wide and high at least/)
      .first()
      .waitFor();
    await expect.poll(() => window.askField.inputValue()).toBe(question);
    expect(await drawnRegion()).toEqual(small);
    await expect.poll(() => window.questions()).toHaveLength(1);
    // Escape gives the keys back, and Escape again the whole frame.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect.poll(() => whole().count()).toBe(0);
    await window.askField.fill('');
    await page.keyboard.press('Escape');
  });
});

describe('one eye of a stereo recording', () => {
  it('is chosen by keys, asked about and named; the other eye is another picture', async () => {
    await window.library.open();
    await window.library.openFile('Documents', 'stereo.mp4');
    await page.locator('.chip.file[title="stereo.mp4"]').waitFor();
    await window.waitUntilAskable();
    await window.goToFrame(3);
    const whole = await window.frame.picture();
    expect([whole.width, whole.height]).toEqual([320, 120]);
    // There is no other eye yet.
    await page.keyboard.press('Shift+Y');
    await page.getByText('The whole picture is on show: choose an eye first').waitFor({ state: 'attached' });
    await page.keyboard.press('y');
    const chooser = page.getByRole('combobox', { name: 'Stereo recording' });
    await expect.poll(() => chooser.evaluate((list) => list === document.activeElement)).toBe(true);
    await page.keyboard.type('left eye (side');
    await page.locator('[data-part="eye"]').getByText('left eye').waitFor();
    await expect.poll(async () => (await window.frame.picture()).width).toBe(160);
    await page.keyboard.press('Escape');
    await window.ask(question);
    await window.waitForAnswer();
    expect(await evidence('answer-eye')).toContain('left eye (side by side)');
    const leftHash = await window.frame.hash();
    await page.keyboard.press('Shift+Y');
    await page.locator('[data-part="eye"]').getByText('right eye').waitFor();
    await expect.poll(() => window.frame.hash()).not.toBe(leftHash);
    // The answer stays what it was, and says that it is about the other picture.
    await window.answer.panel
      .getByText(/This answer is about the left eye/)
      .first()
      .waitFor();
    await expect.poll(() => window.boxOnFrame()).toBeNull();
    await page.keyboard.press('Control+z');
    await page.locator('[data-part="eye"]').getByText('left eye').waitFor();
    await expect.poll(() => window.frame.hash()).toBe(leftHash);
  });
});
