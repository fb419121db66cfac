import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upright } from '../../main/video/display.ts';
import { FrameBudget } from '../../main/video/frame-budget.ts';
import { FrameCache } from '../../main/video/frame-cache.ts';
import { FrameSlots } from '../../main/video/frame-slots.ts';
import { Pace } from '../../main/video/pace.ts';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { runningProcesses } from '../../main/video/process.ts';
import { decodeFrames, type RawFrame } from '../../main/video/decoder.ts';
import type { FrameIndex, Ticks } from '../../preload/contract/values.ts';
import { ClipFolder, readCounter, recipes, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

let path: string;
beforeAll(async () => {
  path = await folder.make('long-groups', {
    ...(recipes['mp4-b-frames'] as ClipRecipe),
    output: ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '100', '-bf', '2', '-b_strategy', '0'],
  });
});

async function opened(cacheBytes?: number): Promise<VideoSource> {
  const video = await openVideo(path, { cacheBytes });
  await video.buildIndex();
  return video;
}

/** Waits for what must come true, and fails when it does not. */
async function eventually(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error('It never came true.');
}

describe('stepping and jumping', () => {
  it.each([
    ['a large cache', undefined],
    ['a cache of 8 frames', 0],
  ])('shows the frame asked for with %s', async (_name, cacheBytes) => {
    const video = await opened(cacheBytes);
    const walk = [
      ...Array.from({ length: 30 }, (_, step) => 90 + step),
      ...Array.from({ length: 40 }, (_, step) => 119 - step),
      ...[299, 0, 250, 1, 199, 200],
    ];
    for (const index of walk) {
      const frame = await video.frame(index);
      expect([frame.index, readCounter(frame)]).toEqual([index, index]);
    }
    video.dispose();
  });

  it('lets the latest interaction win: older ones fail with "cancelled", and work is left alone', async () => {
    const video = await opened();
    const work = [20, 150, 280].map((index) => video.frame(index, { priority: 'work' }));
    const steps = [10, 60, 110, 160, 210, 260].map((index) => video.frame(index));
    const outcomes = await Promise.allSettled(steps);
    expect(
      outcomes
        .slice(0, -1)
        .map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code),
    ).toEqual(Array(5).fill('cancelled'));
    expect(await steps.at(-1)).toMatchObject({ index: 260 });
    expect((await Promise.all(work)).map(readCounter)).toEqual([20, 150, 280]);
    video.dispose();
  });

  it('answers two windows that step by turns among frames that are there', async () => {
    const video = await opened();
    await video.frame(150);
    await eventually(() => runningProcesses() === 0);
    const places = [151, 149, 152, 148, 153];
    const frames = await Promise.all(places.map((index) => video.frame(index)));
    expect(frames.map(readCounter)).toEqual(places);
    video.dispose();
  });

  it('gives two callers of the same frame the same pixels', async () => {
    const video = await opened();
    const [one, two] = await Promise.all([video.frame(77), video.frame(77)]);
    expect(one).toBe(two);
    video.dispose();
  });

  it('decodes a frame once for several questions about it, and keeps only the last few', async () => {
    const video = await opened();
    const first = await video.frame(77, { priority: 'work' });
    expect(await video.frame(77, { priority: 'work' })).toBe(first);
    for (const index of [10, 11, 12, 13]) await video.frame(index, { priority: 'work' });
    const later = await video.frame(77, { priority: 'work' });
    expect(later).not.toBe(first);
    expect(later.hash).toBe(first.hash);
    video.dispose();
  });

  it('stops when its signal says so, and answers the next request', async () => {
    const video = await opened();
    const controller = new AbortController();
    const frame = video.frame(290, { signal: controller.signal });
    controller.abort();
    await expect(frame).rejects.toMatchObject({ code: 'cancelled' });
    await expect(video.frame(290, { signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(readCounter(await video.frame(290))).toBe(290);
    video.dispose();
  });

  it('keeps what the decoder passes through on its way when it goes backwards', async () => {
    const starts: string[] = [];
    const note = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      if (message === 'Starting a media tool') starts.push(String(fields?.['args']));
    };
    const video = await openVideo(path, {
      log: { debug: note, info: () => undefined, warn: () => undefined },
    });
    await video.buildIndex();
    await video.frame(299);
    expect(readCounter(await video.frame(195))).toBe(195);
    // Frame 100 is the key frame where that decode has to begin.
    const whole = `[from]select='gte(pts,${video.table.ticks[100]})'`;
    expect(starts.some((args) => args.includes(whole))).toBe(true);
    video.dispose();
  });

  it('prepares the neighbours on both sides while nobody asks', async () => {
    const starts: string[] = [];
    const note = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      if (message === 'Starting a media tool') starts.push(String(fields?.['args']));
    };
    const video = await openVideo(path, {
      log: { debug: note, info: () => undefined, warn: () => undefined },
    });
    await video.buildIndex();
    await video.frame(150);
    await eventually(() => runningProcesses() === 0);
    const before = starts.length;
    for (let index = 150; index >= 100; index -= 5) expect(readCounter(await video.frame(index))).toBe(index);
    for (let index = 150; index <= 200; index += 5) expect(readCounter(await video.frame(index))).toBe(index);
    await eventually(() => runningProcesses() === 0);
    // Every one of these frames was ready: what started since only prepares more.
    expect(starts.length - before).toBeLessThanOrEqual(6);
    video.dispose();
  });
});

