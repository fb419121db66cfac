import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFrameTable } from '../../main/video/frame-index.ts';
import { tableFromSamples } from '../../main/video/sample-index.ts';
import { readSampleTable } from '../../main/video/sample-tables.ts';
import { ClipFolder, contextOf, recipes, x264, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const twoSeconds = ['-f', 'lavfi', '-i', 'testsrc2=s=192x144:r=25:d=2'];
const sound = ['-f', 'lavfi', '-i', 'sine=d=2', '-c:a', 'aac'];
const bFrames = [...x264, '-g', '24', '-bf', '3', '-b_strategy', '0'];
const hevc = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-x265-params',
  'log-level=none',
];

/** What muxers do, and whether the file's own tables are enough. Either way the index has to be that of the packets. */
const muxed: Record<string, { args: string[]; extension?: string; byTables: boolean | null }> = {
  plain: { args: [...twoSeconds, ...x264, '-bf', '0'], byTables: true },
  'B frames': { args: [...twoSeconds, ...bFrames], byTables: true },
  'negative offsets': {
    args: [...twoSeconds, ...bFrames, '-movflags', 'negative_cts_offsets'],
    byTables: true,
  },
  'no edit list': { args: [...twoSeconds, ...bFrames, '-use_editlist', '0'], byTables: true },
  'faststart with sound': {
    args: [...twoSeconds, ...sound, ...bFrames, '-movflags', '+faststart'],
    byTables: true,
  },
  'sound first': {
    args: [
      '-f',
      'lavfi',
      '-i',
      'sine=d=2',
      ...twoSeconds,
      '-map',
      '0',
      '-map',
      '1',
      ...bFrames,
      '-c:a',
      'aac',
    ],
    byTables: true,
  },
  'sound that ends earlier, picture first': {
    args: [...twoSeconds, '-f', 'lavfi', '-i', 'sine=d=0.5', ...bFrames, '-c:a', 'aac'],
    byTables: true,
  },
  'delayed picture': { args: ['-itsoffset', '0.7', ...twoSeconds, ...sound, ...bFrames], byTables: true },
  'times from an hour on': {
    args: [...twoSeconds, ...bFrames, '-output_ts_offset', '3600'],
    byTables: true,
  },
  'timecode track': { args: [...twoSeconds, ...bFrames, '-timecode', '01:00:00:00'], byTables: true },
  QuickTime: { args: [...twoSeconds, ...sound, ...bFrames], extension: 'mov', byTables: true },
  HEVC: { args: [...twoSeconds, ...hevc, '-bf', '3'], byTables: true },
  'all key frames': {
    args: [...twoSeconds, '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
    extension: 'mov',
    byTables: true,
  },
  'a variable rate': {
    args: [...twoSeconds, '-vf', "setpts='(N+floor(N/7)*3)/25/TB'", '-vsync', '2', ...bFrames],
    // An ffmpeg of 2018 writes these times in a way that is read from the packets.
    byTables: null,
  },
  'another time scale': {
    args: [...twoSeconds, ...bFrames, '-video_track_timescale', '90000'],
    byTables: true,
  },
  'a cover beside it': {
    args: [
      ...twoSeconds,
      ...['-f', 'lavfi', '-i', 'color=red:s=64x64:d=1:r=1', '-map', '0', '-map', '1', ...x264],
      ...['-c:v:1', 'mjpeg', '-frames:v:1', '1', '-disposition:v:1', 'attached_pic'],
    ],
    byTables: true,
  },
  fragments: {
    args: [...twoSeconds, ...sound, ...bFrames, '-movflags', 'frag_keyframe+empty_moov'],
    byTables: false,
  },
  'fragments after a movie': {
    args: [...twoSeconds, ...bFrames, '-movflags', 'frag_keyframe'],
    byTables: false,
  },
};

async function bothWays(path: string) {
  const context = await contextOf(path);
  const [tables, packets] = [
    await tableFromSamples(context),
    await buildFrameTable(context, { readPackets: true }),
  ];
  return { context, tables, packets };
}

describe.each(Object.entries(muxed))('%s', (name, { args, extension = 'mp4', byTables }) => {
  it('has the index of its packets', { timeout: 120_000 }, async () => {
    const path = await folder.convert(args, `${name.replaceAll(/\W+/g, '-')}.${extension}`);
    const { context, tables, packets } = await bothWays(path);
    if (byTables !== null) expect(tables !== null).toBe(byTables);
    const built = await buildFrameTable(context);
    expect(built).toEqual(packets);
    if (tables && packets.source === 'packets')
      expect({ ...tables.table, longestStep: packets.longestStep }).toEqual(packets);
  });
});

it.each(['mp4-29.97', 'mp4-variable', 'mp4-b-frames'])(
  '%s, recorded frame by frame, has it',
  async (name) => {
    const path = await folder.make(name, recipes[name] as ClipRecipe);
    const { tables, packets } = await bothWays(path);
    expect({ ...tables?.table, longestStep: packets.longestStep }).toEqual(packets);
  },
);

it.each(['1.3', '0.52'])('a cut at %s s that leaves out frames has it, by reading packets', async (start) => {
  const whole = await folder.convert([...twoSeconds, ...sound, ...bFrames], `whole-${start}.mp4`);
  const cut = await folder.convert(['-ss', start, '-i', whole, '-c', 'copy'], `cut-${start}.mp4`);
  const { context, packets } = await bothWays(cut);
  expect(await buildFrameTable(context)).toEqual(packets);
});

describe('tables that are not true', () => {
  let path: string;
  let file: Buffer;
  beforeAll(async () => {
    path = await folder.convert([...twoSeconds, ...bFrames], 'true.mp4');
    file = readFileSync(path);
  });

  /** Changes one number behind a box's type, counted in bytes from there. */
  function lying(name: string, box: string, at: number, change: (value: number) => number): string {
    const bytes = Buffer.from(file);
    const place = bytes.indexOf(box) + 4 + at;
    bytes.writeUInt32BE(change(bytes.readUInt32BE(place)) >>> 0, place);
    const to = folder.file(`${name}.mp4`);
    writeFileSync(to, bytes);
    return to;
  }

  it.each([
    ['a size more', 'stsz', 12 + 4 * 30, (value: number) => value + 8],
    ['a size of nothing', 'stsz', 12 + 4 * 30, () => 0],
    ['a chunk elsewhere', 'stco', 8, (value: number) => value + 1],
    ['a chunk beyond the end', 'stco', 8, () => 0x7fff_ffff],
    ['other durations', 'stts', 12, (value: number) => value + 1],
    ['another offset', 'ctts', 12, (value: number) => value + 512],
    ['more durations than samples', 'stts', 8, (value: number) => value + 1],
    ['another key frame', 'stss', 12, (value: number) => value + 1],
    ['too many entries', 'stsc', 4, () => 0x0fff_ffff],
    ['more samples in a chunk', 'stsc', 12, (value: number) => value + 1],
    ['an edit at double speed', 'elst', 16, () => 0x2_0000],
    ['an edit that ends early', 'elst', 8, (value: number) => value >> 1],
  ])('%s: the same comes of it as of reading the packets', async (name, box, at, change) => {
    const file = lying(name.replaceAll(' ', '-'), box, at, change);
    const outcome = (options: object) =>
      contextOf(file)
        .then((context) => buildFrameTable(context, options))
        .catch((error: unknown) => String(error));
    const [built, packets] = [await outcome({}), await outcome({ readPackets: true })];
    // What is decoded of damaged frames is not the same each time; that it had to be decoded is what the tables decide.
    if (typeof packets === 'string' || packets.source === 'packets') expect(built).toEqual(packets);
    else expect(built).toMatchObject({ source: 'decoded' });
  });

  it('of a file cut short say nothing', async () => {
    const short = folder.file('short.mp4');
    const front = await folder.convert([...twoSeconds, ...bFrames, '-movflags', '+faststart'], 'front.mp4');
    copyFileSync(front, short);
    truncateSync(short, readFileSync(front).length - 2000);
    await expect(readSampleTable(short, 0, 12_800)).rejects.toThrow(/after the/);
  });

  it('of what is no MP4 say nothing', async () => {
    const other = folder.file('other.mp4');
    writeFileSync(other, 'nothing like it');
    await expect(readSampleTable(other, 0, 25)).rejects.toThrow(/ends after the file/);
  });
});
