import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { openVideo, type VideoSource } from '../../main/video/index.ts';
import { reviewTimes } from '../../main/video/playback-clock.ts';
import { FrameTableBuilder } from '../../main/video/frame-table.ts';
import { makeJoined, type Part } from './clock-clips.ts';
import { ClipFolder, readCounter } from './clips.ts';
import { taken } from './every-kind.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const tenHours = 36_000;
const cases: Record<string, { kind: 'ts' | 'mpg'; parts: Part[]; joins: number }> = {
  'a recorder that was paused (TS)': { kind: 'ts', parts: [{ frames: 150 }, { frames: 150 }], joins: 1 },
  'a recorder that was paused (PS)': { kind: 'mpg', parts: [{ frames: 150 }, { frames: 150 }], joins: 1 },
  'a recorder that takes the time of day': {
    kind: 'ts',
    parts: [{ frames: 150 }, { frames: 150, at: tenHours }],
    joins: 1,
  },
  'many short pieces': {
    kind: 'ts',
    parts: [{ frames: 60 }, { frames: 20 }, { frames: 75, at: tenHours }, { frames: 145, at: 3 }],
    joins: 3,
  },
  'a counter that overflows': { kind: 'ts', parts: [{ frames: 300, at: 95_440.5 }], joins: 0 },
};

async function playedFrom(video: VideoSource, start: number, name: string): Promise<VideoSource> {
  const { stream, startSeconds } = await video.transcodedStream(start);
  expect(startSeconds).toBeCloseTo(start / 25, 6);
  const path = folder.file(`${name}-${start}.mp4`);
  writeFileSync(path, await buffer(stream));
  const played = await openVideo(path);
  await played.buildIndex();
  return played;
}

const each = ['a recorder that was paused (PS)', 'many short pieces', 'a counter that overflows'];
describe.each(taken(Object.entries(cases), ([title]) => each.includes(title)))(
  '%s',
  (title, { kind, parts, joins }) => {
    it(
      'has 12 s of which each time names one frame, and plays through its joins',
      { timeout: 240_000 },
      async () => {
        const name = title.replaceAll(/\W+/g, '-');
        const video = await openVideo(await makeJoined(folder, name, kind, parts));
        const summary = await video.buildIndex();
        expect(summary).toMatchObject({ frames: 300, variableFrameRate: false });
        expect(summary.durationSeconds).toBeCloseTo(12, 6);
        expect(summary.joins).toHaveLength(joins);
        for (const index of [0, 20, 149, 150, 151, 219, 299]) {
          expect(readCounter(await video.frame(index))).toBe(index);
          expect(video.locate({ index }).seconds).toBeCloseTo(index / 25, 6);
          expect(video.locate({ seconds: index / 25 }).index).toBe(index);
          expect(video.locate({ seconds: index / 25 + 0.039 }).index).toBe(index);
          expect(video.locate({ timecode: video.locate({ index }).timecode }).index).toBe(index);
        }
        for (const start of [20, 149, 170]) {
          const played = await playedFrom(video, start, name);
          expect(played.summary().frames).toBe(300 - start);
          for (const after of [0, 1, 2, 130, 300 - start - 1]) {
            if (start + after > 299) continue;
            expect(readCounter(await played.frame(after))).toBe(start + after);
            expect(played.locate({ index: after }).seconds).toBeCloseTo(after / 25, 3);
          }
          played.dispose();
        }
        video.dispose();
      },
    );

    it('keeps its clock with a stored index', async () => {
      const path = folder.file(`${title.replaceAll(/\W+/g, '-')}.${kind}`);
      const video = await openVideo(path);
      await video.buildIndex();
      const again = await openVideo(path, { index: video.encodedIndex() });
      expect(again.hasIndex).toBe(true);
      expect(again.summary()).toEqual(video.summary());
      again.dispose();
      video.dispose();
    });
  },
);

it('is converted to play where its own clock is not the review’s, whatever the browser could read', async () => {
  const video = await openVideo(await makeJoined(folder, 'native', 'ts', [{ frames: 30 }]));
  await video.buildIndex();
  const native = { ...video.probe, container: 'mov,mp4,m4a,3gp,3g2,mj2' };
  const { planPlayback } = await import('../../main/video/playback.ts');
  expect(planPlayback(native, video.context.tools, video.table).kind).toBe('native');
  const table = {
    ...video.table,
    ticks: Float64Array.from(video.table.ticks, (time, at) => (at < 20 ? time : time - 60_000)),
  };
  expect(planPlayback(native, video.context.tools, table)).toMatchObject({
    kind: 'transcoded',
    reason: expect.stringMatching(/times in this file begin anew/) as string,
  });
  video.dispose();
});

describe('the times of a converted stream', () => {
  const format = {
    width: 64,
    height: 48,
    pixelFormat: 'yuv420p',
    colourMatrix: 'bt601',
    fullRange: false,
    pixelAspect: [1, 1],
  } as const;
  const table = (ticks: readonly number[]) => {
    const builder = new FrameTableBuilder();
    for (const time of ticks) builder.add(time, true);
    return builder.finish([1, 1000], format, 'decoded', null);
  };

  it('are the file’s own where they rise', () => {
    expect(reviewTimes(table([5, 45, 90]), 1)).toBe('setpts=PTS-STARTPTS');
  });

  it('fit a command line, however often a file begins anew', () => {
    const ticks = Array.from({ length: 60_000 }, (_, index) => (index % 30) * 40 + (index % 7));
    expect(reviewTimes(table(ticks), 0).length).toBeLessThan(24_000);
  });
});

describe.each([
  ['with times that go on', 3],
  ['with times that begin anew', 0],
])('a picture that changes its size and shape, %s', (_title, at) => {
  it('plays through it, each part in its own size', { timeout: 240_000 }, async () => {
    const name = `size-${at}`;
    const parts = [{ frames: 75 }, { frames: 75, width: 384, height: 320, at }];
    const video = await openVideo(await makeJoined(folder, name, 'ts', parts));
    expect(await video.buildIndex()).toMatchObject({ frames: 150, durationSeconds: 6 });
    expect(video.playbackPlan()).toMatchObject({ kind: 'transcoded' });
    for (const [start, end, width, height] of [
      [20, 75, 192, 144],
      [75, 150, 384, 320],
    ] as const) {
      const still = await video.frame(start);
      expect([readCounter(still), still.width, still.height]).toEqual([start, width, height]);
      const played = await playedFrom(video, start, name);
      expect(played.summary().frames).toBe(end - start);
      const last = await played.frame(end - start - 1);
      expect([readCounter(last), last.width, last.height]).toEqual([end - 1, width, height]);
      played.dispose();
    }
    video.dispose();
  });
});
