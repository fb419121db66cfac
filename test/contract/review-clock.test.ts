import { describe, expect, it } from 'vitest';
import {
  durationSeconds,
  formatTimecode,
  frameAtSeconds,
  frameAtTimecode,
  frameTimecode,
  isVariableFrameRate,
  secondsOfFrame,
  type FrameTimes,
} from '../../preload/contract/frames.ts';
import { reviewClock } from '../../preload/contract/review-clock.ts';

const rate = 3600;
const from = (start: number, count: number, step = rate) =>
  Array.from({ length: count }, (_, index) => start + index * step);
/** 90,000 ticks a second, and 10 s of silence for a join, as for MPEG streams. */
const times = (ticks: number[], longestStep = 900_000): FrameTimes => ({
  timeBase: [1, 90_000],
  ticks,
  // What a table says of its end is of no use where times fall back.
  endTicks: (ticks.at(-1) ?? 0) + 1,
  longestStep,
});
const seconds = (table: FrameTimes) =>
  Array.from(table.ticks, (_, index) => Math.round(secondsOfFrame(table, index) * 1e6) / 1e6);
const steady = (count: number) =>
  Array.from({ length: count }, (_, index) => Math.round(index * 40_000) / 1e6);

const cases: Record<string, { ticks: number[]; joins: number[] }> = {
  'begins anew': { ticks: [...from(133_200, 150), ...from(133_200, 150)], joins: [150] },
  'begins anew after a few frames': { ticks: [...from(0, 8), ...from(0, 30), ...from(0, 3)], joins: [8, 38] },
  'falls back by two frames': { ticks: [...from(0, 100), ...from(98 * rate, 50)], joins: [100] },
  'leaps by ten hours': { ticks: [...from(0, 150), ...from(36_000 * 90_000, 150)], joins: [150] },
  'leaps, and begins anew': {
    ticks: [...from(0, 50), ...from(9e8, 50), ...from(0, 50), ...from(5, 50)],
    joins: [50, 100, 150],
  },
  'overflows in 33 bits': { ticks: [...from(2 ** 33 - 50 * rate, 50), ...from(0, 50)], joins: [] },
  'begins anew after it has overflowed': {
    ticks: [...from(2 ** 33 - 50 * rate, 50), ...from(0, 50), ...from(0, 50)],
    joins: [100],
  },
  'has two frames in the wrong order': {
    ticks: from(0, 100).map((time, index) => (index === 40 ? 41 * rate : index === 41 ? 40 * rate : time)),
    joins: [],
  },
};

describe.each(Object.entries(cases))('a clock that %s', (_name, { ticks, joins }) => {
  it('goes on by one frame at every frame, and each place in seconds names one frame', () => {
    const table = times(ticks);
    expect(seconds(table)).toEqual(steady(ticks.length));
    expect(reviewClock(table).joins).toEqual(joins);
    expect(durationSeconds(table)).toBeCloseTo(ticks.length / 25, 9);
    expect(isVariableFrameRate(table)).toBe(false);
    for (let index = 0; index < ticks.length; index++) {
      const at = secondsOfFrame(table, index);
      expect(frameAtSeconds(table, at)).toBe(index);
      expect(frameAtSeconds(table, at + 0.039)).toBe(index);
      expect(frameAtTimecode(table, formatTimecode(at))).toBe(index);
      expect(frameAtTimecode(table, frameTimecode(table, index))).toBe(index);
    }
  });
});

it('leaves a rising clock as it is, with a pause as long as its container allows', () => {
  const ticks = [...from(7200, 10), ...from(7200 + 30 * 90_000, 10)];
  const kept = times(ticks, 3600 * 90_000);
  expect(reviewClock(kept)).toMatchObject({ joins: [], isOwn: true });
  expect(secondsOfFrame(kept, 10)).toBeCloseTo(30, 9);
  expect(reviewClock(times([...ticks], 900_000)).joins).toEqual([10]);
});

it('shares a time among the frames that have it, in finer ticks where it must', () => {
  const milliseconds: FrameTimes = { timeBase: [1, 1000], ticks: [0, 0, 0, 1, 2, 2, 40, 40], endTicks: 80 };
  const clock = reviewClock(milliseconds);
  expect(clock).toMatchObject({ timeBase: [1, 3000], joins: [], isOwn: false });
  expect(Array.from(clock.ticks)).toEqual([0, 1, 2, 3, 6, 63, 120, 123]);
  expect(clock.ticks[7]).toBeLessThan(clock.endTicks);
});

it('gives frames without any time those of 25 in a second', () => {
  expect(seconds({ timeBase: [1, 90_000], ticks: [0, 0, 0, 0], endTicks: 1 })).toEqual([0, 0.04, 0.08, 0.12]);
});

it('keeps the steps of each part of a variable rate', () => {
  const part = [0, 2000, 9000, 9900, 16_000];
  const table = times([...part, ...part]);
  expect(reviewClock(table).joins).toEqual([5]);
  for (let index = 0; index < 5; index++) {
    expect(secondsOfFrame(table, index + 5) - secondsOfFrame(table, 5)).toBeCloseTo(
      secondsOfFrame(table, index),
      9,
    );
  }
});

it('rises whatever the file says', () => {
  let state = 7;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let turn = 0; turn < 300; turn++) {
    const ticks = Array.from({ length: 40 }, () => Math.floor(random() * (turn % 2 ? 60 : 2 ** 34)));
    const table = times(ticks, turn % 3 ? 900_000 : 10);
    const clock = reviewClock(table);
    for (let index = 1; index < ticks.length; index++) {
      expect(clock.ticks[index]).toBeGreaterThan(clock.ticks[index - 1] as number);
    }
    expect(clock.endTicks).toBeGreaterThan(clock.ticks[39] as number);
    expect(Array.from(clock.ticks).every(Number.isInteger)).toBe(true);
  }
});
