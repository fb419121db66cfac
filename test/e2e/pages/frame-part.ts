import type { Locator, Page } from 'playwright-core';
import { Box } from '../../../preload/contract/index.ts';
import { carryCanvas, unpacked } from './pixels.ts';

/** The picture on the stage and what is drawn over it. */
export class FramePart {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get stage(): Locator {
    return this.#page.getByRole('region', { name: 'Frame', exact: true });
  }

  get canvas(): Locator {
    return this.#page.locator('canvas[data-part="frame"]');
  }

  /** "frame 168 · 00:00:06.720 · PTS 86 016" */
  get readout(): Locator {
    return this.#page.locator('[data-part="frame-readout"]');
  }

  async waitForAny(): Promise<void> {
    await this.#page.locator('canvas[data-part="frame"][data-frame-index]').waitFor();
  }

  async waitFor(index: number): Promise<void> {
    await this.#page.locator(`canvas[data-part="frame"][data-frame-index="${index}"]`).waitFor();
  }

  /** Waits until the decoder's still has taken the place of the browser's moving picture. */
  async waitForStill(): Promise<void> {
    await this.#page.locator('canvas[data-part="frame"][data-moving="false"]').waitFor();
  }

  async waitForMotion(): Promise<void> {
    await this.#page.locator('canvas[data-part="frame"][data-moving="true"]').waitFor({ state: 'attached' });
  }

  async index(): Promise<number> {
    return Number(await this.canvas.getAttribute('data-frame-index'));
  }

  async pts(): Promise<number> {
    return Number(await this.canvas.getAttribute('data-frame-pts'));
  }

  async hash(): Promise<string> {
    return (await this.canvas.getAttribute('data-frame-hash')) ?? '';
  }

  /** RGB of one pixel of the drawn picture, in source pixels. */
  async pixel(x: number, y: number): Promise<[number, number, number]> {
    return this.canvas.evaluate(
      (canvas: HTMLCanvasElement, at: { x: number; y: number }) => {
        const data = canvas.getContext('2d')?.getImageData(at.x, at.y, 1, 1).data;
        return [data?.[0] ?? -1, data?.[1] ?? -1, data?.[2] ?? -1] as [number, number, number];
      },
      { x, y },
    );
  }

  /** The whole drawn picture as RGB, in source pixels. */
  async picture(): Promise<{ rgb: Uint8Array; width: number; height: number }> {
    return unpacked(await this.canvas.evaluate(carryCanvas));
  }

  /**
   * Where the box is drawn, from the rectangles on screen of box and picture: an error anywhere on the way from
   * answer to screen shows. In source pixels; null where no box is drawn.
   */
  async box(): Promise<Box | null> {
    const drawn = this.#page.locator('[data-part="model-box"]');
    if ((await drawn.count()) === 0) return null;
    const [picture, size, rectangle] = await Promise.all([
      this.canvas.evaluate((element) => element.getBoundingClientRect().toJSON() as DOMRect),
      this.canvas.evaluate((element: HTMLCanvasElement) => ({
        width: element.width,
        height: element.height,
      })),
      drawn.evaluate((element: SVGRectElement) => {
        // The box itself, without its line's width.
        const corner = element.ownerSVGElement?.getBoundingClientRect();
        return {
          x: (corner?.x ?? 0) + element.x.baseVal.value,
          y: (corner?.y ?? 0) + element.y.baseVal.value,
          width: element.width.baseVal.value,
          height: element.height.baseVal.value,
        };
      }),
    ]);
    const scale = size.width / picture.width;
    const x = (rectangle.x - picture.x) * scale;
    const y = (rectangle.y - picture.y) * scale;
    return Box.parse([x, y, x + rectangle.width * scale, y + rectangle.height * scale]);
  }

  async zoomIn(times = 1): Promise<void> {
    for (let press = 0; press < times; press += 1) await this.#page.keyboard.press('+');
  }

  async zoomToFit(): Promise<void> {
    await this.#page.keyboard.press('0');
  }
}
