import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asDisplayed,
  boxAsDisplayed,
  displayedSize,
  orientationFilters,
  orientationInWords,
  orientationOf,
  turned,
  upright,
  type Display,
} from '../../main/video/display.ts';
import { findMediaTools, type VideoSource } from '../../main/video/index.ts';
import { uprightStream } from '../../main/video/upright-stream.ts';
import type { Box } from '../../preload/contract/values.ts';
import { ClipFolder, opened } from './clips.ts';
import {
  fullRangeH264,
  largestDifference,
  makePatches,
  orientations,
  pixelAt,
  plainH264,
  rgbH264,
  withMatrix,
  withMatrixFile,
  type Rgb,
} from './shown-clips.ts';
import { taken } from './every-kind.ts';

const folder = new ClipFolder();
const { encoders } = await findMediaTools();
afterAll(() => folder.remove());

/** As ffprobe prints it. */
const printed = (rows: readonly number[]) => {
  const [a, b, c, d] = rows.map((value) => Math.round(value * 65_536));
  return `\n00000000: ${a} ${b} 0\n00000001: ${c} ${d} 0\n00000002: 0 0 1073741824\n`;
};

async function played(video: VideoSource, name: string): Promise<VideoSource> {
  const path = folder.file(`${name}-played.mp4`);
  writeFileSync(path, await buffer((await video.transcodedStream(0)).stream));
  return opened(path);
}

const hashOf = ({ rgb, width, height }: Rgb) =>
  createHash('sha256').update(`rgb24 ${width}x${height}\n`).update(rgb).digest('hex');

/** Letters for pixels, row by row. */
function lettered(rows: string[]): { rgb: Uint8Array<ArrayBuffer>; width: number; height: number } {
  const letters = rows.join('');
  return {
    rgb: Uint8Array.from([...letters].flatMap((letter) => Array<number>(3).fill(letter.charCodeAt(0)))),
    width: rows[0]?.length ?? 0,
    height: rows.length,
  };
}

const asRows = ({ rgb, width, height }: Rgb) =>
  Array.from({ length: height }, (_, y) =>
    String.fromCharCode(...Array.from({ length: width }, (_, x) => rgb[(y * width + x) * 3] as number)),
  );

describe('the eight orientations', () => {
  const square = [1, 1] as const;
  const rows = ['abc', 'def'];
  const shown: Record<string, string[]> = {
    upright: ['abc', 'def'],
    'turned by 90°': ['da', 'eb', 'fc'],
    'turned by 180°': ['fed', 'cba'],
    'turned by 270°': ['cf', 'be', 'ad'],
    mirrored: ['cba', 'fed'],
    'mirrored and turned by 90°': ['fc', 'eb', 'da'],
    'mirrored and turned by 180°': ['def', 'abc'],
    'mirrored and turned by 270°': ['ad', 'be', 'cf'],
  };

  it.each(Object.entries(shown))('%s', (name, expected) => {
    const orientation = orientationOf(printed(orientations[name] as readonly number[]));
    const display: Display = { pixelAspect: square, orientation };
    expect(orientationInWords(orientation)).toBe(name);
    const picture = asDisplayed(lettered(rows), display);
    expect(asRows(picture)).toEqual(expected);
    expect({ width: picture.width, height: picture.height }).toEqual(
      displayedSize({ width: 3, height: 2 }, display),
    );
    // A box around the letter e, wherever that has gone.
    const box = boxAsDisplayed([1, 1, 2, 2] as unknown as Box, { width: 3, height: 2 }, display);
    expect(asRows(picture)[box[1]]?.[box[0]]).toBe('e');
    expect([box[2] - box[0], box[3] - box[1]]).toEqual([1, 1]);
  });

  it('are told from matrices scaled or a little off, and from nothing else', () => {
    expect(orientationOf(printed([0, 2, -2, 0]))).toEqual(turned(90));
    expect(orientationOf(printed([0.001, 0.9999, -0.9999, 0.001]))).toEqual(turned(90));
    expect(orientationOf(printed([0.7, 0.7, -0.7, 0.7]))).toEqual(upright);
    expect(orientationOf(printed([1, 0.5, 0, 1]))).toEqual(upright);
    expect(orientationOf(printed([0, 0, 0, 0]))).toEqual(upright);
    expect(orientationOf('')).toEqual(upright);
    expect([turned(-90), turned(45), turned(NaN), turned(360)]).toEqual([
      turned(270),
      upright,
      upright,
      upright,
    ]);
  });
});

