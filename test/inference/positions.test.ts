import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { promptPositions, TextRotary, type ImageGrid } from '../../main/inference/model/positions.ts';
import { outOfWindows, visionPositions, windowLayout } from '../../main/inference/graphs/window-layout.ts';
import { allCases, imageCases, largestDifference, readGolden } from './golden.ts';

function gridsOf(values: number[]): ImageGrid[] {
  const grids: ImageGrid[] = [];
  for (let at = 0; at < values.length; at += 3) grids.push([values[at]!, values[at + 1]!, values[at + 2]!]);
  return grids;
}

describe.each(allCases)('prompt positions of %s', (name) => {
  test('equal the reference, with the decode position', () => {
    const golden = readGolden(name);
    const config = JSON.parse(readFileSync(`${golden.modelFolder}config.json`, 'utf8')) as {
      image_token_id: number;
    };
    const grids = golden.tensors.has('image_grid_thw') ? gridsOf(golden.integers('image_grid_thw')) : [];
    const ids = golden.integers('input_ids');
    const result = promptPositions(ids, config.image_token_id, grids, 2);
    expect(Array.from(result.positions)).toEqual(golden.integers('position_ids'));
    expect([result.delta]).toEqual(golden.integers('mrope_position_delta'));
    expect(result.sequence + result.delta).toBe(golden.firstDecodePosition);
  });
});

describe.each(imageCases)('windows of %s', (name) => {
  const golden = readGolden(name);
  const grids = gridsOf(golden.integers('image_grid_thw'));
  const headDimension = 16;
  const layouts = grids.map(([, gridHeight, gridWidth]) =>
    windowLayout({ gridHeight, gridWidth, mergeSize: 2, windowUnits: 4, headDimension }),
  );

  test('the order of units and the window lengths equal the reference', () => {
    const order: number[] = [];
    const lengths: number[] = [0];
    let units = 0;
    for (const layout of layouts) {
      const real = layout.unitAt.filter((unit) => unit >= 0);
      order.push(...Array.from(real, (unit) => unit + units));
      units += real.length;
      for (let window = 0; window < layout.windows; window += 1) {
        const keys = layout.keyBias.subarray(window * layout.windowRows, (window + 1) * layout.windowRows);
        lengths.push(lengths.at(-1)! + keys.filter((bias) => bias === 0).length);
      }
    }
    expect(order).toEqual(golden.integers('window_index'));
    expect(lengths).toEqual(golden.integers('cu_window_seqlens'));
  });

  test('patch positions equal the reference', () => {
    const positions = grids.flatMap(([, height, width]) => Array.from(visionPositions(height, width, 2)));
    expect(positions).toEqual(golden.integers('vision_pos_ids'));
  });

  test('rotary tables equal the reference where patches are real', () => {
    for (const part of ['Cos', 'Sin'] as const) {
      const rows: number[] = [];
      for (const layout of layouts) {
        layout.keyBias.forEach((bias, row) => {
          if (bias !== 0) return;
          rows.push(...layout[`rotary${part}`].subarray(row * headDimension, (row + 1) * headDimension));
        });
      }
      const expected = golden.floats(part === 'Cos' ? 'vision_cos' : 'vision_sin');
      expect(largestDifference(rows, expected)).toBeLessThan(2e-6);
    }
  });

  test('what stands in windows is put back into raster order', () => {
    for (const layout of layouts) {
      const units = layout.unitAt.filter((unit) => unit >= 0).length;
      const values = Float32Array.from({ length: units * 4 * 3 }, (_, index) => index + 1);
      const windowed = new Float32Array(layout.windows * 64 * 3);
      layout.unitAt.forEach((unit, place) => {
        if (unit >= 0) windowed.set(values.subarray(unit * 12, (unit + 1) * 12), place * 12);
      });
      expect(outOfWindows(windowed, layout, 12)).toEqual(values);
    }
  });
});

test('the worked example of the documentation', () => {
  const result = promptPositions([1, 2, 9, 9, 9, 9, 9, 9, 3], 9, [[1, 4, 6]], 2);
  expect(Array.from(result.positions)).toEqual([
    ...[0, 1, 2, 2, 2, 2, 2, 2, 5],
    ...[0, 1, 2, 2, 2, 3, 3, 3, 5],
    ...[0, 1, 2, 3, 4, 2, 3, 4, 5],
  ]);
  expect(result.delta).toBe(-3);
});

test('image tokens that do not fit the images are refused', () => {
  expect(() => promptPositions([1, 9, 9], 9, [[1, 4, 6]], 2)).toThrow(/needs 6 image tokens/);
  expect(() => promptPositions([1, 9], 9, [], 2)).toThrow(/only 0 images/);
  expect(() => promptPositions([1, 2], 9, [[1, 4, 6]], 2)).toThrow(/1 images, but tokens for 0/);
});

test('each rotary frequency turns with the axis of its section', () => {
  const rotary = new TextRotary(16, 100, [2, 3, 3]);
  const { cos, sin } = rotary.tables(Int32Array.of(3, 5, 7), 1, 0, 1);
  const positions = [3, 3, 5, 5, 5, 7, 7, 7];
  positions.forEach((position, index) => {
    const angle = position * 100 ** (-(2 * index) / 16);
    expect(cos[index]).toBeCloseTo(Math.cos(angle), 5);
    expect(sin[index + 8]).toBeCloseTo(Math.sin(angle), 5);
  });
  expect(rotary.single(4)).toEqual(rotary.tables(Int32Array.of(4, 4, 4), 1, 0, 1));
});
