import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../main/hosts/cli/picture.ts';
import { openVideo } from '../../main/video/index.ts';
import { Places } from '../../main/video/places.ts';
import { runningProcesses } from '../../main/video/process.ts';
import { isTooLarge, largestPicture } from '../../preload/contract/picture-limit.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const plain = (size: string) => ['-f', 'lavfi', '-i', `color=gray:s=${size}:d=0.04`, '-frames:v', '1'];

describe('a picture larger than the workstation decodes', () => {
  it('is said to be so before it is decoded, where the container says its size and where only the picture does', async () => {
    for (const [name, codec] of [
      ['large.mkv', ['-c:v', 'png']],
      ['large.avi', ['-c:v', 'mjpeg']],
    ] as const) {
      const path = await folder.convert([...plain('9000x5000'), ...codec], name);
      const error = await openVideo(path).catch((refused: unknown) => refused);
      expect(error, name).toMatchObject({ code: 'video-too-large' });
      expect((error as Error).message, name).toMatch(/8192 x 4320/);
    }
  });

  it('is no 8K picture, upright or not', async () => {
    expect(isTooLarge({ width: 7680, height: 4320 })).toBe(false);
    expect(isTooLarge({ width: 4320, height: 8192 })).toBe(false);
    expect(isTooLarge({ width: 8192, height: 4321 })).toBe(true);
    const path = await folder.convert([...plain('7680x4320'), '-c:v', 'mjpeg'], 'eight-k.avi');
    const video = await openVideo(path);
    expect(await video.buildIndex()).toMatchObject({ frames: 1 });
    expect((await video.frame(0)).width).toBe(7680);
    video.dispose();
  });

  it('is not decoded in the middle of a video either', async () => {
    const pictures = await Promise.all(
      ['640x480', '640x480', '9000x5000'].map(async (size, index) =>
        readFileSync(await folder.convert([...plain(size), '-q:v', '9'], `${index}.jpg`)),
      ),
    );
    const path = folder.file('grows.mjpeg');
    writeFileSync(path, Buffer.concat(pictures));
    const video = await openVideo(path);
    const { frames } = await video.buildIndex();
    for (let index = 0; index < frames; index++) {
      const frame = await video.frame(index).catch(() => null);
      expect(frame === null || frame.width * frame.height <= largestPicture, `frame ${index}`).toBe(true);
      if (index < 2) expect(frame).toMatchObject({ width: 640, height: 480 });
    }
    video.dispose();
  });

  it('is refused among the pictures of a data set, by its header alone', async () => {
    const small = await folder.convert(plain('64x48'), 'small.png');
    expect(await decodePicture(small)).toMatchObject({ width: 64, height: 48 });
    // 30000 x 30000 in a header, with nothing behind it that would have to be read.
    const header = readFileSync(small).subarray(0, 33);
    header.writeUInt32BE(30_000, 16);
    header.writeUInt32BE(30_000, 20);
    writeFileSync(folder.file('huge.png'), header);
    await expect(decodePicture(folder.file('huge.png'))).rejects.toMatchObject({ code: 'video-too-large' });
    await expect(decodePicture(folder.file('none.png'))).rejects.toMatchObject({ code: 'data-malformed' });
    const jpeg = await folder.convert([...plain('9000x5000'), '-q:v', '9'], 'huge.jpg');
    await expect(decodePicture(jpeg)).rejects.toMatchObject({ code: 'video-too-large' });
  });
});

describe('conversions for playing', () => {
  it('are four at the most; the next waits for a place', async () => {
    const path = await folder.make('long', {
      frames: 400,
      width: 640,
      height: 480,
      extension: 'avi',
      output: x264,
    });
    const video = await openVideo(path);
    await video.buildIndex();
    // Nobody reads them, so each keeps its ffmpeg until it is closed.
    const playing = await Promise.all([0, 1, 2, 3].map((start) => video.transcodedStream(start)));
    const leaving = new AbortController();
    const impatient = video.transcodedStream(5, { signal: leaving.signal });
    const next = video.transcodedStream(4);
    leaving.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'cancelled' });
    expect(runningProcesses()).toBeLessThanOrEqual(4);
    playing[0]?.stream.destroy();
    expect((await next).startIndex).toBe(4);
    for (const { stream } of [...playing, await next]) stream.destroy();
    video.dispose();
    while (runningProcesses() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    // All places are free again.
    const again = await openVideo(path);
    await again.buildIndex();
    for (const start of [10, 20, 30, 40, 50, 60]) {
      const { stream } = await again.transcodedStream(start);
      stream.destroy();
      await once(stream, 'close');
    }
    expect(readCounter(await again.frame(60))).toBe(60);
    again.dispose();
  });

  it('that find no place are refused with what to do', async () => {
    const places = new Places(1, 20);
    const refusal = { message: 'All are taken.', hint: 'Wait.' };
    const leave = await places.take(refusal);
    await expect(places.take(refusal)).rejects.toMatchObject({ code: 'busy', hint: 'Wait.' });
    leave();
    leave();
    const second = await places.take(refusal);
    await expect(places.take(refusal)).rejects.toMatchObject({ code: 'busy' });
    second();
  });
});