describe('pixels that are not square', () => {
  it('are lengthened, never dropped, whichever side is short', () => {
    const wide = { pixelAspect: [2, 1] as const, orientation: upright };
    const tall = { pixelAspect: [1, 2] as const, orientation: upright };
    const picture = lettered(['ac', 'eg']);
    expect(asRows(asDisplayed(picture, wide))).toEqual(
      ['abbc', 'effg'].map((row) => row.replace('bb', 'bc').replace('ff', 'fg')),
    );
    expect(asDisplayed(picture, tall)).toMatchObject({ width: 2, height: 4 });
    expect(
      displayedSize({ width: 720, height: 576 }, { pixelAspect: [64, 45], orientation: upright }),
    ).toEqual({
      width: 1024,
      height: 576,
    });
    expect(
      displayedSize({ width: 720, height: 576 }, { pixelAspect: [64, 45], orientation: turned(90) }),
    ).toEqual({
      width: 576,
      height: 1024,
    });
    expect(
      displayedSize({ width: 720, height: 576 }, { pixelAspect: [1000, 1], orientation: upright }),
    ).toEqual({
      width: 720,
      height: 576,
    });
  });

  it('leaves the very same bytes where there is nothing to do', () => {
    const picture = lettered(['abc', 'def']);
    expect(asDisplayed(picture, { pixelAspect: [1, 1], orientation: upright }).rgb).toBe(picture.rgb);
    expect(asDisplayed(picture, { pixelAspect: [1001, 1000], orientation: upright }).rgb).toBe(picture.rgb);
  });

  it('takes boxes along', () => {
    const display: Display = { pixelAspect: [64, 45], orientation: turned(90) };
    const box = boxAsDisplayed([90, 144, 180, 288] as unknown as Box, { width: 720, height: 576 }, display);
    expect(box.map(Math.round)).toEqual([288, 128, 432, 256]);
  });
});

/** The same picture as a file says nothing of; decoded once for all that are compared with it. */
let squared: Promise<VideoSource> | undefined;
const squarePicture = () => (squared ??= makePatches(folder, 'square').then(opened));
afterAll(async () => (await squared)?.dispose());

describe.each([undefined, '64/45', '8/9'])('a file with pixels of %s', (pixelAspect) => {
  const title = (pixelAspect ?? 'square').replaceAll(/\W+/g, '-');
  let plain: string;
  beforeAll(async () => {
    plain = await makePatches(folder, `${title}-plain`, pixelAspect ? { pixelAspect } : {});
  });

  const each = ['turned by 90°', 'mirrored and turned by 180°'];
  it.each(taken(Object.entries(orientations), ([name]) => pixelAspect === undefined || each.includes(name)))(
    'shown %s: still and playing agree, and its hash is the coded picture’s',
    async (name, matrix) => {
      const turnedTitle = `${title}-${name}`.replaceAll(/\W+/g, '-');
      const coded = await (await squarePicture()).frame(3);
      expect(coded.hash).toBe(hashOf(coded));
      const video = await opened(withMatrixFile(folder, plain, turnedTitle, matrix));
      const still = await video.frame(3);
      expect(still.hash).toBe(coded.hash);
      expect({ width: still.width, height: still.height }).toEqual(displayedSize(video.probe, video.probe));
      // The coded picture's upper left patch lies where the matrix sends it.
      const [a, b, c, d] = matrix as [number, number, number, number];
      const towards = (part: number) => (part < 0 ? 11 / 12 : 1 / 12);
      expect(pixelAt(still, towards(a + c), towards(b + d))).toEqual(pixelAt(coded, 1 / 12, 1 / 12));
      const moving = await played(video, turnedTitle);
      expect(moving.probe).toMatchObject({ orientation: upright, pixelAspect: [1, 1] });
      const stream = await moving.frame(3);
      expect(Math.abs(stream.width - still.width)).toBeLessThan(2);
      expect(largestDifference(still, stream)).toBeLessThanOrEqual(9);
      for (const source of [video, moving]) source.dispose();
    },
  );
});

