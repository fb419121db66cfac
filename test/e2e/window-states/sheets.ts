import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { Page } from 'playwright-core';

const sizes = [
  [1440, 900],
  [1280, 720],
  [720, 450],
] as const;
const themes = ['dark', 'light'] as const;
/** What the pictures are made smaller by on the sheet; the smallest window is left as it is. */
const shrink = { 1440: 0.5, 1280: 0.5, 720: 1 } as const;
const gap = 12;
const quality = 30;
/** A window that was resized lays itself out anew, and its canvas follows a frame later. */
const settleMilliseconds = 350;

/**
 * One sheet for each state of the window: three sizes beside one another, in the dark theme above and in the light one
 * below. The sheets are WebP in `folder`, with a page that lists them.
 */
export class StateSheets {
  readonly #page: Page;
  readonly #folder: string;
  readonly #isWhole: boolean;

  /** @param isWhole whether each picture is also kept by itself, in its own size, in `folder`/whole */
  constructor(page: Page, folder: string, isWhole: boolean) {
    this.#page = page;
    this.#folder = folder;
    this.#isWhole = isWhole;
  }

  /**
   * @param title what the state is, for a person who looks at the sheet
   * @param isAlsoBySelf whether its largest dark picture is kept in its own size as well, as a JPEG
   */
  async take(name: string, title: string, { isAlsoBySelf = false } = {}): Promise<void> {
    await mkdir(join(this.#folder, ...(this.#isWhole ? ['whole'] : [])), { recursive: true });
    const widths = sizes.map(([width]) => width * shrink[width]);
    const height = Math.max(...sizes.map(([width, tall]) => tall * shrink[width]));
    const canvas = createCanvas(
      widths.reduce((sum, width) => sum + width + gap, gap),
      2 * (height + gap) + gap,
    );
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = '#808080';
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    drawing.imageSmoothingQuality = 'high';
    // Nothing is under the pointer, as on a picture of any other program.
    await this.#page.mouse.move(0, 0);
    let left = gap;
    for (const [width, tall] of sizes) {
      await this.#page.setViewportSize({ width, height: tall });
      // What a person has begun to write was scrolled to in this size as well.
      await this.#page.evaluate(() => document.activeElement?.scrollIntoView({ block: 'nearest' }));
      await this.#page.waitForTimeout(settleMilliseconds);
      for (const [row, theme] of themes.entries()) {
        await this.#page.evaluate((chosen) => (document.documentElement.dataset['theme'] = chosen), theme);
        const shot = await this.#page.screenshot();
        if (this.#isWhole) {
          await writeFile(join(this.#folder, 'whole', `${name}-${width}-${theme}.png`), shot);
        }
        if (isAlsoBySelf && width === 1440 && theme === 'dark') {
          await this.#page.screenshot({
            ...{ path: join(this.#folder, `${name}.jpg`), type: 'jpeg', quality: 70 },
          });
        }
        const picture = await loadImage(shot);
        const scale = shrink[width];
        drawing.drawImage(picture, left, gap + row * (height + gap), width * scale, tall * scale);
      }
      left += width * shrink[width] + gap;
    }
    await this.#rest();
    await writeFile(join(this.#folder, `${name}.webp`), await canvas.encode('webp', quality));
    console.log(`${name}: ${title}`);
  }

  /** The window as it stood when a state could not be reached: beside the sheets, and not in their list. */
  async takeFailed(name: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await this.#page.screenshot({ path: join(this.#folder, `failed-${name}.png`) });
    await this.#rest();
  }

  /** Lists every state whose sheet lies in the folder, whichever run took it. */
  async writeList(states: readonly { name: string; title: string }[]): Promise<void> {
    const there = new Set(await readdir(this.#folder));
    const listed = states.filter(({ name }) => there.has(`${name}.webp`));
    const lines = listed.map(({ name, title }) => `## ${title}\n\n![${title}](${name}.webp)\n`);
    const head =
      '# States of the window\n\nEach at 1440 x 900, 1280 x 720 (both at half their size) and 720 x 450, in both themes, taken from the running\n' +
      'workstation with its own model by `npm run build && node_modules/.bin/node test/e2e/window-states/index.ts`.\n';
    await writeFile(join(this.#folder, 'README.md'), [head, ...lines].join('\n'));
  }

  async #rest(): Promise<void> {
    await this.#page.evaluate(() => (document.documentElement.dataset['theme'] = 'dark'));
    await this.#page.setViewportSize({ width: 1440, height: 900 });
  }
}
