import { buffer } from 'node:stream/consumers';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPicture } from '../../main/video/decoder.ts';
import { openVideo, type DecodedFrame, type VideoSource } from '../../main/video/index.ts';
import { eyeRegion, type StereoEye } from '../../preload/contract/stereo.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

/** Numbers of the right eye's pictures begin here. */
const rightBegins = 1000;
const size = { width: 96, height: 72 };
const paths: Record<string, string> = {};

beforeAll(async () => {
  const lossless = ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p'];
  const eye = (name: string, first: number) =>
    folder.make(name, { frames: 12, first, extension: 'mkv', output: lossless, ...size });
  const [left, right] = [await eye('left', 0), await eye('right', rightBegins)];
  const both = (filter: string) => ['-i', left, '-i', right, '-filter_complex', filter];
  paths['side-by-side'] = await folder.convert([...both('hstack'), ...x264], 'side-by-side.mp4');
  paths['top-bottom'] = await folder.convert([...both('vstack'), ...x264], 'top-bottom.mp4');
  paths['half'] = await folder.convert([...both('hstack,scale=96:72'), ...lossless], 'half.mkv');
  paths['odd'] = await folder.convert(
    [...both('hstack,pad=193:73'), '-c:v', 'ffv1', '-pix_fmt', 'yuv444p'],
    'odd.mkv',
  );
  paths['ten bits'] = await folder.convert(
    [...both('hstack'), '-c:v', 'ffv1', '-pix_fmt', 'yuv422p10le'],
    'ten-bits.mkv',
  );
  paths['says so'] = await folder.convert(
    ['-i', paths['top-bottom'], '-c', 'copy', '-metadata:s:v:0', 'stereo_mode=top_bottom'],
    'says-so.mkv',
  );
});

async function opened(name: string): Promise<VideoSource> {
  const video = await openVideo(paths[name] as string);
  await video.buildIndex();
  return video;
}

const eyeOf = (layout: StereoEye['layout'], eye: StereoEye['eye'], squeezed = false): StereoEye => ({
  ...{ layout, eye, squeezed },
});

/** Pixels of a region, cut by hand. */
function part(frame: DecodedFrame, eye: StereoEye): Uint8Array {
  const { x, y, width, height } = eyeRegion(frame, eye);
  const rows = Array.from({ length: height }, (_, row) => {
    const from = ((y + row) * frame.width + x) * 3;
    return frame.rgb.subarray(from, from + width * 3);
  });
  return Uint8Array.from(Buffer.concat(rows));
}

describe('one eye of a stereo recording', () => {
  it.each([
    ['side-by-side', 'side-by-side'],
    ['top-bottom', 'top-bottom'],
    ['odd', 'side-by-side'],
    ['ten bits', 'side-by-side'],
  ] as const)('of a file that is %s is its exact part, with a hash of its own', async (name, layout) => {
    const video = await opened(name);
    const whole = await video.frame(5);
    const hashes = new Set([whole.hash]);
    for (const side of ['left', 'right'] as const) {
      const eye = eyeOf(layout, side);
      video.useEye(eye);
      const frame = await video.frame(5);
      expect(frame.eye).toEqual({ ...eye, region: eyeRegion(whole, eye) });
      expect(Buffer.compare(frame.rgb, part(whole, eye))).toBe(0);
      expect(frame.hash).toBe(hashPicture(frame.rgb, frame.width, frame.height));
      if (name !== 'odd') expect(readCounter(frame)).toBe(5 + (side === 'right' ? rightBegins : 0));
      expect((await video.frame(5, { priority: 'work' })).hash).toBe(frame.hash);
      hashes.add(frame.hash);
    }
    expect(hashes.size).toBe(3);
    video.useEye(null);
    expect((await video.frame(5)).hash).toBe(whole.hash);
    video.dispose();
  });

  it('has the same size as the other, also where the whole has an odd one', () => {
    expect(eyeRegion({ width: 193, height: 73 }, eyeOf('side-by-side', 'left'))).toEqual({
      ...{ x: 0, y: 0, width: 96, height: 73 },
    });
    expect(eyeRegion({ width: 193, height: 73 }, eyeOf('side-by-side', 'right'))).toEqual({
      ...{ x: 97, y: 0, width: 96, height: 73 },
    });
    expect(eyeRegion({ width: 193, height: 73 }, eyeOf('top-bottom', 'right'))).toEqual({
      ...{ x: 0, y: 37, width: 193, height: 36 },
    });
    expect(eyeRegion({ width: 1, height: 1 }, eyeOf('side-by-side', 'right'))).toEqual({
      ...{ x: 0, y: 0, width: 1, height: 1 },
    });
  });

  it('that was squeezed has its full shape again', async () => {
    const video = await opened('half');
    video.useEye(eyeOf('side-by-side', 'right', true));
    const frame = await video.frame(3);
    expect([frame.width, frame.height]).toEqual([96, 72]);
    expect(readCounter(frame)).toBe(3 + rightBegins);
    video.useEye(eyeOf('side-by-side', 'right'));
    expect(await video.frame(3)).toMatchObject({ width: 48, height: 72 });
    video.dispose();
  });

  it('plays as that eye, from the frame that was asked for', async () => {
    const video = await opened('side-by-side');
    expect(video.playbackPlan().kind).toBe('native');
    video.useEye(eyeOf('side-by-side', 'right'));
    expect(video.playbackPlan().kind).toBe('transcoded');
    const { stream } = await video.transcodedStream(4);
    const played = `${folder.path}/played.mp4`;
    writeFileSync(played, await buffer(stream));
    const again = await openVideo(played);
    await again.buildIndex();
    const first = await again.frame(0);
    expect([first.width, first.height, readCounter(first)]).toEqual([96, 72, 4 + rightBegins]);
    again.dispose();
    video.dispose();
  });

  it('is offered where the file says that it is stereo, and not taken', async () => {
    const video = await opened('says so');
    expect(video.streams).toMatchObject([{ stereo: 'top-bottom' }]);
    expect(await video.frame(0)).toMatchObject({ width: 96, height: 144 });
    expect((await opened('top-bottom')).streams[0]).not.toHaveProperty('stereo');
    video.dispose();
  });
});
