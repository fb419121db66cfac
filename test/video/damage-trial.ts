import { readFileSync, writeFileSync } from 'node:fs';
import { toErrorReport } from '../../preload/contract/errors.ts';
import { findMediaTools, forgetMediaTools, type VideoSource } from '../../main/video/index.ts';
import { opened, quickH264, type ClipFolder, type ClipRecipe } from './clips.ts';

/** Damages files at random and holds what is shown of them against the undamaged ones. */

const h264 = quickH264('-crf', '24', '-g', '20', '-bf', '2');
const sliced = [...h264, '-x264-params', 'slices=4'];
const fields = [...h264, '-flags', '+ilme+ildct', '-x264-params', 'interlaced=1'];
const hevc = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  'keyint=20:bframes=2:log-level=none',
];
const vp9 = [
  '-pix_fmt',
  'yuv420p',
  '-c:v',
  'libvpx-vp9',
  '-deadline',
  'realtime',
  '-cpu-used',
  '8',
  '-b:v',
  '400k',
  '-g',
  '20',
];
const mpeg2 = ['-c:v', 'mpeg2video', '-q:v', '4', '-g', '12', '-bf', '2'];
const mpeg2Fields = [...mpeg2, '-flags', '+ilme+ildct'];
const mpeg4 = ['-c:v', 'mpeg4', '-q:v', '4', '-g', '20', '-bf', '2'];
const first = ['-movflags', '+faststart'];

const outputs: Record<string, readonly [extension: string, output: readonly string[]]> = {
  'h264.mp4': ['mp4', [...h264, ...first]],
  'h264-slices.mp4': ['mp4', [...sliced, ...first]],
  'h264-fields.mp4': ['mp4', [...fields, ...first]],
  'h264.mkv': ['mkv', h264],
  'h264-fields.mkv': ['mkv', fields],
  'h264.ts': ['ts', h264],
  'h264-slices.ts': ['ts', sliced],
  'h264-fields.ts': ['ts', fields],
  'h264.avi': ['avi', h264],
  'hevc.mp4': ['mp4', [...hevc, ...first]],
  'hevc.mkv': ['mkv', hevc],
  'hevc.ts': ['ts', hevc],
  'vp9.mp4': ['mp4', [...vp9, ...first]],
  'vp9.mkv': ['mkv', vp9],
  'mpeg2.ts': ['ts', mpeg2],
  'mpeg2-fields.ts': ['ts', mpeg2Fields],
  'mpeg2.mkv': ['mkv', mpeg2],
  'mpeg4.avi': ['avi', mpeg4],
  'mpeg4.mp4': ['mp4', [...mpeg4, ...first]],
};

export const damageKinds = Object.keys(outputs);

const encoderOf = (output: readonly string[]): string => output[output.indexOf('-c:v') + 1] as string;

/** Whether this ffmpeg makes files of a kind. */
export const canMake = (kind: string, encoders: ReadonlySet<string>): boolean =>
  encoders.has(encoderOf(outputs[kind]?.[1] ?? []));

export type Random = () => number;

const packetBytes = 188;
/** Of a file that is spared: heads, so that it is still opened. */
const sparedShare = 0.12;

/** Damages that recordings are known to get, anywhere behind their heads. */
export const damages: Record<string, (bytes: Buffer, random: Random) => Buffer> = {
  noise: (bytes, random) => overwrite(bytes, random, 1 + (random() % 400), () => random() & 255),
  'a few bits': (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let hit = 1 + (random() % 6); hit > 0; hit--) {
      const at = placeIn(changed, random);
      changed[at] = (changed[at] as number) ^ (1 << (random() & 7));
    }
    return changed;
  },
  'a range of zeros': (bytes, random) => overwrite(bytes, random, 64 + (random() % 4000), () => 0),
  'a piece missing': (bytes, random) => {
    const at = placeIn(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (random() % 3000))]);
  },
  'its end missing': (bytes, random) => bytes.subarray(0, placeIn(bytes, random)),
  'packets missing': (bytes, random) => {
    const at = placeIn(bytes, random);
    const start = at - (at % packetBytes);
    return Buffer.concat([
      bytes.subarray(0, start),
      bytes.subarray(start + packetBytes * (1 + (random() % 6))),
    ]);
  },
};

