/**
 * Exactness and speed of frame access. `node test/bench/frames.ts` prints a table and, as its last line, one JSON object.
 * Ratios compare runs that take turns within one run of the bench, so that a busy machine slows both alike.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { ffmpegSeekSeconds, ticksToSeconds } from '../../preload/contract/frames.ts';
import { keyFrameBefore } from '../../main/video/frame-table.ts';
import { runningProcesses, startProcess } from '../../main/video/process.ts';
import { ClipFolder, readCounter, recipes } from '../video/clips.ts';

const randomSeeks = 500;
const backSteps = 200;
const stepsPerSecond = 8;
const group = 250;

/** Repeatable pseudo-random numbers in [0, 1): a failure can be run again. (Mulberry32.) */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

const median = (values: readonly number[]) => quantile(values, 0.5);

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

interface Exactness {
  readonly clip: string;
  readonly frames: number;
  readonly index: string;
  readonly seeks: number;
  readonly backSteps: number;
  readonly wrong: number;
}

/** Random seeks with a cache too small to help, then steps backwards as a person makes them. */
async function exactness(folder: ClipFolder): Promise<Exactness[]> {
  const random = randomNumbers(20_260_101);
  const names = Object.keys(recipes);
  const results: Exactness[] = [];
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
    results.push({
      clip: name,
      frames: 600,
      index: source,
      seeks: share(randomSeeks),
      backSteps: share(backSteps),
      wrong,
    });
  }
  return results;
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

export interface ExactnessBench {
  readonly exactness: readonly Exactness[];
  readonly seeks: number;
  readonly backSteps: number;
  readonly wrong: number;
}

export interface SpeedBench {
  readonly cachedStepP95Milliseconds: number;
  readonly crossingForwardMilliseconds: number;
  readonly crossingBackwardMilliseconds: number;
  readonly coldSeekMilliseconds: number;
  readonly bareSeekMilliseconds: number;
  readonly coldSeekRatio: number;
}

export interface FrameBench extends ExactnessBench, SpeedBench {
  readonly loadAverage: number;
  readonly ffmpeg: string;
}

export async function runExactness(folder: ClipFolder): Promise<ExactnessBench> {
  const clips = await exactness(folder);
  return {
    exactness: clips,
    seeks: clips.reduce((sum, clip) => sum + clip.seeks, 0),
    backSteps: clips.reduce((sum, clip) => sum + clip.backSteps, 0),
    wrong: clips.reduce((sum, clip) => sum + clip.wrong, 0),
  };
}

/** @param path 40 s of 1080p at 25 frames per second, H.264, a key frame every 250 frames */
export async function measureSpeed(path: string): Promise<SpeedBench> {
  const index = await withVideo(path, null, (video) => Promise.resolve(video.encodedIndex()));
  const { ours, bare } = await coldSeeks(path, index);
  const steps = await cachedSteps(path, index);
  const forward = [await crossing(path, index, 250, 1), await crossing(path, index, 500, 1)];
  const backward = [await crossing(path, index, 499, -1), await crossing(path, index, 749, -1)];
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    cachedStepP95Milliseconds: round(quantile(steps, 0.95)),
    crossingForwardMilliseconds: round(Math.max(...forward)),
    crossingBackwardMilliseconds: round(Math.max(...backward)),
    coldSeekMilliseconds: round(median(ours)),
    bareSeekMilliseconds: round(median(bare)),
    coldSeekRatio: Math.round((100 * median(ours)) / median(bare)) / 100,
  };
}

export async function run(): Promise<FrameBench> {
  const folder = new ClipFolder();
  try {
    return {
      ...(await runExactness(folder)),
      ...(await measureSpeed(await makeLongGroups(folder))),
      loadAverage: Math.round((loadavg()[0] as number) * 10) / 10,
      ffmpeg: (await findMediaTools()).ffmpeg.version,
    };
  } finally {
    folder.remove();
  }
}

/** The results as lines for people, with what is asked of each. */
export function describeFrameBench(bench: FrameBench): string {
  const rows: [string, string, string][] = [
    ['measure', 'measured', 'wanted'],
    ...bench.exactness.map(({ clip, seeks, backSteps: back, wrong, index }): [string, string, string] => [
      `${clip} (index from ${index})`,
      `${wrong} wrong of ${seeks} seeks, ${back} steps back`,
      '0 wrong',
    ]),
    ['all clips', `${bench.wrong} wrong of ${bench.seeks} seeks, ${bench.backSteps} steps back`, '0 wrong'],
    [
      '1080p, group of 250: step among cached frames, p95',
      `${bench.cachedStepP95Milliseconds} ms`,
      '< 50 ms',
    ],
    ['  across a group edge at 8 steps/s, forwards', `${bench.crossingForwardMilliseconds} ms`, '< 250 ms'],
    ['  across a group edge at 8 steps/s, backwards', `${bench.crossingBackwardMilliseconds} ms`, '< 250 ms'],
    [
      '  cold exact seek over one bare ffmpeg call',
      `${bench.coldSeekRatio} (${bench.coldSeekMilliseconds} / ${bench.bareSeekMilliseconds} ms)`,
      '<= 1.3',
    ],
  ];
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  return rows.map((row) => `${row[0].padEnd(width(0))}  ${row[1].padEnd(width(1))}  ${row[2]}`).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bench = await run();
  console.log(describeFrameBench(bench));
  console.log(JSON.stringify(bench));
}