it('streams a range in order, slowed by its reader, and stops with it', async () => {
  const video = await opened();
  const seen: number[] = [];
  for await (const frame of video.frames(95, 130)) seen.push(readCounter(frame));
  expect(seen).toEqual(Array.from({ length: 36 }, (_, step) => 95 + step));

  for await (const frame of video.frames(0, 299)) if (frame.index === 3) break;
  const controller = new AbortController();
  const stopped = (async () => {
    for await (const frame of video.frames(0, 299, controller.signal))
      if (frame.index === 5) controller.abort();
  })();
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  await eventually(() => runningProcesses() === 0);
  video.dispose();
});

it('says which frames there are when asked for another', async () => {
  const video = await opened();
  for (const index of [-1, 300, 1.5, NaN]) {
    await expect(video.frame(index)).rejects.toMatchObject({ code: 'frame-out-of-range' });
  }
  expect(() => video.locate({ index: 300 })).toThrow(/no frame 300/);
  expect(video.locate({ timecode: '00:00:04.000' })).toMatchObject({ index: 100, timecode: '00:00:04.000' });
  expect(video.locate({ seconds: 4.0399 }).index).toBe(100);
  video.dispose();
});

it('asks for its index before frames', async () => {
  const video = await openVideo(path);
  await expect(video.frame(0)).rejects.toMatchObject({ code: 'unavailable' });
  video.dispose();
  await expect(opened().then((other) => (other.dispose(), other.frame(0)))).rejects.toMatchObject({
    code: 'cancelled',
  });
});

it('keeps its index as bytes, and refuses those of another file or a damaged one', async () => {
  const video = await opened();
  const stored = video.encodedIndex();
  expect(stored.length).toBeLessThan(600);
  const again = await openVideo(path, { index: stored });
  expect(again.hasIndex).toBe(true);
  expect(again.summary()).toEqual(video.summary());
  expect(readCounter(await again.frame(123))).toBe(123);
  const other = await folder.make('other', { ...(recipes['mkv'] as ClipRecipe), frames: 30 });
  expect((await openVideo(other, { index: stored })).hasIndex).toBe(false);
  const damaged = Buffer.from(stored);
  damaged[damaged.length - 6] = (damaged[damaged.length - 6] as number) ^ 255;
  expect((await openVideo(path, { index: damaged })).hasIndex).toBe(false);
  expect((await openVideo(path, { index: stored.subarray(0, 40) })).hasIndex).toBe(false);
  for (const source of [video, again]) source.dispose();
});

it('stops building an index when asked', async () => {
  const video = await openVideo(path);
  const controller = new AbortController();
  const building = video.buildIndex({ signal: controller.signal });
  controller.abort();
  await expect(building).rejects.toMatchObject({ code: 'cancelled' });
  expect(video.hasIndex).toBe(false);
  expect(await video.buildIndex()).toMatchObject({ frames: 300 });
});