/** What is done to a file of a kind: only a transport stream loses packets, and only there a missing piece is no cut. */
export function damagesOf(kind: string): string[] {
  const onlyPackets = ['a piece missing', 'packets missing'];
  return Object.keys(damages).filter((name) => kind.endsWith('.ts') || !onlyPackets.includes(name));
}

function placeIn(bytes: Buffer, random: Random): number {
  const spared = Math.floor(bytes.length * sparedShare);
  return spared + (random() % (bytes.length - spared));
}

function overwrite(bytes: Buffer, random: Random, length: number, value: () => number): Buffer {
  const changed = Buffer.from(bytes);
  const at = placeIn(bytes, random);
  for (let place = at; place < Math.min(bytes.length, at + length); place++) changed[place] = value();
  return changed;
}

const frames = 48;

export interface Original {
  readonly bytes: Buffer;
  /** Hashes of its frames by their time in ticks. */
  readonly pictures: ReadonlyMap<number, string>;
}

export async function makeOriginal(folder: ClipFolder, kind: string): Promise<Original> {
  const [extension, output] = outputs[kind] as readonly [string, readonly string[]];
  const recipe: ClipRecipe = { frames, width: 192, height: 144, extension, output };
  const path = await folder.make(`whole-${kind.replace('.', '-')}`, recipe);
  const video = await opened(path);
  const pictures = new Map<number, string>();
  for await (const { pts, hash } of video.frames(0, video.summary().frames - 1)) pictures.set(pts, hash);
  video.dispose();
  if (pictures.size !== frames) throw new Error(`${kind} has ${pictures.size} frames`);
  return { bytes: readFileSync(path), pictures };
}

/** What was seen of one damaged file. */
export interface TrialResult {
  /** Null where it was opened, else the code by which it was refused. */
  readonly refused: string | null;
  readonly frames: number;
  readonly marked: number;
  /** Frames with a picture that is none of the undamaged file's, and no mark. */
  readonly unmarked: readonly number[];
  /** Frames with a picture of the undamaged file's, but another one's than theirs, and no mark: frames before are gone. */
  readonly displaced: number;
  /** Frames that are marked though their picture is the undamaged one. */
  readonly needless: number;
  readonly undecodable: number;
  /** Frames that came out otherwise on another way to them, in words. */
  readonly unsteady: readonly string[];
}

type Told = string;

/** Its picture and its mark, or the code with which a frame is refused. */
async function told(video: VideoSource, index: number, priority?: 'work'): Promise<Told> {
  return video.frame(index, { priority }).then(
    ({ hash, isDamaged }) => `${hash}${isDamaged ? ' damaged' : ''}`,
    (error: unknown) => toErrorReport(error).code,
  );
}

/**
 * Opens a damaged file, takes every frame in one run, then some by themselves in other orders, warm and after opening it
 * anew with and without its index.
 *
 * @param asked how many frames are asked for by themselves
 */
