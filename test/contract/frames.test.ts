import { describe, expect, it } from 'vitest';
import {
  averageFrameRate,
  checkFrameIndex,
  durationSeconds,
  ffmpegSeekSeconds,
  formatTimecode,
  frameAtMediaSeconds,
  frameAtSeconds,
  frameAtTicks,
  frameAtTimecode,
  frameTimecode,
  isVariableFrameRate,
  parseTimecode,
  secondsOfFrame,
  ticksToSeconds,
  videoElementSeekSeconds,
  type FrameTimes,
} from '../../preload/contract/frames.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** 29.97 frames per second as MPEG-TS stores it, with an hour's offset and a start past zero. */
const constant: FrameTimes = {
  timeBase: [1, 90_000],
  ticks: Float64Array.from({ length: 5000 }, (_, index) => 324_000_000 + index * 3003),
  endTicks: 324_000_000 + 5000 * 3003,
};
/** Matroska's milliseconds: 33, 33, 34. */
const rounded: FrameTimes = {
  timeBase: [1, 1000],
  ticks: Array.from({ length: 3000 }, (_, index) => Math.round((index * 1001) / 30)),
  endTicks: 100_100,
};
const variable: FrameTimes = {
  timeBase: [1, 15_360],
  ticks: [-512, 0, 512, 2048, 2100, 9000, 9512, 15_360],
  endTicks: 15_872,
};
const all = { constant, rounded, variable };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof WorkstationError) return error.code;
    throw error;
  }
  return 'no error';
}

describe.each(Object.entries(all))('%s', (_name, times) => {
  it('finds every frame again from its own seconds, its midpoint and its millisecond timecode', () => {
    for (let index = 0; index < times.ticks.length; index++) {
      const seconds = secondsOfFrame(times, index);
      expect(frameAtSeconds(times, seconds)).toBe(index);
      expect(frameAtMediaSeconds(times, videoElementSeekSeconds(times, index))).toBe(index);
      expect(frameAtTimecode(times, formatTimecode(seconds))).toBe(index);
      expect(frameAtTimecode(times, frameTimecode(times, index))).toBe(index);
    }
  });

  it('seeks ffmpeg between the frame before and the frame', () => {
    for (let index = 0; index < times.ticks.length; index++) {
      const seek = ffmpegSeekSeconds(times, index);
      expect(seek).toBeLessThan(ticksToSeconds(times.ticks[index] as number, times.timeBase));
      if (index > 0)
        expect(seek).toBeGreaterThan(ticksToSeconds(times.ticks[index - 1] as number, times.timeBase));
    }
  });

  it('keeps a time just before a frame on the frame before', () => {
    for (let index = 1; index < times.ticks.length; index++) {
      expect(frameAtTicks(times, (times.ticks[index] as number) - 0.01)).toBe(index - 1);
    }
  });
});

it('holds a time past either end at the first and the last frame, as a player does', () => {
  expect(frameAtSeconds(variable, -5)).toBe(0);
  expect(frameAtSeconds(variable, 500)).toBe(7);
});

it('refuses frames that are not there, by number', () => {
  expect(codeOf(() => checkFrameIndex(8, 8))).toBe('frame-out-of-range');
  expect(codeOf(() => checkFrameIndex(-1, 8))).toBe('frame-out-of-range');
  expect(codeOf(() => checkFrameIndex(1.5, 8))).toBe('frame-out-of-range');
  expect(codeOf(() => frameAtSeconds({ ...variable, ticks: [] }, 0))).toBe('frame-out-of-range');
  expect(codeOf(() => frameAtSeconds(variable, NaN))).toBe('invalid-input');
});

it('tells variable from constant frame rate through the rounding of a tick', () => {
  expect(isVariableFrameRate(constant)).toBe(false);
  expect(isVariableFrameRate(rounded)).toBe(false);
  expect(isVariableFrameRate(variable)).toBe(true);
  expect(averageFrameRate(constant)).toBeCloseTo(29.97, 2);
  expect(durationSeconds(variable)).toBeCloseTo(16_384 / 15_360, 9);
});

it('reads the timecodes people write', () => {
  expect(parseTimecode('12')).toMatchObject({ seconds: 12, frame: null });
  expect(parseTimecode('1:02')).toMatchObject({ seconds: 62 });
  expect(parseTimecode('90:05.5')).toMatchObject({ seconds: 5405.5 });
  expect(parseTimecode('01:02:03,250').seconds).toBeCloseTo(3723.25, 9);
  expect(parseTimecode('00:00:10:07')).toMatchObject({ seconds: 10, frame: 7 });
  for (const wrong of ['', 'abc', '1:75', '1:75:00', '-3', '00:00:61:01', '1:2:3:4:5', '1..5']) {
    expect(
      codeOf(() => parseTimecode(wrong)),
      wrong,
    ).toBe('invalid-input');
  }
  expect(codeOf(() => frameAtTimecode(constant, '01:00:00'))).toBe('frame-out-of-range');
  expect(codeOf(() => frameAtTimecode(constant, '00:00:01:45'))).toBe('frame-out-of-range');
});

it('takes a second, a tenth or a hundredth for its start', () => {
  const steady: FrameTimes = {
    timeBase: [1, 25],
    ticks: Array.from({ length: 400 }, (_, index) => index),
    endTicks: 400,
  };
  for (const [text, index] of [
    ['0.8', 20],
    ['0:00.80', 20],
    ['0.83', 20],
    ['0.84', 21],
    ['0.9', 22],
    ['12', 300],
    ['12.0', 300],
    ['11.999', 299],
  ] as const)
    expect(frameAtTimecode(steady, text), text).toBe(index);
});

it('writes hours, minutes and rounding across a minute', () => {
  expect(formatTimecode(3723.2504)).toBe('01:02:03.250');
  expect(formatTimecode(59.9996)).toBe('00:01:00.000');
});
