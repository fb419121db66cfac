import type { WorkstationPage } from '../../e2e/pages/workstation-page.ts';
import { framesOfHours } from './long-file.ts';

const places = 20;
const stepsAtPlace = 10;
const plays = 7;
const reverses = 4;
const bookmarks = 7;

/** What stands for an hour: a place every three minutes, ten steps there, and playing, bookmarks and looks at the timeline in between. */
export const reviewedActions = places * (1 + stepsAtPlace) + plays + reverses + bookmarks + places;

/**
 * Does what a reviewer does in an hour, one thing right after another. Returns what each step took, in ms, from the key to the frame
 * on the screen, where its frames had been shown before.
 */
export async function anHoursReview(window: WorkstationPage): Promise<number[]> {
  const { page } = window;
  const steps: number[] = [];
  for (let place = 0; place < places; place += 1) {
    const at = Math.floor(((place * 7) % places) * (framesOfHours / places)) + 120;
    await window.goToFrame(at);
    await window.step(stepsAtPlace / 2);
    steps.push(...(await stepsBack(window, stepsAtPlace / 2)));
    // The timeline closer, and back to all of it.
    await page.keyboard.press('z');
    await page.keyboard.press('\\');
    if (place % 3 === 0) {
      await page.keyboard.press('m');
      await page.keyboard.press('l');
      await window.frame.waitForMotion();
      await page.waitForTimeout(1500);
      await page.keyboard.press('k');
      await window.frame.waitForStill();
    }
    if (place % 6 === 0) {
      await page.keyboard.press('j');
      await page.waitForTimeout(2000);
      await page.keyboard.press('k');
    }
  }
  return steps;
}

/** Steps back to frames that were on the screen, timed within the page. */
async function stepsBack({ page, frame }: WorkstationPage, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < count; step += 1) {
    const to = (await frame.index()) - 1;
    times.push(
      await page.evaluate(async (index) => {
        const canvas = document.querySelector('canvas[data-part="frame"]')!;
        const begun = performance.now();
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ',', code: 'Comma', bubbles: true }));
        document.body.dispatchEvent(new KeyboardEvent('keyup', { key: ',', code: 'Comma', bubbles: true }));
        while (canvas.getAttribute('data-frame-index') !== String(index))
          await new Promise((drawn) => requestAnimationFrame(drawn));
        await new Promise((drawn) => requestAnimationFrame(drawn));
        return performance.now() - begun;
      }, to),
    );
  }
  return times;
}