export async function tryDamaged(
  path: string,
  damaged: Buffer,
  { pictures }: Original,
  random: Random,
  asked: number,
): Promise<TrialResult> {
  writeFileSync(path, damaged);
  const none = { frames: 0, marked: 0, unmarked: [], displaced: 0, needless: 0, undecodable: 0 };
  const refusal = async (index?: Uint8Array): Promise<VideoSource | string> =>
    opened(path, { index }).catch((error: unknown) => toErrorReport(error).code);
  const video = await refusal();
  if (typeof video === 'string') {
    const again = await refusal();
    const unsteady =
      again === video ? [] : [`refused with ${video}, then ${typeof again === 'string' ? again : 'opened'}`];
    if (typeof again !== 'string') again.dispose();
    return { refused: video, ...none, unsteady };
  }
  const { ticks } = video.table;
  const seen = await everyFrame(video);
  const unsteady: string[] = [];
  const compare = (way: string, index: number, now: Told) => {
    if (now !== seen[index])
      unsteady.push(`frame ${index}, ${way}: ${shortly(seen[index])}, then ${shortly(now)}`);
  };
  const some = Array.from({ length: asked }, () => random() % ticks.length);
  for (const index of some) compare('by itself', index, await told(video, index, 'work'));
  for (const index of [...some].reverse()) compare('stepping', index, await told(video, index));
  const kept = video.encodedIndex();
  video.dispose();
  for (const index of [kept, undefined]) {
    const again = await refusal(index);
    if (typeof again === 'string') {
      unsteady.push(`opened, then refused with ${again}`);
      continue;
    }
    const way = index ? 'with its index' : 'opened anew';
    if (again.table.ticks.length !== ticks.length) {
      unsteady.push(`${ticks.length} frames, then ${again.table.ticks.length}`);
    } else for (const each of some.slice(0, 3)) compare(way, each, await told(again, each, 'work'));
    again.dispose();
  }
  const isMarked = (entry: Told) => entry.endsWith(' damaged');
  const isPicture = (entry: Told) => entry.length >= 64;
  const known = new Set(pictures.values());
  const isKnown = (entry: Told) => known.has(entry.slice(0, 64));
  const isWhole = (entry: Told, index: number) =>
    entry.startsWith(pictures.get(ticks[index] as number) ?? '?');
  return {
    refused: null,
    frames: seen.length,
    marked: seen.filter(isMarked).length,
    unmarked: seen.flatMap((entry, index) =>
      isPicture(entry) && !isMarked(entry) && !isKnown(entry) ? [index] : [],
    ),
    displaced: seen.filter((entry, index) => !isMarked(entry) && isKnown(entry) && !isWhole(entry, index))
      .length,
    needless: seen.filter((entry, index) => isMarked(entry) && isWhole(entry, index)).length,
    undecodable: seen.filter((entry) => !isPicture(entry)).length,
    unsteady,
  };
}

/** Hash and mark of every frame of a file, in one run where it can be. */
export async function everyPicture(path: string): Promise<string[]> {
  const video = await opened(path);
  try {
    return await everyFrame(video);
  } finally {
    video.dispose();
  }
}

/** Works with an ffmpeg that is told first how many threads to take; 0 leaves it to the decoder. */
export async function withThreads<T>(folder: ClipFolder, count: number, work: () => Promise<T>): Promise<T> {
  const before = { FFMPEG_BIN: process.env['FFMPEG_BIN'], FFPROBE_BIN: process.env['FFPROBE_BIN'] };
  const { ffmpeg, ffprobe } = await findMediaTools();
  const path = folder.file(`ffmpeg-${count}`);
  const threads = count > 0 ? `-threads ${count}` : '';
  writeFileSync(path, `#!/bin/sh\nexec "${ffmpeg.path}" ${threads} "$@"\n`, { mode: 0o755 });
  process.env['FFMPEG_BIN'] = path;
  process.env['FFPROBE_BIN'] = ffprobe.path;
  forgetMediaTools();
  try {
    return await work();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    forgetMediaTools();
  }
}

const shortly = (entry: Told | undefined) => entry?.replace(/^([0-9a-f]{8})[0-9a-f]{56}/, '$1') ?? 'nothing';

/** All frames in one run; from where it fails, each by itself until a run goes on again. */
async function everyFrame(video: VideoSource): Promise<Told[]> {
  const { frames: count } = video.summary();
  const seen: Told[] = [];
  while (seen.length < count) {
    try {
      for await (const { hash, isDamaged } of video.frames(seen.length, count - 1)) {
        seen.push(`${hash}${isDamaged ? ' damaged' : ''}`);
      }
    } catch {
      seen.push(await told(video, seen.length, 'work'));
    }
  }
  return seen;
}
