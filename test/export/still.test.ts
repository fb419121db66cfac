import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { drawFrame, drawStill, type StillContent } from '../../main/export/index.ts';
import { labelText, placeLabel } from '../../main/export/still.ts';
import { captionOf } from '../../main/export/caption.ts';
import { fitLines, wrapText } from '../../main/export/text.ts';
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
    items: [],
    reasoning: 'The monopolar curved scissors lies in the lower left.',
    probability: 0.871,
    evidence: null,
    model,
    frame: {
      fingerprint: 'f'.repeat(64),
      index: 48213,
      pts: 144_639_000,
      timeBase: [1, 90_000],
      hash: 'ab'.repeat(32),
      decoder: 'ffmpeg 7.1',
    } as StillContent['answer']['frame'],
    settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0, maxNewTokens: null },
    notes: [],
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

  it('has a box and a name for each thing of a list, and the whole answer in the corner', async () => {
    const items = [
      { label: 'suction', box: [40, 120, 160, 220] as [number, number, number, number] },
      { label: 'stapler', box: [400, 300, 560, 440] as [number, number, number, number] },
      { label: 'clip_applier', box: null },
    ];
    const shown = await pixels(await drawStill(content({ label: '3', box: null, items })));
    for (const [x, y] of [
      [40, 170],
      [160, 170],
      [100, 220],
      [400, 380],
      [560, 380],
      [480, 440],
    ] as const)
      expect(shown.at(x, y)).toEqual(accent);
    // Names stand over their boxes, in the boxes' colour.
    const coloured = (top: number, bottom: number, left: number): number =>
      Array.from({ length: bottom - top }, (_, row) => shown.at(left + 3, top + row)).filter(
        (colour) => String(colour) === String(accent),
      ).length;
    expect(coloured(96, 118, 40)).toBeGreaterThan(8);
    expect(coloured(276, 298, 400)).toBeGreaterThan(8);
    // The answer's own label lies dark in the upper left.
    expect(shown.at(25, 22)).not.toEqual([25, 22, 17]);
  });

  it('draws no box where there is none', async () => {
    const shown = await pixels(await drawStill(content({ box: null, status: 'answered-without-location' })));
    expect(shown.at(100, 300)).toEqual([100, 300 % 256, 17]);
  });

  it('is wide enough to be read below the smallest frame, whose pixels stay where they are', async () => {
    const narrow = await pixels(await drawStill(content({ box: [10, 40, 30, 46] }, 64, 48)));
    expect(narrow.width).toBe(480);
    expect(narrow.at(60, 5)).toEqual([60, 5, 17]);
    expect(narrow.at(100, 5)).toEqual([0x14, 0x18, 0x1c]);
  });

  it('never cuts a label: a long one takes several lines, or stands below the frame alone', async () => {
    const long = Array.from({ length: 40 }, (_, at) => `part_${at}`).join('_');
    const drawn = await pixels(await drawStill(content({ label: long })));
    const plate = Array.from({ length: 200 }, (_, y) => drawn.at(101, y)).filter(
      (colour) => colour.join() === accent.join(),
    );
    // Three lines at least, above the box.
    expect(plate.length).toBeGreaterThan(20);
    const small = await pixels(await drawStill(content({ label: long, box: null }, 200, 80)));
    for (const x of [2, 100, 190]) expect(small.at(x, 20)).toEqual([x, 20, 17]);
    const words = captionOf(content({ label: long })).map((caption) => caption.words);
    expect(words.some((line) => /part 0 part 1 .* part 39/i.test(line))).toBe(true);
  });

  it('draws other scripts, and long words without spaces, without an error', async () => {
    for (const question of [
      '手术刀在哪里？'.repeat(40),
      'أين المقص؟',
      'Где ножницы?',
      '👩🏽‍⚕️'.repeat(60),
      'x'.repeat(2000),
    ]) {
      const drawn = await pixels(await drawStill({ ...content(), question }));
      expect(drawn.height).toBeGreaterThan(512);
    }
  });
});

