import { describe, expect, it } from 'vitest';
import {
  caseSeconds,
  caseSecondsOfFrame,
  caseTimeOf,
  frameInCase,
  longestGapSeconds,
  neighboursOf,
  placeInCase,
  stretchOf,
  type TimedRecording,
} from '../../preload/contract/case-time.ts';
import { durationSeconds, endSecondsOfFrame, type FrameTimes } from '../../preload/contract/frames.ts';
import type { VideoId } from '../../preload/contract/values.ts';
import { Random } from '../store/random.ts';

const id = (text: string): VideoId => text as VideoId;
const morning = Date.UTC(2026, 10, 20, 8, 0);

const recording = (name: string, change: Partial<TimedRecording> = {}): TimedRecording => ({
  id: id(name),
  fingerprint: `content of ${name}`,
  streamIndex: 0,
  durationSeconds: 60,
  recordedAt: null,
  ...change,
});
const from = (recordings: readonly TimedRecording[]) =>
  caseTimeOf(recordings).stretches.map((stretch) => stretch.from);
const kinds = (recordings: readonly TimedRecording[]) =>
  caseTimeOf(recordings).stretches.map(({ gap }) => [gap.kind, gap.statedSeconds]);

/** Any rate, steady or not, and now and then with a recorder's pause within the file. */
function randomTimes(random: Random): FrameTimes {
  const base = random.pick([
    [1, 25],
    [1, 90_000],
    [1001, 30_000],
    [1, 12_800],
  ] as const)!;
  const step = Math.max(1, Math.round(base[1] / base[0] / random.pick([25, 29.97, 50, 60])));
  const isSteady = random.below(2) === 0;
  const ticks: number[] = [random.below(5000) - 2000];
  for (let count = random.below(120); count > 0; count--) {
    const by = isSteady ? step : 1 + random.below(3 * step);
    ticks.push((ticks.at(-1) ?? 0) + (random.below(60) === 0 ? -by * 20 : by));
  }
  return { timeBase: [...base], ticks, endTicks: (ticks.at(-1) ?? 0) + step, longestStep: 40 * step };
}

function randomCase(random: Random): { recordings: TimedRecording[]; tables: Map<VideoId, FrameTimes> } {
  const tables = new Map<VideoId, FrameTimes>();
  const recordings = Array.from({ length: 1 + random.below(6) }, (_, place) => {
    const times = randomTimes(random);
    const name = `r${place}`;
    const isMissing = random.below(4) === 0;
    if (!isMissing) tables.set(id(name), times);
    const start = random.pick([
      undefined,
      undefined,
      { gapSeconds: random.below(100) / 7 },
      { gapSeconds: longestGapSeconds + random.below(5) },
      { at: morning + random.below(4_000_000) },
    ]);
    return recording(name, {
      durationSeconds: isMissing && random.below(3) === 0 ? null : durationSeconds(times),
      recordedAt: random.below(2) === 0 ? null : morning + random.below(4_000_000),
      ...(start !== undefined && { start }),
    });
  });
  return { recordings, tables };
}

