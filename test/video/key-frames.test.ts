import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, openVideo } from '../../main/video/index.ts';
import { flagFalseKeys } from './broken-clips.ts';
import { ClipFolder, readCounter } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const { encoders } = await findMediaTools();

const coders: Record<string, readonly string[]> = {
  libx264: [
    '-preset',
    'ultrafast',
    '-crf',
    '26',
    '-g',
    '60',
    '-keyint_min',
    '60',
    '-sc_threshold',
    '0',
    '-bf',
    '2',
  ],
  libx265: [
    '-preset',
    'ultrafast',
    '-tag:v',
    'hvc1',
    '-crf',
    '28',
    '-x265-params',
    'keyint=60:min-keyint=60:scenecut=0:bframes=2:open-gop=0:log-level=none',
  ],
  'libvpx-vp9': [
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-b:v',
    '300k',
    '-g',
    '60',
    '-keyint_min',
    '60',
    '-lag-in-frames',
    '0',
  ],
};

/** Some frames of every group of pictures, far from and beside true and false key frames, in no order. */
const asked = [31, 0, 95, 59, 60, 61, 1, 130, 149, 121, 90, 119, 89, 29, 30];

describe.each(Object.entries(coders))(
  '%s in an MP4 that flags frames as key frames that are none',
  (coder, options) => {
    it.runIf(encoders.has(coder)).each([
      ['every frame', 'every frame' as const],
      ['others', { moved: -30 }],
    ])('(%s) shows frame N for N, unbroken, however it is reached', async (name, how) => {
      const whole = await folder.make(coder, {
        frames: 150,
        extension: 'mp4',
        output: ['-pix_fmt', 'yuv420p', '-c:v', coder, ...options],
      });
      const path = folder.file(`${coder}-${name}.mp4`);
      flagFalseKeys(whole, path, how);
      const [right, video] = [await openVideo(whole), await openVideo(path)];
      expect((await right.buildIndex()).frames).toBe(150);
      expect((await video.buildIndex()).frames).toBe(150);
      for (const index of asked) {
        const frame = await video.frame(index, { priority: 'work' });
        expect([index, readCounter(frame), frame.isDamaged]).toEqual([index, index, false]);
        expect(frame.hash).toBe((await right.frame(index, { priority: 'work' })).hash);
      }
      for (const source of [right, video]) source.dispose();
    });
  },
);

describe('recordings without key frames in the middle', () => {
  it('(intra refresh) are decoded from where the whole picture is there', async () => {
    const path = await folder.make('intra-refresh', {
      frames: 150,
      extension: 'mkv',
      output: [
        '-pix_fmt',
        'yuv420p',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-crf',
        '20',
        '-g',
        '30',
        '-x264-params',
        'intra-refresh=1',
      ],
    });
    const video = await openVideo(path);
    expect((await video.buildIndex()).frames).toBe(150);
    const run: string[] = [];
    for await (const frame of video.frames(0, 149)) run.push(frame.hash);
    for (const index of [149, 100, 61, 31, 35, 90, 5]) {
      const frame = await video.frame(index, { priority: 'work' });
      expect([readCounter(frame), frame.isDamaged]).toEqual([index, false]);
      expect(frame.hash).toBe(run[index]);
    }
    video.dispose();
  });
});
