import { describe, expect, test } from 'vitest';
import {
  clampBox,
  iou,
  modelBoxToSource,
  quadrantOf,
  sourceBoxToModel,
  type BoxMapping,
  type Corners,
} from '../../preload/contract/boxes.ts';

const resizedPixels: BoxMapping = {
  space: 'resized-pixels',
  resized: { width: 448, height: 364 },
  source: { width: 1280, height: 1024 },
};
const thousandths: BoxMapping = { ...resizedPixels, space: 'normalized-1000' };

describe('between model space and source pixels', () => {
  test('each axis has its own scale', () => {
    expect(modelBoxToSource([112, 91, 224, 182], resizedPixels)).toEqual([320, 256, 640, 512]);
    expect(modelBoxToSource([250, 250, 500, 500], thousandths)).toEqual([320, 256, 640, 512]);
    expect(modelBoxToSource([0, 0, 448, 364], resizedPixels)).toEqual([0, 0, 1280, 1024]);
  });

  test('there and back again', () => {
    const box: Corners = [17, 23, 903.5, 1001];
    for (const mapping of [resizedPixels, thousandths]) {
      const back = modelBoxToSource(sourceBoxToModel(box, mapping, 0), mapping);
      back.forEach((side, index) => expect(side).toBeCloseTo(box[index]!, 9));
    }
  });

  test('rounds to the steps of the model', () => {
    expect(sourceBoxToModel([321, 257, 645, 520], resizedPixels, 1)).toEqual([112, 91, 226, 185]);
    expect(sourceBoxToModel([321, 257, 645, 520], resizedPixels, 4)).toEqual([112, 92, 224, 184]);
  });
});

test('clamping keeps what is inside and refuses what is not', () => {
  const size = { width: 100, height: 50 };
  expect(clampBox([-5, 10, 120, 60], size)).toEqual([0, 10, 100, 50]);
  expect(clampBox([100, 0, 110, 10], size)).toBeNull();
  expect(clampBox([20, 30, 10, 40], size)).toBeNull();
});

test('intersection over union is the true one', () => {
  expect(iou([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1);
  expect(iou([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(1 / 3, 12);
  expect(iou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
  expect(iou([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
  expect(iou([0, 0, 0.5, 0.5], [0.6, 0.6, 1, 1])).toBe(0);
});

test('the quadrant is that of the centre', () => {
  const size = { width: 1280, height: 1024 };
  expect(quadrantOf([0, 0, 100, 100], size)).toBe('left-top');
  expect(quadrantOf([600, 0, 700, 100], size)).toBe('right-top');
  expect(quadrantOf([0, 600, 100, 1000], size)).toBe('left-bottom');
  expect(quadrantOf([630, 502, 650, 522], size)).toBe('right-bottom');
});
