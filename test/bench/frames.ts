import { setTimeout as sleep } from 'node:timers/promises';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { ffmpegSeekSeconds, ticksToSeconds } from '../../preload/contract/frames.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import { keyFrameBefore } from '../../main/video/frame-table.ts';
import { runningProcesses, startProcess } from '../../main/video/process.ts';
import { ClipFolder, readCounter, recipes } from '../video/clips.ts';
import { median, percentile, type BenchRow, type BenchTable } from './table.ts';

const randomSeeks = 500;
const backSteps = 200;
const stepsPerSecond = 8;
const group = 250;

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; milliseconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, milliseconds: performance.now() - start };
}

async function quiet(): Promise<void> {
  while (runningProcesses() > 0) await sleep(20);
}

async function withVideo<T>(
  path: string,
  index: Uint8Array | null,
  work: (video: VideoSource) => Promise<T>,
  cacheBytes?: number,
): Promise<T> {
  const video = await openVideo(path, { index, cacheBytes });
  try {
    await video.buildIndex();
    return await work(video);
  } finally {
    video.dispose();
    await quiet();
  }
}

/** Random seeks with a cache too small to help, then steps backwards as a person makes them. */
async function exactness(folder: ClipFolder): Promise<BenchTable> {
  const random = randomNumbers(20_260_101);
  const names = Object.keys(recipes);
  const rows: BenchRow[] = [];
  let wrongOfAll = 0;
  for (const [place, [name, recipe]] of Object.entries(recipes).entries()) {
    const share = (total: number) =>
      Math.floor(total / names.length) + (place < total % names.length ? 1 : 0);
    const path = await folder.make(`bench-${name}`, { ...recipe, frames: 600 });
    let wrong = 0;
    const check = async (video: VideoSource, index: number) => {
      const frame = await video.frame(index);
      if (frame.index !== index || readCounter(frame) !== index) wrong++;
    };
    const { index, source } = await withVideo(
      path,
      null,
      async (video) => {
        if (video.summary().frames !== 600) wrong++;
        for (let seek = 0; seek < share(randomSeeks); seek++) await check(video, Math.floor(random() * 600));
        return { index: video.encodedIndex(), source: video.table.source };
      },
      0,
    );
    await withVideo(path, index, async (video) => {
      const start = 300 + Math.floor(random() * 299);
      for (let step = 0; step < share(backSteps); step++) await check(video, start - step);
    });
    wrongOfAll += wrong;
    rows.push({
      name: `${name}: ${share(randomSeeks)} seeks, ${share(backSteps)} steps back (index from ${source})`,
      value: wrong,
      unit: 'wrong',
      atMost: 0,
    });
  }
  rows.push({
    name: `all clips: ${randomSeeks} seeks, ${backSteps} steps back`,
    value: wrongOfAll,
    unit: 'wrong',
    atMost: 0,
  });
  return { title: 'Exact frames, by a counter burned into each', rows };
}

async function makeLongGroups(folder: ClipFolder): Promise<string> {
  return folder.convert(
    [
      ...['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25:d=40', '-c:v', 'libx264', '-preset', 'ultrafast'],
      ...[
        '-g',
        String(group),
        '-keyint_min',
        String(group),
        '-sc_threshold',
        '0',
        '-bf',
        '2',
        '-pix_fmt',
        'yuv420p',
      ],
    ],
    '1080p-gop250.mp4',
  );
}

/** Steps both ways among frames that are ready. */
async function cachedSteps(path: string, index: Uint8Array): Promise<number[]> {
  return withVideo(path, index, async (video) => {
    await video.frame(375);
    await quiet();
    const times: number[] = [];
    for (let step = 1; step <= 50; step++)
      times.push((await timed(() => video.frame(375 + step))).milliseconds);
    await quiet();
    for (let step = 49; step >= -50; step--)
      times.push((await timed(() => video.frame(375 + step))).milliseconds);
    return times;
  });
}

