import { readFileSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createByteRangeStream, parseByteRange } from '../../main/video/byte-range.ts';
import { openVideo, type VideoSource } from '../../main/video/index.ts';
import { turned, upright } from '../../main/video/display.ts';
import { planPlayback } from '../../main/video/playback.ts';
import { runningProcesses } from '../../main/video/process.ts';
import { ClipFolder, readCounter, recipes, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

async function opened(name: string): Promise<VideoSource> {
  const video = await openVideo(await folder.make(name, recipes[name] as ClipRecipe));
  await video.buildIndex();
  return video;
}

describe('byte ranges', () => {
  it.each([
    ['bytes=0-99', { start: 0, end: 99 }],
    ['bytes=900-', { start: 900, end: 999 }],
    ['bytes=-100', { start: 900, end: 999 }],
    ['bytes=-5000', { start: 0, end: 999 }],
    ['bytes=990-5000', { start: 990, end: 999 }],
    ['bytes=999-999', { start: 999, end: 999 }],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['bytes=-', 'whole'],
    ['items=0-5', 'whole'],
    ['', 'whole'],
    [undefined, 'whole'],
  ])('%s', (header, expected) => {
    expect(parseByteRange(header, 1000)).toEqual(expected);
  });

  it('sends the bytes that its headers promise', async () => {
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const path = folder.file('bytes.bin');
    writeFileSync(path, content);
    const part = await createByteRangeStream(path, 'bytes=70000-150000', 'video/mp4');
    expect(part).toMatchObject({
      status: 206,
      headers: {
        'content-range': 'bytes 70000-150000/200000',
        'content-length': '80001',
        'content-type': 'video/mp4',
        'accept-ranges': 'bytes',
      },
    });
    expect((await buffer(part.stream as Readable)).equals(content.subarray(70_000, 150_001))).toBe(true);
    const whole = await createByteRangeStream(path, null);
    expect(whole.status).toBe(200);
    expect((await buffer(whole.stream as Readable)).equals(content)).toBe(true);
    expect(await createByteRangeStream(path, 'bytes=200000-')).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */200000' },
      stream: null,
    });
    await expect(createByteRangeStream(folder.file('none'), null)).rejects.toMatchObject({
      code: 'file-missing',
    });
  });
});

describe('how a video element gets its picture', () => {
  it('reads MP4 with 8-bit H.264 itself, and has the rest converted', async () => {
    const mp4 = await opened('mp4-b-frames');
    expect(mp4.playbackPlan()).toEqual({ kind: 'native', contentType: 'video/mp4' });
    const start = await mp4.byteRange('bytes=0-9');
    expect(start.headers['content-type']).toBe('video/mp4');
    start.stream?.destroy();
    const { probe } = mp4;
    const { tools } = mp4.context;
    for (const change of [
      { codec: 'hevc' },
      { pixelFormat: 'yuv420p10le' },
      { pixelFormat: 'yuv444p' },
      { container: 'mpegts' },
      { orientation: turned(90) },
      { orientation: { ...upright, xx: -1 } },
      { colourMatrix: 'bt2020' as const },
    ]) {
      expect(planPlayback({ ...probe, ...change }, tools).kind, JSON.stringify(change)).toBe('transcoded');
    }
    const webm = { ...probe, container: 'matroska,webm', codec: 'vp9' };
    expect(planPlayback(webm, tools)).toEqual({ kind: 'native', contentType: 'video/webm' });
    expect(() => planPlayback({ ...probe, codec: 'hevc' }, { ...tools, encoders: new Set() })).toThrow(
      /encoder/,
    );
    mp4.dispose();
  });

  it.each(['ts-mpeg2', 'mkv-variable', 'avi-h264'])(
    '%s: a converted stream starts at the very frame and keeps its times',
    async (name) => {
      const video = await opened(name);
      const start = 137;
      const { contentType, startSeconds, stream } = await video.transcodedStream(start);
      expect(contentType).toMatch(/^video\//);
      expect(startSeconds).toBeCloseTo(video.locate({ index: start }).seconds, 9);
      const path = folder.file(`${name}-played.mp4`);
      writeFileSync(path, await buffer(stream));
      const played = await openVideo(path);
      expect(played.playbackPlan().kind).toBe('native');
      const { frames } = await played.buildIndex();
      expect(frames).toBe(video.summary().frames - start);
      for (const index of [0, 1, 60, frames - 1]) {
        expect(readCounter(await played.frame(index))).toBe(start + index);
        const expected = video.locate({ index: start + index }).seconds - startSeconds;
        expect(played.locate({ index }).seconds).toBeCloseTo(expected, 2);
      }
      video.dispose();
      played.dispose();
    },
  );

  it('ends ffmpeg when the request closes', async () => {
    const video = await opened('ts');
    const { stream } = await video.transcodedStream(0);
    stream.once('data', () => stream.destroy());
    for (let turn = 0; runningProcesses() > 0; turn++) {
      if (turn > 200) throw new Error('ffmpeg goes on after its request has closed');
      await sleep(50);
    }
    await expect(video.transcodedStream(5000)).rejects.toMatchObject({ code: 'frame-out-of-range' });
    video.dispose();
  });

  it('shows no other file under the old name', async () => {
    const video = await opened('mp4-29.97');
    const bytes = readFileSync(video.path);
    writeFileSync(video.path, bytes.subarray(0, -10));
    await expect(video.byteRange(null)).rejects.toMatchObject({ code: 'file-changed' });
    video.dispose();
  });
});
