import type { State } from '../walk.ts';

/** Bookmarks, segments, boxes over their frames, time. */
export const marks: readonly State[] = [
  {
    name: 'bookmark-form',
    title: 'A bookmark with a note',
    async reach({ page, window, keyboard }) {
      await window.goToFrame(150);
      await keyboard.press('m');
      await window.goToFrame(120);
      await keyboard.press('Shift+M');
      await page.locator('[data-part="mark-form"]').waitFor();
      await keyboard.type('Clip on the artery');
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Enter');
      await page.locator('[data-part="mark-form"]').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'bookmarks',
    title: 'Bookmarks and notes',
    reach: ({ page }) => page.getByRole('tab', { name: 'Bookmarks' }).click(),
  },
  {
    name: 'segment-form',
    title: 'A segment that is named',
    async reach({ page, window, keyboard }) {
      await window.goToFrame(40);
      await keyboard.press('i');
      await window.goToFrame(110);
      await keyboard.press('o');
      await keyboard.press('s');
      await page.locator('[data-part="mark-form"]').waitFor();
      await keyboard.type('Hilar dissection');
    },
    async leave({ page, keyboard }) {
      await keyboard.press('Enter');
      await page.locator('[data-part="mark-form"]').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'segments',
    title: 'Segments',
    async reach({ page }) {
      await page.getByRole('tab', { name: 'Segments' }).click();
      await page.locator('[data-part="segment-bar"]').first().click();
    },
  },
  {
    name: 'track-begun',
    title: 'A box over the frames of a segment: before it is drawn',
    async reach({ page, window, keyboard }) {
      await window.goToFrame(60);
      await keyboard.press('t');
      await page.getByRole('form', { name: 'New box over frames' }).waitFor();
    },
  },
  {
    name: 'track-key-frame',
    title: 'A box over frames: its first key frame',
    async reach({ page, keyboard }) {
      await keyboard.press('Enter');
      await page.locator('[data-part="draft-box"]').waitFor();
      await keyboard.press('Shift+ArrowLeft');
      await keyboard.press('Enter');
      await keyboard.type('Needle');
      await keyboard.press('Enter');
      await page.locator('[data-part="key-frame-box"]').waitFor();
    },
  },
  {
    name: 'track-interpolated',
    title: 'A box over frames: interpolated between two key frames',
    async reach({ page, window, keyboard }) {
      await window.goToFrame(90);
      const handle = page.getByRole('button', { name: /^Box “Needle”, / });
      await handle.focus();
      for (let step = 0; step < 6; step += 1) await keyboard.press('Shift+ArrowRight');
      await page.locator('[data-part="key-frame-box"]').waitFor();
      await window.goToFrame(75);
      await page.locator('[data-part="interpolated-box"]').waitFor();
    },
    async leave({ page, keyboard }) {
      await page.locator('[data-part="playhead"]').focus();
      await keyboard.press('Escape');
      await page.getByRole('tab', { name: 'Answers' }).click();
    },
  },
  {
    name: 'playing',
    title: 'Playing a segment over and over',
    async reach({ window, keyboard }) {
      await keyboard.press('Shift+L');
      await window.frame.waitForMotion();
    },
    async leave({ window, keyboard }) {
      await keyboard.press('Shift+L');
      await keyboard.press('k');
      await window.frame.waitForStill();
    },
  },
  {
    name: 'time-closer',
    title: 'The timeline zoomed to single frames',
    async reach({ keyboard, page }) {
      for (let press = 0; press < 12; press += 1) await keyboard.press('z');
      await page.waitForTimeout(300);
    },
    leave: ({ keyboard }) => keyboard.press('\\'),
  },
  {
    name: 'contrast',
    title: 'Brightness and contrast for looking alone',
    async reach({ page }) {
      await page.getByRole('button', { name: 'Brightness, contrast, eye' }).click();
      await page.getByRole('slider', { name: 'Contrast' }).fill('20');
    },
    async leave({ page, keyboard }) {
      await page.getByRole('button', { name: 'As recorded' }).click();
      await keyboard.press('Escape');
    },
  },
];