/** The wait at the edge of a group of pictures while stepping steadily, from a first frame sought cold. */
async function crossing(path: string, index: Uint8Array, edge: number, direction: 1 | -1): Promise<number> {
  return withVideo(path, index, async (video) => {
    const start = edge - direction * 48;
    await video.frame(start);
    let worst = 0;
    const begun = performance.now();
    for (let step = 1; step <= 60; step++) {
      const due = begun + (step * 1000) / stepsPerSecond;
      await sleep(Math.max(0, due - performance.now()));
      const at = start + direction * step;
      const { milliseconds } = await timed(() => video.frame(at));
      if (Math.abs(at - edge) <= 2) worst = Math.max(worst, milliseconds);
    }
    return worst;
  });
}

/** ffmpeg's own way to the same frame, pixels to a pipe as RGB. */
async function bareSeek(path: string, seconds: number): Promise<number> {
  const { ffmpeg } = await findMediaTools();
  const { milliseconds } = await timed(async () => {
    const child = startProcess(ffmpeg.path, [
      ...['-v', 'error', '-nostdin', '-ss', seconds.toFixed(6), '-i', path, '-frames:v', '1'],
      ...['-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'],
    ]);
    let bytes = 0;
    for await (const chunk of child.stdout) bytes += (chunk as Buffer).length;
    await child.ended;
    if (bytes !== 1920 * 1080 * 3) throw new Error(`A bare ffmpeg gave ${bytes} bytes`);
  });
  return milliseconds;
}

async function coldSeeks(path: string, index: Uint8Array): Promise<{ ours: number[]; bare: number[] }> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (const at of [130, 245, 310, 420, 495, 560, 655, 740, 805, 930]) {
    // A fresh source: nothing decoded, nothing running.
    const seconds = await withVideo(path, index, async (video) => {
      const { milliseconds } = await timed(() => video.frame(at));
      ours.push(milliseconds);
      const { table } = video;
      if (keyFrameBefore(table, at) !== Math.floor(at / group) * group)
        throw new Error('The clip has other key frames');
      return ffmpegSeekSeconds(table, at) - ticksToSeconds(table.ticks[0] as number, table.timeBase);
    });
    bare.push(await bareSeek(path, seconds));
  }
  return { ours, bare };
}

/** 40 s of 1080p at 25 frames per second, H.264, a key frame every 250 frames. */
async function speed(folder: ClipFolder): Promise<BenchTable> {
  const path = await makeLongGroups(folder);
  const index = await withVideo(path, null, (video) => Promise.resolve(video.encodedIndex()));
  const { ours, bare } = await coldSeeks(path, index);
  const steps = await cachedSteps(path, index);
  const forward = [await crossing(path, index, 250, 1), await crossing(path, index, 500, 1)];
  const backward = [await crossing(path, index, 499, -1), await crossing(path, index, 749, -1)];
  const edge = `across the edge of a group at ${stepsPerSecond} steps/s`;
  return {
    title: `Speed at 1080p, groups of ${group} frames`,
    rows: [
      { name: 'step among cached frames, p95', value: percentile(steps, 0.95), unit: 'ms', atMost: 50 },
      { name: `${edge}, forwards, worst`, value: Math.max(...forward), unit: 'ms', atMost: 250 },
      { name: `${edge}, backwards, worst`, value: Math.max(...backward), unit: 'ms', atMost: 250 },
      { name: 'cold exact seek', value: median(ours), unit: 'ms' },
      { name: 'one bare ffmpeg call for the same frame', value: median(bare), unit: 'ms' },
      {
        name: 'cold exact seek over bare ffmpeg',
        value: median(ours) / median(bare),
        unit: 'x',
        atMost: 1.3,
      },
    ],
  };
}

/**
 * Exactness and speed of frame access. Ratios compare runs that take turns within one run of the bench, so that a
 * busy machine slows both alike.
 */
export async function run(): Promise<BenchTable[]> {
  const folder = new ClipFolder();
  try {
    return [await exactness(folder), await speed(folder)];
  } finally {
    folder.remove();
  }
}
