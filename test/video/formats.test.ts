import { writeFileSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openVideo } from '../../main/video/index.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';
import { makeJoined } from './clock-clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const small = { width: 192, height: 144 };
const large = { width: 384, height: 288 };

async function sizesOf(path: string, asked: readonly number[]): Promise<[number, number, number][]> {
  const video = await openVideo(path);
  await video.buildIndex();
  const seen: [number, number, number][] = [];
  for (const index of asked) {
    const frame = await video.frame(index, { priority: 'work' });
    expect(frame.rgb).toHaveLength(frame.width * frame.height * 3);
    seen.push([readCounter(frame), frame.width, frame.height]);
  }
  video.dispose();
  return seen;
}

describe('a recording that changes its size', () => {
  const parts = [
    { frames: 75, ...small },
    { frames: 75, ...large },
  ];
  const asked = [0, 74, 75, 149, 76, 20, 120];
  const expected = asked.map((index) => (index < 75 ? [index, 192, 144] : [index, 384, 288]));

  it.each([
    ['and begins its clock anew', 0],
    ['and goes on', 3],
    ['hours later', 3600],
  ])('%s, shows every frame at its own size', async (_name, at) => {
    const [first, second] = parts as [object, object];
    const path = await makeJoined(folder, `size-${at}`, 'ts', [first as never, { ...second, at } as never]);
    expect(await sizesOf(path, asked)).toEqual(expected);
  });

  it.each(['mkv', 'mp4'])('in %s too', async (extension) => {
    const path = await makeJoined(folder, 'to-wrap', 'ts', [
      { frames: 75, ...small },
      { frames: 75, ...large, at: 3.2 },
    ]);
    const tag = extension === 'mp4' ? ['-tag:v', 'avc3'] : [];
    const wrapped = await folder.convert(['-i', path, '-c', 'copy', ...tag], `size.${extension}`);
    expect(await sizesOf(wrapped, asked)).toEqual(expected);
  });

  it('within a file whose samples do not show it', async () => {
    const sizes = [small, large, small] as const;
    const pieces = sizes.map((size, place) => ({
      frames: place === 1 ? 20 : 140,
      ...size,
      at: [0, 5.8, 6.8][place] as number,
    }));
    const joined = await makeJoined(folder, 'hidden', 'ts', pieces);
    const wrapped = await folder.convert(['-i', joined, '-c', 'copy'], 'hidden.mkv');
    const frames = [0, 139, 140, 150, 159, 160, 299, 145];
    expect(await sizesOf(wrapped, frames)).toEqual(
      frames.map((index) => (index >= 140 && index < 160 ? [index, 384, 288] : [index, 192, 144])),
    );
  });

  it('keeps them in its stored index', async () => {
    const path = await makeJoined(folder, 'stored', 'ts', parts);
    const video = await openVideo(path);
    await video.buildIndex();
    const again = await openVideo(path, { index: video.encodedIndex() });
    expect(again.hasIndex).toBe(true);
    expect(again.table.formats.map(({ first, format }) => [first, format.width])).toEqual([
      [0, 192],
      [75, 384],
    ]);
    expect((await again.frame(100)).hash).toBe((await video.frame(100)).hash);
    for (const source of [video, again]) source.dispose();
  });
});

it('a recording that changes its chroma or its range shows each frame by its own', async () => {
  const made = async (name: string, first: number, at: number, options: readonly string[]) =>
    readFileSync(
      await folder.make(name, {
        frames: 50,
        first,
        extension: 'ts',
        // A stated matrix makes the encoder state the range, too.
        output: [
          ...options,
          ...x264,
          '-colorspace',
          'smpte170m',
          '-g',
          '25',
          '-output_ts_offset',
          String(at),
          '-f',
          'mpegts',
        ],
      }),
    );
  const path = folder.file('chroma.ts');
  const full = ['-vf', 'scale=out_range=full', '-color_range', 'pc'];
  writeFileSync(
    path,
    Buffer.concat([
      await made('chroma-420', 0, 0, []),
      await made('range-full', 50, 4, full),
      // The last of these options holds.
      await made('limited', 100, 8, []),
    ]),
  );
  const video = await openVideo(path);
  expect((await video.buildIndex()).frames).toBe(150);
  expect(video.table.formats.map(({ first, format }) => [first, format.fullRange])).toEqual([
    [0, false],
    [50, true],
    [100, false],
  ]);
  // Black blocks are black in both ranges.
  for (const index of [0, 49, 50, 99, 100]) {
    const frame = await video.frame(index, { priority: 'work' });
    expect(readCounter(frame)).toBe(index);
    const block = (Math.floor(frame.height / 12) * frame.width + 8) * 3;
    expect(frame.rgb[block]).toBeLessThan(60);
  }
  video.dispose();
});
