import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecodeContext } from '../../main/video/decode-arguments.ts';
import { decodeFrames, finishFrame, type DecodedFrame } from '../../main/video/decoder.ts';
import { findMediaTools } from '../../main/video/ffmpeg.ts';
import { buildFrameTable } from '../../main/video/frame-index.ts';
import { keyFrameBefore, type FrameTable } from '../../main/video/frame-table.ts';
import { readProcess } from '../../main/video/process.ts';
import { isVariableFrameRate } from '../../preload/contract/frames.ts';
import { ClipFolder, contextOf, readCounter, recipes, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

async function frameOf(context: DecodeContext, table: FrameTable, index: number): Promise<DecodedFrame> {
  const frames: DecodedFrame[] = [];
  await decodeFrames(context, table, {
    first: index,
    last: index,
    onFrame: (raw) => void frames.push(finishFrame(raw)),
  });
  expect(frames).toHaveLength(1);
  return frames[0] as DecodedFrame;
}

/** The first, the last, and both sides of two group edges: where seeking goes wrong first. */
function telling(table: FrameTable): number[] {
  const last = table.ticks.length - 1;
  const edge = keyFrameBefore(table, Math.floor(last * 0.6));
  const end = keyFrameBefore(table, last);
  return [...new Set([0, edge - 1, edge, edge + 1, Math.floor(last * 0.4), end - 1, end, last])].filter(
    (index) => index >= 0 && index <= last,
  );
}

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20'];
const more: Record<string, ClipRecipe> = {
  'hevc-mp4': {
    frames: 90,
    extension: 'mp4',
    output: [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'keyint=30:bframes=3:open-gop=1:log-level=none',
    ],
  },
  'h264-10-bit-mkv': {
    frames: 60,
    extension: 'mkv',
    output: ['-pix_fmt', 'yuv420p10le', ...x264, '-g', '25'],
  },
  'prores-mov': { frames: 40, extension: 'mov', output: ['-c:v', 'prores_ks', '-profile:v', '2'] },
  'vp8-webm': {
    frames: 80,
    extension: 'webm',
    output: [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-b:v',
      '1M',
      '-g',
      '30',
      '-auto-alt-ref',
      '1',
    ],
  },
  'odd-size-avi': {
    frames: 60,
    width: 193,
    height: 145,
    extension: 'avi',
    output: ['-c:v', 'ffv1', '-g', '10'],
  },
  'h264-444-mp4': { frames: 50, extension: 'mp4', output: ['-pix_fmt', 'yuv444p', ...x264, '-g', '20'] },
  'gray-avi': { frames: 40, extension: 'avi', output: ['-pix_fmt', 'gray', '-c:v', 'ffv1', '-g', '1'] },
};

const encoderOf: Record<string, string> = { 'hevc-mp4': 'libx265', 'vp8-webm': 'libvpx' };
const { encoders } = await findMediaTools();

describe.concurrent.each(Object.entries({ ...recipes, ...more }))('%s', (name, recipe) => {
  let context: DecodeContext;
  let table: FrameTable;

  it.runIf(encoders.has(encoderOf[name] ?? 'libx264'))('gives exactly the frame asked for', async () => {
    context = await contextOf(await folder.make(name, recipe));
    table = await buildFrameTable(context);
    expect(table.ticks).toHaveLength(recipe.frames);
    expect(table.seekable).toBe(true);
    expect(isVariableFrameRate(table)).toBe(name.includes('variable'));
    if (table.source === 'packets') {
      const decoded = await buildFrameTable(context, { decodeAll: true });
      expect(Array.from(table.ticks)).toEqual(Array.from(decoded.ticks));
    }
    for (const index of telling(table)) {
      const frame = await frameOf(context, table, index);
      expect(readCounter(frame), `frame ${index}`).toBe(index);
      expect(frame.pts).toBe(table.ticks[index]);
    }
  });
});

describe('a clip cut without re-encoding, so that an edit list starts it between key frames', () => {
  it('starts with the frame that ffmpeg shows first, and counts on from there', async () => {
    const whole = await folder.make('to-cut', {
      frames: 150,
      extension: 'mp4',
      output: [...x264, '-g', '50', '-bf', '3', '-b_strategy', '0'],
    });
    const cut = await folder.convert(['-ss', '2.6', '-i', whole, '-c', 'copy'], 'cut.mp4');
    const context = await contextOf(cut);
    const table = await buildFrameTable(context);
    // What ffmpeg itself decodes first, straight to pixels.
    const first = await frameOf(context, table, 0);
    const start = readCounter(first);
    for (const index of telling(table)) {
      expect(readCounter(await frameOf(context, table, index))).toBe(start + index);
    }
    const count = await readProcess(context.tools.ffmpeg.path, [
      ...['-v', 'error', '-i', cut, ...context.tools.everyFrame, '-f', 'framemd5', '-'],
    ]);
    expect(count.output.match(/^0,/gm)).toHaveLength(table.ticks.length);
  });
});

describe('identity', () => {
  it('gives the same hash however the frame is reached, and another for every other frame', async () => {
    const context = await contextOf(await folder.make('hash', recipes['mp4-b-frames'] as ClipRecipe));
    const table = await buildFrameTable(context);
    const run: DecodedFrame[] = [];
    await decodeFrames(context, table, {
      first: 100,
      last: 140,
      onFrame: (raw) => void run.push(finishFrame(raw)),
    });
    for (const index of [100, 121, 140]) {
      expect((await frameOf(context, table, index)).hash).toBe(run[index - 100]?.hash);
    }
    expect(new Set(run.map((frame) => frame.hash)).size).toBe(run.length);
  });

  it('notices a table that is one frame off, instead of giving the neighbour', async () => {
    const context = await contextOf(await folder.make('shifted', recipes['ts'] as ClipRecipe));
    const table = await buildFrameTable(context);
    const checksums = table.checksums?.slice(1) ?? null;
    const shifted = { ...table, ticks: table.ticks.slice(0, -1), keys: table.keys.slice(0, -1), checksums };
    await expect(frameOf(context, shifted, 120)).rejects.toMatchObject({ code: 'ffmpeg-failed' });
  });

  it('falls back to decoding from the start where times are of no use', async () => {
    const context = await contextOf(await folder.make('irregular', recipes['ts-mpeg2'] as ClipRecipe));
    const table = { ...(await buildFrameTable(context)), seekable: false };
    expect(readCounter(await frameOf(context, table, 133))).toBe(133);
  });
});

describe('a recording whose clock starts again in the middle', () => {
  it('still counts and finds every frame', async () => {
    const one = await folder.make('one', { ...(recipes['ts'] as ClipRecipe), frames: 100 });
    const { readFile, writeFile } = await import('node:fs/promises');
    const path = folder.file('joined.ts');
    const bytes = await readFile(one);
    await writeFile(path, Buffer.concat([bytes, bytes]));
    const context = await contextOf(path);
    const table = await buildFrameTable(context);
    expect(table.ticks.length).toBeGreaterThan(190);
    expect(table.seekable).toBe(false);
    expect(readCounter(await frameOf(context, table, 40))).toBe(40);
    const late = table.ticks.length - 10;
    expect(readCounter(await frameOf(context, table, late))).toBe(90);
  });
});

beforeAll(() => {
  expect(encoders.has('libx264'), 'these tests draw their clips with libx264').toBe(true);
});
