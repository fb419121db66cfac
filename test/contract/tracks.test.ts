import { describe, expect, it } from 'vitest';
import { FrameLocation } from '../../preload/contract/places.ts';
import {
  boxAtSeconds,
  boxInSegment,
  boxOnFrame,
  boxToGoOnFrom,
  keyFramesOutside,
  shownSpan,
  type KeyFrame,
} from '../../preload/contract/tracks.ts';
import type { Box, Span } from '../../preload/contract/values.ts';
import { Random } from '../store/random.ts';

const keyAt = (index: number, seconds: number, box: Box, isVisible = true): KeyFrame => ({
  location: FrameLocation.parse({
    index,
    pts: Math.round(seconds * 90_000),
    seconds,
    timecode: '00:00:00.000',
  }),
  hash: 'a'.repeat(64),
  ...{ box, isVisible },
});

const span = (from: number, to: number): Span => ({ videoId: 'v', from, to }) as unknown as Span;

describe('a box carried over frames', () => {
  const keyFrames = [
    keyAt(10, 1, [0, 0, 10, 10]),
    keyAt(20, 3, [100, 40, 130, 70]),
    keyAt(30, 4, [50, 50, 60, 60], false),
    keyAt(40, 5, [20, 20, 30, 40]),
  ];

  it('is exact on key frames, linear by time between them, and nowhere else', () => {
    expect(boxOnFrame(keyFrames, { index: 10, seconds: 1 })).toEqual({
      ...{ box: [0, 0, 10, 10], isInterpolated: false },
    });
    // Frames are shown as long as they are: the middle in time, whatever its number.
    expect(boxOnFrame(keyFrames, { index: 12, seconds: 2 })).toEqual({
      ...{ box: [50, 20, 70, 40], isInterpolated: true },
    });
    expect(boxOnFrame(keyFrames, { index: 9, seconds: 0.9 })).toBeNull();
    expect(boxOnFrame(keyFrames, { index: 41, seconds: 5.1 })).toBeNull();
    expect(boxOnFrame([], { index: 1, seconds: 1 })).toBeNull();
  });

  it('moves on to where the thing went out of sight, and is not there until it is seen again', () => {
    expect(boxOnFrame(keyFrames, { index: 25, seconds: 3.5 })).toMatchObject({ box: [75, 45, 95, 65] });
    expect(boxOnFrame(keyFrames, { index: 30, seconds: 4 })).toBeNull();
    expect(boxOnFrame(keyFrames, { index: 35, seconds: 4.5 })).toBeNull();
    expect(boxOnFrame(keyFrames, { index: 40, seconds: 5 })).toMatchObject({ isInterpolated: false });
    expect(boxToGoOnFrom(keyFrames, { index: 30, seconds: 4 })).toEqual([50, 50, 60, 60]);
    expect(boxToGoOnFrom(keyFrames, { index: 2, seconds: 0.1 })).toEqual([0, 0, 10, 10]);
    expect(boxToGoOnFrom(keyFrames, { index: 60, seconds: 9 })).toEqual([20, 20, 30, 40]);
  });

  it('follows a moving picture by its time as it does its frames by their numbers', () => {
    const within = { from: 0, to: 10 };
    for (const seconds of [1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5]) {
      // A number that lies between those of the key frames around it.
      const after = keyFrames.filter(({ location }) => location.seconds <= seconds);
      const exact = after.at(-1)?.location.seconds === seconds ? 0 : 1;
      const index = (after.at(-1)?.location.index ?? 0) + exact;
      expect(boxAtSeconds({ keyFrames }, within, seconds)).toEqual(
        boxOnFrame(keyFrames, { index, seconds })?.box ?? null,
      );
    }
    // A browser's times are rounded; the last key frame is still the last.
    expect(boxAtSeconds({ keyFrames }, within, 4.9995)).toEqual([20, 20, 30, 40]);
    expect(boxAtSeconds({ keyFrames }, within, 0.5)).toBeNull();
    expect(boxAtSeconds({ keyFrames }, { from: 0, to: 2 }, 2)).toBeNull();
  });

  it('is shown within its segment alone, where key frames outside it still say where it goes', () => {
    const at = { index: 15, seconds: 2 };
    expect(boxInSegment({ keyFrames }, span(12, 18), at)).toMatchObject({ box: [50, 20, 70, 40] });
    expect(boxInSegment({ keyFrames }, span(16, 18), at)).toBeNull();
    expect(keyFramesOutside({ keyFrames }, span(12, 30)).map(({ location }) => location.index)).toEqual([
      10, 40,
    ]);
    expect(shownSpan({ keyFrames }, span(12, 30))).toEqual({ from: 12, to: 30 });
    expect(shownSpan({ keyFrames }, span(50, 60))).toBeNull();
  });

  it('lies between its key frames, moves one way, and stays a box, at any times and in any boxes', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const random = new Random(seed);
      const box = (): Box => {
        const [x, y] = [random.next() * 1900, random.next() * 1000];
        return [x, y, x + 2 + random.next() * 500, y + 2 + random.next() * 500];
      };
      // Variable frame rate: each frame lasts from a tick of 90 kHz to some seconds.
      const seconds = [random.next() * 1e5];
      for (let frame = 1; frame < 40; frame += 1) {
        seconds.push(seconds[frame - 1]! + 1 / 90_000 + random.next() ** 8 * 3);
      }
      const indices = [...new Set(Array.from({ length: 4 }, () => random.below(40)))].sort((a, b) => a - b);
      const keys = indices.map((index) => keyAt(index, seconds[index]!, box(), true));
      for (const [place, key] of keys.entries()) {
        const next = keys[place + 1];
        if (next === undefined) continue;
        let before: Box = key.box;
        for (let index: number = key.location.index; index <= next.location.index; index += 1) {
          const found = boxOnFrame(keys, { index, seconds: seconds[index]! });
          const edge = found === null ? null : found.box;
          expect(edge, `seed ${seed}, frame ${index}`).not.toBeNull();
          if (edge === null) continue;
          for (const side of [0, 1, 2, 3] as const) {
            const [from, to] = [key.box[side], next.box[side]];
            expect(edge[side]).toBeGreaterThanOrEqual(Math.min(from, to));
            expect(edge[side]).toBeLessThanOrEqual(Math.max(from, to));
            expect((edge[side] - before[side]) * Math.sign(to - from)).toBeGreaterThanOrEqual(0);
          }
          expect(edge[2] > edge[0] && edge[3] > edge[1]).toBe(true);
          const isKey = index === key.location.index || index === next.location.index;
          expect(found?.isInterpolated).toBe(!isKey);
          if (isKey) expect(edge).toEqual(index === key.location.index ? key.box : next.box);
          before = edge;
        }
      }
    }
  });
});
