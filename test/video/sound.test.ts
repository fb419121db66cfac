import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools } from '../../main/video/index.ts';
import { soundOf } from '../../main/video/playback.ts';
import { ClipFolder, opened } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const rate = 48_000;
/** The second at which a white frame and a tone of 1 kHz begin, which is that of frame 75. */
const flash = 3;

/** Six seconds of black without a sound, but for a flash with a beep. The sound begins `late` seconds after the picture. */
async function clip(name: string, late: number, codecs: readonly string[]): Promise<string> {
  return folder.convert(
    [
      ...[
        '-f',
        'lavfi',
        '-i',
        `color=black:s=192x144:r=25:d=6,drawbox=c=white:t=fill:enable='gte(n,75)*lt(n,80)'`,
      ],
      ...[
        '-f',
        'lavfi',
        '-i',
        `aevalsrc='0.8*sin(2000*PI*t)*between(t,${flash},${flash + 0.4})':s=${rate}:d=6`,
      ],
      ...['-filter_complex', `[1:a]atrim=start=${late}[late]`, '-map', '0:v', '-map', '[late]', ...codecs],
    ],
    name,
  );
}

/** When the picture turns white and when the tone begins, both by the times that the stream itself states. */
async function onsets(path: string): Promise<{ white: number; tone: number }> {
  const { ffmpeg } = await findMediaTools();
  const run = (args: string[]): Buffer =>
    spawnSync(ffmpeg.path, ['-v', 'error', '-copyts', '-i', path, ...args, 'pipe:1'], { maxBuffer: 2 ** 28 })
      .stdout;
  const lines = run([
    '-map',
    '0:v',
    '-vf',
    'scale=1:1,format=gray,settb=1/90000',
    '-f',
    'framemd5',
  ]).toString();
  const frames = lines
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => line.split(/,\s*/));
  const base = /#tb 0: (\d+)\/(\d+)/.exec(lines)!;
  const ticks = Number(frames.find((fields) => fields[5] !== frames[0]![5])![2]);
  const bytes = run([
    '-map',
    '0:a',
    '-af',
    'aresample=async=1:first_pts=0',
    '-ac',
    '1',
    '-ar',
    String(rate),
    '-f',
    'f32le',
  ]);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  return {
    white: (ticks * Number(base[1])) / Number(base[2]),
    tone: samples.findIndex((sample) => Math.abs(sample) > 0.2) / rate,
  };
}

describe('the sound of a converted stream', () => {
  it.each([
    ['beep.ts', 0, ['-c:v', 'mpeg2video', '-g', '40', '-c:a', 'ac3']],
    ['beep-late.mkv', 2, ['-c:v', 'mpeg4', '-g', '50', '-c:a', 'pcm_s16le']],
    ['beep.mov', 0, ['-c:v', 'mjpeg', '-c:a', 'pcm_s16be']],
  ])(
    '%s: a beep is in time with its flash, whichever frame the stream begins at',
    async (name, late, codecs) => {
      const video = await opened(await clip(name, late, codecs));
      expect(video.sound()).toBe('converted');
      for (const start of [0, 33]) {
        const path = folder.file(`${name}-${start}.mp4`);
        writeFileSync(path, await buffer((await video.transcodedStream(start, { withSound: true })).stream));
        const { white, tone } = await onsets(path);
        expect(Math.abs(tone - white)).toBeLessThan(0.001);
      }
      video.dispose();
    },
  );

  it('is left out where nobody asked for it, and where it can’t be decoded the picture plays alone', async () => {
    const video = await opened(folder.file('beep.ts'));
    const { ffprobe } = await findMediaTools();
    const kinds = async (name: string, source: typeof video, withSound: boolean): Promise<string> => {
      const path = folder.file(name);
      writeFileSync(path, await buffer((await source.transcodedStream(70, { withSound })).stream));
      const args = ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', path];
      return spawnSync(ffprobe.path, args).stdout.toString().trim().split(/\s+/).join(' ');
    };
    expect(await kinds('asked.mp4', video, true)).toBe('video audio');
    expect(await kinds('silent.mp4', video, false)).toBe('video');
    const broken = { ...video.probe, sound: { index: 7, codec: 'ac3' } };
    Object.assign(video, { probe: broken });
    expect(await kinds('broken.mp4', video, true)).toBe('video');
    video.dispose();
  });

  it('is the browser’s own matter where it plays the file, and is not promised where it can’t be had', async () => {
    const video = await opened(
      await clip('beep.mp4', 0, ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac']),
    );
    expect(video.playbackPlan().kind).toBe('native');
    expect(video.sound()).toBe('native');
    const { tools } = video.context;
    const foreign = { ...video.probe, sound: { index: 1, codec: 'ac3' } };
    expect(soundOf(foreign, tools, video.table)).toBe('converted');
    expect(soundOf({ ...video.probe, sound: null }, tools, video.table)).toBe('none');
    const encoders = new Set([...tools.encoders].filter((name) => name !== 'flac'));
    expect(soundOf(foreign, { ...tools, encoders }, video.table)).toBe('left-out');
    const ticks = video.table.ticks.map((tick, index) => (index < 50 ? tick + 90_000_000 : tick));
    expect(soundOf(foreign, tools, { ...video.table, ticks })).toBe('left-out');
    video.dispose();
  });
});