/** How each is written and what must come out: the patch of the first column and row. */
const colours: Record<string, { output: string[]; filters?: string[]; extension?: string; matrix: string }> =
  {
    'BT.601': { output: [...plainH264, '-colorspace', 'smpte170m'], matrix: 'bt601' },
    'BT.470BG': { output: [...plainH264, '-colorspace', 'bt470bg'], matrix: 'bt601' },
    'BT.709': { output: [...plainH264, '-colorspace', 'bt709'], matrix: 'bt709' },
    'BT.2020': { output: [...plainH264, '-colorspace', 'bt2020nc'], matrix: 'bt2020' },
    'SMPTE 240M': { output: [...plainH264, '-colorspace', 'smpte240m'], matrix: 'smpte240m' },
    FCC: { output: [...plainH264, '-colorspace', 'fcc'], matrix: 'fcc' },
    'full range': { output: fullRangeH264, matrix: 'bt601' },
    '10 bits': {
      output: ['-c:v', 'libx265', '-crf', '2', '-pix_fmt', 'yuv420p10le', '-x265-params', 'log-level=none'],
      matrix: 'bt601',
    },
    VP9: {
      output: [
        ...['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuv420p', '-deadline', 'realtime'],
        '-crf',
        '4',
        '-b:v',
        '0',
      ],
      extension: 'webm',
      matrix: 'bt601',
    },
    ...(encoders.has('libaom-av1') && {
      AV1: {
        // Builds of 2018 call this encoder experimental.
        output: [
          ...['-c:v', 'libaom-av1', '-strict', '-2', '-pix_fmt', 'yuv420p'],
          ...['-cpu-used', '8', '-crf', '4', '-b:v', '0'],
        ],
        matrix: 'bt601',
      },
    }),
    'H.264 in RGB': { output: rgbH264, matrix: 'rgb' },
    'RGB in QuickTime': { output: ['-c:v', 'png', '-pix_fmt', 'rgb24'], extension: 'mov', matrix: 'rgb' },
  };

describe('colours', () => {
  it.each(Object.entries(colours))(
    '%s: still and playing agree',
    async (name, { output, filters, extension, matrix }) => {
      const title = name.replaceAll(/\W+/g, '-');
      const path = await makePatches(folder, title, {
        output,
        ...(filters && { filters }),
        ...(extension && { extension }),
      });
      const video = await opened(path);
      expect(video.probe.colourMatrix).toBe(matrix);
      const still = await video.frame(3);
      expect(still.hash).toBe(hashOf(still));
      const moving = await played(video, title);
      expect(largestDifference(still, await moving.frame(3))).toBeLessThanOrEqual(8);
      video.dispose();
      moving.dispose();
    },
  );

  it('reads planes that are green, blue and red as those', async () => {
    const rgb = await opened(await makePatches(folder, 'planes', { output: rgbH264 }));
    const plain = await opened(await makePatches(folder, 'planes-yuv'));
    expect(rgb.probe.pixelFormat).toBe('gbrp');
    expect(largestDifference(await rgb.frame(0), await plain.frame(0))).toBeLessThanOrEqual(4);
    rgb.dispose();
    plain.dispose();
  });
});

describe('a stream’s header', () => {
  it('is set upright though it comes in pieces', async () => {
    const path = await makePatches(folder, 'header', {
      output: [...plainH264, '-movflags', 'frag_keyframe+empty_moov'],
    });
    const plain = readFileSync(path);
    const stream = uprightStream();
    const turnedFile = withMatrix(Buffer.from(plain), [0, 1, -1, 0]);
    expect(turnedFile.equals(plain)).toBe(false);
    const result = buffer(stream);
    for (let at = 0; at < turnedFile.length; at += 37) stream.write(turnedFile.subarray(at, at + 37));
    stream.end();
    expect((await result).equals(plain)).toBe(true);
  });

  it('is left alone where it is none', async () => {
    const stream = uprightStream();
    const result = buffer(stream);
    stream.end(Buffer.from('no boxes at all'));
    expect((await result).toString()).toBe('no boxes at all');
  });
});

it('has filters for each orientation', () => {
  const all = Object.values(orientations).map((rows) => orientationFilters(orientationOf(printed(rows))));
  expect(new Set(all).size).toBe(8);
});