describe('the time of a case', () => {
  it('names every frame of every recording by one time, and each time at most one frame', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { recordings, tables } = randomCase(new Random(seed));
      const time = caseTimeOf(recordings);
      let last = -Infinity;
      for (const stretch of time.stretches) {
        expect(stretch.gap.seconds).toBeGreaterThanOrEqual(0);
        const times = tables.get(stretch.id);
        if (times === undefined) continue;
        for (let index = 0; index < times.ticks.length; index++) {
          const frame = { videoId: stretch.id, index };
          const seconds = caseSecondsOfFrame(time, times, frame)!;
          expect(seconds, `seed ${seed}`).toBeGreaterThan(last);
          last = seconds;
          const end = stretch.from + endSecondsOfFrame(times, index);
          // Up to its last moment, but for what counts as the same time as the next frame's.
          const moments = [seconds, (seconds + end) / 2, end - 3e-6].filter((at) => at <= end - 3e-6);
          for (const at of moments) {
            expect(frameInCase(time, tables, Math.max(at, seconds)), `seed ${seed}`).toEqual(frame);
          }
        }
      }
    }
  });

  it('has no hole and no overlap: each time lies in one recording, or in the gap before one', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const time = caseTimeOf(randomCase(random).recordings);
      let end = 0;
      for (const { from: begin, to, gap } of time.stretches) {
        expect(begin).toBeCloseTo(end + gap.seconds, 9);
        end = to;
      }
      expect(time.duration).toBeCloseTo(end, 9);
      for (let count = 0; count < 50; count++) {
        const seconds = (random.below(1000) / 1000) * time.duration;
        const { stretch, seconds: within, isGap } = placeInCase(time, seconds)!;
        if (isGap) expect(seconds).toBeLessThan(stretch.from);
        else expect(caseSeconds(time, stretch.id, within)).toBeCloseTo(seconds, 5);
      }
    }
  });

  it('of one recording is its own', () => {
    const time = caseTimeOf([recording('a', { start: { at: morning } })]);
    expect(time).toMatchObject({ duration: 60, stretches: [{ from: 0, to: 60, gap: { kind: 'first' } }] });
    expect(placeInCase(time, -3)).toMatchObject({ seconds: 0 });
    expect(placeInCase(time, 99)).toMatchObject({ seconds: 60 });
    expect(placeInCase(time, NaN)).toMatchObject({ seconds: 0 });
    expect(placeInCase(caseTimeOf([]), 5)).toBeNull();
    expect(stretchOf(time, id('b'))).toBeNull();
    expect(caseSeconds(time, id('b'), 5)).toBeNull();
  });

  it('has gaps as clocks or a person state them; clocks that contradict the order, and nothing stated, make none', () => {
    const at = (seconds: number) => ({ recordedAt: morning + seconds * 1000 });
    const a = recording('a', at(0));
    expect(from([a, recording('b', at(60))])).toEqual([0, 60]);
    // Recorders state whole seconds.
    expect(from([a, recording('b', at(61))])).toEqual([0, 60]);
    expect(from([a, recording('b', at(59))])).toEqual([0, 60]);
    expect(from([a, recording('b', at(360)), recording('c', at(420))])).toEqual([0, 360, 420]);
    expect(kinds([a, recording('b', at(0))])[1]).toEqual(['contradiction', -60]);
    expect(kinds([recording('b', at(360)), a])[1]).toEqual(['contradiction', -420]);
    expect(kinds([a, recording('b')])[1]).toEqual(['unknown', null]);
    expect(kinds([a, recording('b', at(90_000))])[1]).toEqual(['apart', 89_940]);
    // What a person states counts, over what the files state.
    const stated = recording('b', { ...at(0), start: { gapSeconds: 30 } });
    expect(from([a, stated, recording('c', at(200))])).toEqual([0, 90, 200]);
    expect(kinds([a, recording('b', { start: { at: morning + 100_000 } })])[1]).toEqual(['stated', 40]);
    expect(kinds([{ ...a, start: { at: morning - 9000 } }, recording('b', at(60))])[1]).toEqual([
      'stated',
      9,
    ]);
  });

  it('has the streams of one file beside each other, and stays with the stream that is on show', () => {
    const stream = (name: string, file: string, streamIndex: number): TimedRecording =>
      recording(name, { fingerprint: streamIndex === 0 ? file : `${file}:${streamIndex}`, streamIndex });
    const time = caseTimeOf([
      stream('a0', 'a', 0),
      stream('b0', 'b', 0),
      stream('a1', 'a', 1),
      stream('b1', 'b', 1),
    ]);
    expect(time.stretches.map(({ id: of, from: begin }) => [of, begin])).toEqual([
      ['a0', 0],
      ['a1', 0],
      ['b0', 60],
      ['b1', 60],
    ]);
    expect(time.duration).toBe(120);
    expect(placeInCase(time, 5)?.stretch.id).toBe('a0');
    expect(placeInCase(time, 5, id('a1'))?.stretch.id).toBe('a1');
    expect(placeInCase(time, 65, id('a1'))?.stretch.id).toBe('b1');
    expect(neighboursOf(time, id('a1'), 1).map((stretch) => stretch.id)).toEqual(['b1']);
    expect(neighboursOf(time, id('b0'), -1).map((stretch) => stretch.id)).toEqual(['a0']);
    expect(neighboursOf(time, id('b0'), 1)).toEqual([]);
  });
});