describe('ffmpeg killed from outside', () => {
  /** An ffmpeg that is killed after its first pixels, `times` times; then it works. */
  async function mortal(times: number): Promise<VideoSource> {
    const { ffmpeg } = await findMediaTools();
    const count = folder.file(`deaths-${times}`);
    writeFileSync(count, '0');
    const program = folder.file(`mortal-ffmpeg-${times}`);
    // Two of them may run at a time: the counter is empty for the one that reads while the other writes.
    writeFileSync(
      program,
      `#!/bin/sh\ncase "$*" in *rawvideo*) deaths=$(cat '${count}'); if [ "\${deaths:-0}" -lt ${times} ]; then
echo $((deaths + 1)) > '${count}'; '${ffmpeg.path}' "$@" | head -c 1000 > /dev/null; kill -9 $$; fi;; esac\nexec '${ffmpeg.path}' "$@"\n`,
    );
    chmodSync(program, 0o755);
    execFileSync(program, ['-version']);
    const video = await opened();
    const { context } = video;
    Object.assign(context, { tools: { ...context.tools, ffmpeg: { ...ffmpeg, path: program } } });
    return video;
  }

  it('once: it is started again and nobody notices', async () => {
    const video = await mortal(1);
    expect(readCounter(await video.frame(140))).toBe(140);
    expect(readFileSync(folder.file('deaths-1'), 'utf8').trim()).toBe('1');
    video.dispose();
  });

  it('again and again: the request fails with a remedy, nothing hangs', async () => {
    const video = await mortal(1000);
    await expect(video.frame(140)).rejects.toMatchObject({
      code: 'ffmpeg-failed',
      hint: expect.stringContaining('try again') as string,
    });
    await expect(video.frame(299, { priority: 'work' })).rejects.toMatchObject({ code: 'ffmpeg-failed' });
    await eventually(() => runningProcesses() === 0);
    video.dispose();
  });

  it('gone altogether: the message names the remedy', async () => {
    const video = await opened();
    Object.assign(video.context, {
      tools: {
        ...video.context.tools,
        ffmpeg: { ...video.context.tools.ffmpeg, path: folder.file('no-such-program') },
      },
    });
    await expect(video.frame(9)).rejects.toMatchObject({ code: 'ffmpeg-missing' });
    video.dispose();
  });
});

it('leaves no process behind', async () => {
  const video = await opened();
  await video.frame(200);
  const pending = video.frame(20);
  video.dispose();
  await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
  await eventually(() => runningProcesses() === 0);
});

describe('FrameCache', () => {
  const frame = (index: number): RawFrame => ({
    index: index as FrameIndex,
    pts: index as Ticks,
    format: {
      width: 8,
      height: 8,
      pixelFormat: 'yuv420p',
      colourMatrix: 'bt601',
      fullRange: false,
      pixelAspect: [1, 1],
    },
    isDamaged: false,
    data: Buffer.alloc(100),
    source: { pixelFormat: 'yuv420p', orientation: upright },
  });

  const filled = (budget: FrameBudget, count: number): FrameCache => {
    const cache = new FrameCache(budget, 100);
    for (let index = 0; index < count; index++) {
      cache.movePlayhead(index, 1);
      cache.put(frame(index));
    }
    return cache;
  };

  it('gives up the farthest frames first, those behind the playhead sooner than those ahead', () => {
    const cache = filled(new FrameBudget(1150), 50);
    expect([cache.size, cache.contiguous(-1, 100)]).toEqual([10, 9]);
    cache.movePlayhead(43, -1);
    for (let index = 42; index >= 30; index--) cache.put(frame(index));
    expect([cache.contiguous(-1, 100), cache.contiguous(1, 100)]).toEqual([7, 2]);
    expect([cache.room(-1), cache.room(1)]).toEqual([7, 2]);
    expect(new FrameCache(new FrameBudget(0), 100).capacity).toBe(8);
  });

  it('shares its budget: what lies idle is given up, and those in use have even shares', () => {
    let now = 0;
    const budget = new FrameBudget(4600, () => now);
    const first = filled(budget, 60);
    expect([first.size, budget.held]).toEqual([40, 4000]);
    now += 1000;
    const second = filled(budget, 60);
    expect([first.size, second.size]).toEqual([20, 20]);
    now += 60_000;
    const third = filled(budget, 30);
    expect([first.size, second.size, third.size]).toEqual([0, 10, 30]);
    third.clear();
    expect(budget.held).toBe(1000);
  });

  it('never holds more than its budget and the fewest frames of each, whoever comes and goes', () => {
    let now = 0;
    const budget = new FrameBudget(4600, () => now);
    const caches = Array.from({ length: 5 }, () => new FrameCache(budget, 100));
    for (let turn = 0; turn < 2000; turn++) {
      now += (turn * 7919) % 1500;
      const cache = caches[(turn * 31 + Math.floor(turn / 90)) % 5]!;
      if (turn % 3 > 0) cache.movePlayhead((turn * 13) % 400, turn % 2 === 0 ? 1 : -1);
      cache.put(frame((turn * 17) % 400));
      expect(budget.held).toBeLessThanOrEqual(4100);
      expect(cache.bytes).toBe(cache.size * 100);
    }
  });
});

