import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecodeContext } from '../../main/video/decode-arguments.ts';
import { findMediaTools } from '../../main/video/ffmpeg.ts';
import { openVideo, type OpenVideoOptions, type VideoSource } from '../../main/video/index.ts';
import { silentLog } from '../../main/platform/log.ts';
import { probeVideo } from '../../main/video/probe.ts';
import { readProcess } from '../../main/video/process.ts';

/** Bits of the counter burned into each frame: black and white blocks survive any compression. */
const counterBits = 12;

export interface ClipRecipe {
  readonly frames: number;
  /** Number of the first frame; 0 by default. */
  readonly first?: number;
  readonly width?: number;
  readonly height?: number;
  readonly rate?: string;
  /** Encoder and container options. */
  readonly output: readonly string[];
  readonly extension: string;
  /** Writes frames at the times that the filters gave them, rather than at a constant rate. */
  readonly keepTimes?: boolean;
}

function keepTimes(everyFrame: readonly string[]): string[] {
  return everyFrame[0] === '-fps_mode' ? ['-fps_mode', 'vfr'] : ['-vsync', '2'];
}

/**
 * One planar 4:2:0 frame whose top rows are its number: 12 blocks of black and white, the highest bit first, and the same
 * blocks inverted below them, so that a wrong read shows. The rest moves, so that encoders make real predictions.
 */
export function drawFrame(index: number, width: number, height: number): Buffer {
  const luma = Buffer.alloc(width * height, 90);
  const block = Math.floor(width / counterBits);
  const band = Math.floor(height / 6);
  for (let row = 0; row < height; row++) {
    const start = row * width;
    if (row < band * 2) {
      for (let bit = 0; bit < counterBits; bit++) {
        const isSet = ((index >> (counterBits - 1 - bit)) & 1) === 1;
        luma.fill(isSet === row < band ? 235 : 16, start + bit * block, start + (bit + 1) * block);
      }
    } else {
      for (let column = 0; column < width; column += 4) {
        const value = 40 + ((column * 3 + row * 5 + index * 7) % 160);
        luma.fill(value, start + column, Math.min(start + column + 4, start + width));
      }
    }
  }
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  return Buffer.concat([
    luma,
    Buffer.alloc(chroma, 100 + (index % 50)),
    Buffer.alloc(chroma, 150 - (index % 40)),
  ]);
}

/** Reads the number burned into RGB pixels; throws when the blocks and their inverse disagree. */
export function readCounter(frame: { rgb: Uint8Array; width: number; height: number }): number {
  const block = Math.floor(frame.width / counterBits);
  const band = Math.floor(frame.height / 6);
  const bright = (bit: number, row: number) => {
    const at = (row * frame.width + bit * block + (block >> 1)) * 3;
    return (frame.rgb[at] as number) + (frame.rgb[at + 1] as number) + (frame.rgb[at + 2] as number) > 384;
  };
  let value = 0;
  for (let bit = 0; bit < counterBits; bit++) {
    const isSet = bright(bit, band >> 1);
    if (isSet === bright(bit, band + (band >> 1)))
      throw new Error(`The counter cannot be read at bit ${bit}`);
    value = value * 2 + (isSet ? 1 : 0);
  }
  return value;
}

/** ffmpeg's arguments for H.264 that is soon made; further ones follow. */
export const quickH264 = (...further: string[]): string[] => [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
  ...further,
];

export class ClipFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'workstation-video-'));

  file(name: string): string {
    return join(this.path, name);
  }

  async make(name: string, recipe: ClipRecipe): Promise<string> {
    const { ffmpeg, everyFrame } = await findMediaTools();
    const { frames, first = 0, width = 192, height = 144, rate = '25' } = recipe;
    const path = this.file(`${name}.${recipe.extension}`);
    const output = [...recipe.output, ...(recipe.keepTimes ? keepTimes(everyFrame) : [])];
    const child = spawn(
      ffmpeg.path,
      [
        ...['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`],
        ...['-r', rate, '-i', 'pipe:0', ...output, path],
      ],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    );
    const closed = once(child, 'close');
    for (let index = first; index < first + frames; index++) {
      if (!child.stdin.write(drawFrame(index, width, height))) await once(child.stdin, 'drain');
    }
    child.stdin.end();
    const [exitCode] = (await closed) as [number | null];
    if (exitCode !== 0) throw new Error(`ffmpeg could not make ${name} (${exitCode})`);
    return path;
  }

  /** Runs ffmpeg over clips already made. */
  async convert(args: readonly string[], name: string): Promise<string> {
    const { ffmpeg } = await findMediaTools();
    const path = this.file(name);
    const { exitCode, errors } = await readProcess(ffmpeg.path, ['-v', 'error', '-y', ...args, path], {
      silent: true,
    });
    if (exitCode !== 0) throw new Error(errors);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A video whose frames are counted. */
export async function opened(path: string, options: OpenVideoOptions = {}): Promise<VideoSource> {
  const video = await openVideo(path, options);
  await video.buildIndex();
  return video;
}

export async function contextOf(path: string): Promise<DecodeContext> {
  const tools = await findMediaTools();
  return { path, tools, probe: await probeVideo(path, tools), log: silentLog };
}

/** Options of ffmpeg for a small clip that any machine makes quickly. */
export const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-crf', '20'];
/** Gaps of one to four frames and a half-frame jitter: no product of number and rate finds these. */
const variable = "settb=1/90000,setpts='(N+floor(N/7)*3+0.4*mod(N,2))*3600'";

/** Every kind of file that the exactness tests and the bench walk through. */
export const recipes: Record<string, ClipRecipe> = {
  'mp4-29.97': {
    frames: 300,
    rate: '30000/1001',
    extension: 'mp4',
    output: [...x264, '-g', '48', '-bf', '0'],
  },
  'mp4-variable': {
    frames: 300,
    keepTimes: true,
    extension: 'mp4',
    output: ['-vf', variable, ...x264, '-g', '40', '-bf', '2', '-video_track_timescale', '90000'],
  },
  'mp4-b-frames': {
    frames: 300,
    extension: 'mp4',
    output: [
      ...x264,
      '-g',
      '60',
      '-bf',
      '3',
      '-b_strategy',
      '0',
      '-x264-params',
      'open-gop=1:b-pyramid=normal',
    ],
  },
  mkv: {
    frames: 300,
    rate: '30000/1001',
    extension: 'mkv',
    output: [...x264, '-g', '50', '-bf', '2', '-b_strategy', '0'],
  },
  'mkv-variable': {
    frames: 300,
    keepTimes: true,
    extension: 'mkv',
    output: ['-vf', variable, ...x264, '-g', '40', '-bf', '2'],
  },
  ts: { frames: 300, extension: 'ts', output: [...x264, '-g', '50', '-bf', '2', '-b_strategy', '0'] },
  'ts-mpeg2': {
    frames: 300,
    extension: 'ts',
    output: ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2'],
  },
  'ps-mpeg2': {
    frames: 300,
    extension: 'mpg',
    output: ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2', '-f', 'vob'],
  },
  'avi-mpeg4': {
    frames: 300,
    extension: 'avi',
    output: ['-c:v', 'mpeg4', '-q:v', '3', '-g', '40', '-bf', '2'],
  },
  'avi-h264': {
    frames: 300,
    extension: 'avi',
    output: [...x264, '-g', '50', '-bf', '2', '-b_strategy', '0'],
  },
  'avi-mjpeg': {
    frames: 120,
    extension: 'avi',
    output: ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj422p'],
  },
};
