import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { drawFrame, drawStill, type StillContent } from '../../main/export/index.ts';
import { labelText, placeLabel } from '../../main/export/still.ts';
import { fitLine, wrapText } from '../../main/export/text.ts';
import type { Box } from '../../preload/contract/values.ts';

/** Red and green differ at every pixel, so that a shift or a swapped channel shows. */
function picture(width: number, height: number) {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set([x % 256, y % 256, 17], (y * width + x) * 3);
  }
  return { width, height, rgb };
}

async function pixels(png: Buffer) {
  const image = await loadImage(png);
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return {
    width: image.width,
    height: image.height,
    at: (x: number, y: number): number[] => [
      ...data.subarray((y * image.width + x) * 4, (y * image.width + x) * 4 + 3),
    ],
  };
}

const accent = [0x4f, 0xb3, 0xbf];
const model = {
  id: 'nano',
  name: 'Surgery-R1 nano',
  sha256: 'a'.repeat(64),
  device: 'CPU',
  domain: 'synthetic',
} as StillContent['answer']['model'];

const content = (change: Partial<StillContent['answer']> = {}, width = 640, height = 512): StillContent => ({
  frame: picture(width, height),
  answer: {
    status: 'answered',
    label: 'Tissue_Manipulation',
    box: [100, 200, 300, 400],
    reasoning: 'The monopolar curved scissors lies in the lower left.',
    probability: 0.871,
    model,
    ...change,
  },
  question: 'What is the state of monopolar curved scissors?',
  frameIndex: 48213,
  timecode: '00:26:47.033',
});

describe('a plain frame', () => {
  it('has the frame’s own pixels', async () => {
    const shown = await pixels(await drawFrame(picture(97, 31)));
    expect([shown.width, shown.height]).toEqual([97, 31]);
    for (const [x, y] of [
      [0, 0],
      [96, 30],
      [40, 7],
    ] as const)
      expect(shown.at(x, y)).toEqual([x, y, 17]);
  });

  it('is refused when the bytes are not those of its size', async () => {
    await expect(drawFrame({ width: 10, height: 10, rgb: new Uint8Array(299) })).rejects.toThrow('10x10');
  });
});

describe('an annotated still', () => {
  it('has the box on its edges in the accent colour, the frame inside and out, and words below', async () => {
    const shown = await pixels(await drawStill(content()));
    expect(shown.width).toBe(640);
    expect(shown.height).toBeGreaterThan(512 + 3 * 14);
    for (const [x, y] of [
      [100, 300],
      [300, 300],
      [200, 400],
      [250, 200],
    ] as const) {
      expect(shown.at(x, y)).toEqual(accent);
    }
    for (const [x, y] of [
      [200, 300],
      [20, 20],
      [600, 500],
      [310, 410],
    ] as const) {
      expect(shown.at(x, y)).toEqual([x % 256, y % 256, 17]);
    }
    expect(shown.at(639, 513)).toEqual([0x14, 0x18, 0x1c]);
    const ink = (top: number): boolean =>
      Array.from({ length: 300 }, (_, x) => shown.at(x, top)).some((colour) => (colour[0] as number) > 0x80);
    const written = Array.from({ length: shown.height - 512 }, (_, row) => ink(512 + row));
    expect(written.filter(Boolean).length).toBeGreaterThan(20);
  });

  it('warns below the frame where words and box disagree', async () => {
    const hasWarningInk = async (change: Partial<StillContent['answer']>): Promise<boolean> => {
      const shown = await pixels(await drawStill(content(change)));
      const footer = Array.from({ length: (shown.height - 512) * 640 }, (_, at) =>
        shown.at(at % 640, 512 + Math.floor(at / 640)),
      );
      return footer.some(([red = 0, green = 0, blue = 0]) => red > 0xc0 && green > 0x90 && blue < 0x60);
    };
    expect(await hasWarningInk({})).toBe(false);
    expect(await hasWarningInk({ reasoning: 'It lies in the upper right.' })).toBe(true);
  });

  it('draws no box where there is none', async () => {
    const shown = await pixels(await drawStill(content({ box: null, status: 'answered-without-location' })));
    expect(shown.at(100, 300)).toEqual([100, 300 % 256, 17]);
  });

  it('names the model’s training and the use, also on the smallest frames', async () => {
    const narrow = await pixels(await drawStill(content({ box: [1, 1, 60, 40] }, 64, 48)));
    const wide = await pixels(await drawStill(content({ box: [1, 1, 60, 40] }, 1024, 48)));
    expect(narrow.width).toBe(64);
    expect(narrow.height).toBeGreaterThan(wide.height);
  });
});

describe('the words of a label', () => {
  const say = (change: Partial<StillContent['answer']>) => labelText(content(change).answer);
  it('are label and probability, or say plainly what is missing', () => {
    expect(say({})).toBe('Tissue Manipulation · 0.87');
    expect(say({ probability: null })).toBe('Tissue Manipulation');
    expect(say({ status: 'answered-without-location', box: null })).toBe(
      'Tissue Manipulation · 0.87 · without location',
    );
    expect(say({ status: 'not-visible', box: null })).toBe('Not visible · 0.87');
    expect(say({ status: 'malformed', label: null })).toBe('No readable answer');
    expect(say({ status: 'stopped', label: null })).toBe('Stopped before an answer');
  });
});

describe('the place of a label', () => {
  const frame = { width: 640, height: 512 };
  const label = { width: 200, height: 30 };
  it.each<[string, Box, [number, number]]>([
    ['over the box', [100, 200, 300, 400], [99, 169]],
    ['under a box at the top', [100, 5, 300, 100], [99, 101]],
    ['inside a box as high as the frame', [100, 2, 300, 510], [101, 3]],
    ['moved in from the right edge', [600, 200, 640, 300], [440, 169]],
    ['moved in from the left edge', [0, 200, 40, 300], [0, 169]],
  ])('is %s', (_, box, place) => {
    expect(placeLabel(box, label, frame, 2, 1)).toEqual(place);
  });

  it('is inside the frame wherever the box is', () => {
    for (let x = 0; x < 640; x += 37) {
      for (let y = 0; y < 512; y += 31) {
        const box = [x, y, Math.min(640, x + 55), Math.min(512, y + 300)] as Box;
        const [left, top] = placeLabel(box, label, frame, 3, 1);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(left + label.width).toBeLessThanOrEqual(640);
        expect(top + label.height).toBeLessThanOrEqual(512);
      }
    }
  });
});

describe('setting text', () => {
  const half = (words: string, size: number): number => [...words].length * size * 0.5;
  it('makes a line smaller before it cuts it', () => {
    expect(fitLine('ten letter', 100, 20, 10, half)).toEqual({ fitted: 'ten letter', size: 20 });
    expect(fitLine('ten letter', 80, 20, 10, half)).toEqual({ fitted: 'ten letter', size: 16 });
    const cut = fitLine('ten letters and more', 80, 20, 10, half);
    expect(cut).toEqual({ fitted: 'ten letters and…', size: 10 });
    expect(half(cut.fitted, cut.size)).toBeLessThanOrEqual(80);
  });

  it('breaks lines between words, and words only when they must be', () => {
    const length = (line: string): number => line.length;
    expect(wrapText('one two three', 7, length)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefghij kl', 4, length)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrapText('', 4, length)).toEqual([]);
  });
});
