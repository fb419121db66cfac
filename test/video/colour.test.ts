import { describe, expect, it } from 'vitest';
import { planarBytes, planarFormat, planarToRgb, type PlanarFormat } from '../../main/video/colour.ts';
import type { ColourMatrix } from '../../main/video/probe.ts';

function picture(format: PlanarFormat, width: number, height: number, y: number, cb: number, cr: number) {
  const chroma = (planarBytes(format, width, height) / (format.bits > 8 ? 2 : 1) - width * height) / 2;
  const samples = [
    ...Array<number>(width * height).fill(y),
    ...Array<number>(chroma).fill(cb),
    ...Array<number>(chroma).fill(cr),
  ];
  const planes =
    format.bits > 8 ? new Uint8Array(Uint16Array.from(samples).buffer) : Uint8Array.from(samples);
  return { planes, width, height, format };
}

function pixel(
  name: string,
  y: number,
  cb: number,
  cr: number,
  matrix: ColourMatrix = 'bt709',
  fullRange = false,
) {
  const format = planarFormat(name) as PlanarFormat;
  return [...planarToRgb({ ...picture(format, 2, 2, y, cb, cr), matrix, fullRange }).subarray(0, 3)];
}

describe('planar YCbCr to RGB', () => {
  it('puts black, white and grey where the standards do', () => {
    expect(pixel('yuv420p', 16, 128, 128)).toEqual([0, 0, 0]);
    expect(pixel('yuv420p', 235, 128, 128)).toEqual([255, 255, 255]);
    expect(pixel('yuv420p', 0, 128, 128)).toEqual([0, 0, 0]);
    expect(pixel('yuv420p', 255, 128, 128)).toEqual([255, 255, 255]);
    expect(pixel('yuvj420p', 77, 128, 128, 'bt601', true)).toEqual([77, 77, 77]);
  });

  /** BT.709-6, item 3 and BT.601-7, item 2.5: the primaries at 8 bits, studio range. */
  it('turns the primaries of each matrix back into themselves, within the rounding of 8 bits', () => {
    const near = (got: number[], want: number[]) =>
      got.forEach((value, channel) =>
        expect(Math.abs(value - (want[channel] as number))).toBeLessThanOrEqual(2),
      );
    near(pixel('yuv420p', 63, 102, 240), [255, 0, 0]);
    near(pixel('yuv420p', 173, 42, 26), [0, 255, 0]);
    near(pixel('yuv420p', 32, 240, 118), [0, 0, 255]);
    near(pixel('yuv420p', 81, 90, 240, 'bt601'), [255, 0, 0]);
    near(pixel('yuv420p', 145, 54, 34, 'bt601'), [0, 255, 0]);
    near(pixel('yuv420p', 41, 240, 110, 'bt601'), [0, 0, 255]);
    near(pixel('yuv420p', 74, 97, 240, 'bt2020'), [255, 0, 0]);
  });

  /** SMPTE 240M and FCC (ITU-T H.273, table 4), YCgCo (equations 38 to 41), and planes that are G, B and R. */
  it('knows the matrices that few files have', () => {
    expect(pixel('yuv420p', 63, 102, 240, 'smpte240m')).not.toEqual(pixel('yuv420p', 63, 102, 240));
    // Kr 0.212, Kb 0.087: pure red is Y 16 + 219 * 0.212, Cb 128 - 224 * 0.212 / (2 * 0.913), Cr 240.
    expect(pixel('yuv444p', 62, 102, 240, 'smpte240m')).toEqual([255, 0, 0]);
    expect(pixel('yuv444p', 82, 90, 240, 'fcc')).toEqual([255, 0, 0]);
    expect(pixel('yuv444p', 60, 178, 108, 'ycgco', true)).toEqual([0, 110, 30]);
    expect(pixel('gbrp', 10, 20, 30, 'rgb', true)).toEqual([30, 10, 20]);
    expect(pixel('yuv444p', 10, 20, 30, 'rgb', true)).toEqual([30, 10, 20]);
    expect(pixel('gbrp10le', 1023, 512, 0, 'rgb', true)).toEqual([0, 255, 128]);
  });

  it('gives 10 and 12 bits the colours of 8', () => {
    expect(pixel('yuv420p10le', 63 * 4, 102 * 4, 240 * 4)).toEqual(pixel('yuv420p', 63, 102, 240));
    expect(pixel('yuv422p12le', 173 * 16, 42 * 16, 26 * 16)).toEqual(pixel('yuv422p', 173, 42, 26));
  });

  it.each(['yuv420p', 'yuv422p', 'yuv444p', 'yuv440p', 'yuv420p10le'])(
    '%s: every pixel takes its own block of chroma, odd sizes too',
    (name) => {
      const format = planarFormat(name) as PlanarFormat;
      const [width, height] = [7, 5];
      const chromaWidth = Math.ceil(width / 2 ** format.shiftX);
      const chromaHeight = Math.ceil(height / 2 ** format.shiftY);
      const top = format.bits > 8 ? 4 : 1;
      const luma = Array.from({ length: width * height }, (_, at) => (60 + at) * top);
      const chroma = Array.from({ length: chromaWidth * chromaHeight }, (_, at) => (100 + 3 * at) * top);
      const samples = [...luma, ...chroma, ...chroma.toReversed()];
      const planes =
        format.bits > 8 ? new Uint8Array(Uint16Array.from(samples).buffer) : Uint8Array.from(samples);
      const rgb = planarToRgb({ planes, width, height, format, matrix: 'bt709', fullRange: false });
      expect(rgb).toHaveLength(width * height * 3);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const at = (row >> format.shiftY) * chromaWidth + (column >> format.shiftX);
          const alone = pixel(
            name,
            luma[row * width + column] as number,
            chroma[at] as number,
            chroma.toReversed()[at] as number,
          );
          expect([...rgb.subarray((row * width + column) * 3, (row * width + column) * 3 + 3)]).toEqual(
            alone,
          );
        }
      }
    },
  );

  it('knows which formats are not its own, and refuses a picture of the wrong length', () => {
    for (const name of ['gray', 'rgb24', 'nv12', 'yuva420p', 'yuv410p', 'pal8', 'yuv420p10be']) {
      expect(planarFormat(name), name).toBeNull();
    }
    const format = planarFormat('yuv420p') as PlanarFormat;
    const wrong = { ...picture(format, 4, 4, 16, 128, 128), height: 5 };
    expect(() => planarToRgb({ ...wrong, matrix: 'bt709', fullRange: false })).toThrow(/32 bytes, not 24/);
  });
});