describe('what stands below a saved frame', () => {
  const said = (change: Partial<StillContent['answer']> = {}, frame: Partial<StillContent['frame']> = {}) => {
    const whole = content(change);
    return captionOf({ ...whole, frame: { ...whole.frame, ...frame } });
  };
  const words = (...given: Parameters<typeof said>): string =>
    said(...given)
      .map((each) => each.words)
      .join('\n');
  const warnings = (...given: Parameters<typeof said>): string[] =>
    said(...given)
      .filter(({ tone }) => tone === 'warn')
      .map((each) => each.words);

  it('is what the window says: question, answer, sureness, place in every unit, model, use', () => {
    expect(words()).toBe(
      [
        'What is the state of monopolar curved scissors?',
        'Answer: Tissue manipulation (0.87)',
        'The model was trained on synthetic scenes.',
        'Frame 48\u2009213 · 00:26:47.033 · PTS 144639000 (1/90000 s)',
        `Surgery-R1 nano · CPU · greedy · weights ${'a'.repeat(64)}`,
        `Frame SHA-256 ${'ab'.repeat(32)} · decoded by ffmpeg 7.1`,
        'Education and research use. Not a medical device.',
      ].join('\n'),
    );
    expect(warnings()).toEqual(['The model was trained on synthetic scenes.']);
  });

  it('warns of an unsure answer, of words that disagree with the box, of damage, and of what the answer notes', () => {
    expect(words({ probability: 0.32 })).toContain('Answer: Tissue manipulation (0.32, unsure)');
    expect(words({ probability: 0.999 })).toContain('(> 0.99)');
    expect(warnings({ probability: 0.32 })).toContain('The model was unsure of this answer.');
    expect(warnings({ reasoning: 'It lies in the upper right.' })[0]).toMatch(/^The words say upper right/);
    expect(warnings({}, { isDamaged: true })).toContain(
      'The file is damaged at this frame: the picture may not be what was recorded.',
    );
    expect(warnings({ notes: ['Begun anew on the CPU.'] })).toContain('Begun anew on the CPU.');
  });

  it('says how an answer was drawn, and of no model what it was trained on where it was on surgery', () => {
    const settings = { ...content().answer.settings, temperature: 0.7, seed: 12 };
    expect(words({ settings })).toContain('drawn at 0.7, seed 12');
    expect(warnings({ model: { ...model!, domain: 'surgical' } })).toEqual([]);
    expect(warnings({ model: { ...model!, domain: 'general' } })).toEqual([
      'The model was not trained on surgery.',
    ]);
  });

  it('writes out what would turn its writing around', () => {
    const { frame, answer } = content();
    const [first] = captionOf({
      frame,
      answer,
      question: 'Is it\u202e lanipul?',
      frameIndex: 1,
      timecode: '',
    });
    expect(first?.words).toBe('Is it\\u202e lanipul?');
  });
});

describe('the words of a label', () => {
  const say = (change: Partial<StillContent['answer']>) => labelText(content(change).answer);
  it('are label and probability, or say plainly what is missing', () => {
    expect(say({})).toBe('Tissue manipulation · 0.87');
    expect(say({ probability: null })).toBe('Tissue manipulation');
    expect(say({ status: 'answered-without-location', box: null })).toBe(
      'Tissue manipulation · 0.87 · no location',
    );
    expect(say({ status: 'not-visible', box: null })).toBe('Not visible · 0.87');
    expect(say({ probability: 0.32 })).toBe('Tissue manipulation · 0.32, unsure');
    expect(say({ probability: 0.9991 })).toBe('Tissue manipulation · > 0.99');
    expect(say({ status: 'malformed', label: null })).toBe('Malformed answer');
    expect(say({ status: 'stopped', label: null })).toBe('Stopped');
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
  it('makes a line smaller before it breaks it, and cuts nothing', () => {
    expect(fitLines('ten letter', 100, 20, 10, half)).toEqual({ lines: ['ten letter'], size: 20 });
    expect(fitLines('ten letter', 80, 20, 10, half)).toEqual({ lines: ['ten letter'], size: 16 });
    expect(fitLines('ten letters and more', 80, 20, 10, half)).toEqual({
      lines: ['ten letters and', 'more'],
      size: 10,
    });
  });

  it('breaks lines between words, and words only when they must be', () => {
    const length = (line: string): number => line.length;
    expect(wrapText('one two three', 7, length)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefghij kl', 4, length)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrapText('', 4, length)).toEqual([]);
    // An accent stays with its letter: two code points each.
    expect(wrapText('e\u0301e\u0301e\u0301', 4, length)).toEqual(['e\u0301e\u0301', 'e\u0301']);
  });
});