describe('FrameSlots', () => {
  it('uses memory again, and lets go of what holds no frame', () => {
    const slots = new FrameSlots();
    const frames = Array.from({ length: 40 }, () => slots.take(3_110_400));
    expect(slots.slabs).toBe(4);
    frames.forEach(({ data }, value) => data.fill(value));
    expect(frames.every(({ data }, value) => data[0] === value && data.at(-1) === value)).toBe(true);
    const again = frames[30]!.data;
    frames[30]!.free();
    expect(slots.take(3_110_400).data).toBe(again);
    for (const { free } of frames.slice(0, 30)) free();
    expect(slots.slabs).toBe(2);
    expect(slots.take(50_000_001).data).toHaveLength(50_000_001);
  });
});

describe('Pace', () => {
  it('tells from steps and decodes over how many frames one goes on meanwhile', () => {
    let now = 0;
    const pace = new Pace(() => now);
    for (let index = 500; index > 450; index--) {
      pace.moved(index);
      now += 40;
    }
    expect(pace.isFast).toBe(true);
    // 25 frames a second, while 120 are decoded in a second.
    expect(pace.framesMeanwhile(240)).toBe(Math.ceil(25 * 2.15));
    for (let run = 0; run < 10; run++) pace.decoded(240, 4150);
    expect(pace.framesMeanwhile(240)).toBeGreaterThan(100);
    now += 2000;
    expect([pace.isFast, pace.framesMeanwhile(240)]).toEqual([false, 0]);
    pace.moved(9000);
    pace.moved(20);
    expect(pace.framesMeanwhile(240)).toBe(0);
  });
});

it.skipIf(process.platform === 'win32')(
  'ends the run when the last wanted frame is there, long before the end of the file',
  async () => {
    const long = await folder.convert(
      [
        '-f',
        'lavfi',
        '-i',
        'testsrc=s=64x64:r=25:d=240',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-g',
        '250',
      ],
      'long.mp4',
    );
    const video = await openVideo(long);
    await video.buildIndex();
    // What ffmpeg tells of every frame that it decodes passes through a copy, whose lines are counted.
    const [copy, pipe, program] = ['copy', 'pipe', 'program'].map((name) =>
      folder.file(`counted-${name}`),
    ) as [string, string, string];
    const real = video.context.tools.ffmpeg.path;
    writeFileSync(
      program,
      `#!/bin/sh\nmkfifo ${pipe}\ntee ${copy} <${pipe} >&4 3>&- 2>/dev/null &\nexec ${real} "$@" 4>${pipe}\n`,
    );
    chmodSync(program, 0o755);
    const tools = { ...video.context.tools, ffmpeg: { ...video.context.tools.ffmpeg, path: program } };
    const given: number[] = [];
    await decodeFrames({ ...video.context, tools }, video.table, {
      first: 250,
      last: 260,
      onFrame: ({ index }) => void given.push(index),
    });
    expect(given).toEqual(Array.from({ length: 11 }, (_, step) => 250 + step));
    const decoded = readFileSync(copy, 'utf8').match(/^0,/gm)?.length ?? 0;
    expect(decoded).toBeGreaterThanOrEqual(11);
    // Of 5,750: those that fit into the pipes before the process was ended.
    expect(decoded).toBeLessThan(1500);
    video.dispose();
  },
);
