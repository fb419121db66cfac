import { open } from 'node:fs/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkContainer } from '../../main/video/container-check.ts';
import { findMediaTools, type MediaTools } from '../../main/video/ffmpeg.ts';
import { piecesFor } from '../../main/video/fragment-indexes.ts';
import { buildFrameTable } from '../../main/video/frame-index.ts';
import { joined } from '../../main/video/pieces.ts';
import { probeVideo } from '../../main/video/probe.ts';
import { readAt } from '../../main/video/regular-file.ts';
import { silentLog } from '../../main/platform/log.ts';
import { ClipFolder, opened, readCounter, x264 } from './clips.ts';
import { withFragmentIndex, withIndexEach, withIndexOfIndex } from './fragment-boxes.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const here = await findMediaTools();
const withCodecs = (tools: MediaTools, major: number): MediaTools => {
  const { ffmpeg, ffprobe } = tools;
  return {
    ...tools,
    ffmpeg: { ...ffmpeg, details: { ...ffmpeg.details, codecs: [major, 0, 100] } },
    ffprobe: { ...ffprobe, details: { ...ffprobe.details, codecs: [60, 0, 100] } },
  };
};
/** The tools of this machine, taken for those of ffmpeg 2018 or 5.0: what they are given then, both kinds have to read alike. */
const older = withCodecs(here, 58);
const newer = withCodecs(here, 59);
const isOlder = here.ffmpeg.details.codecs[0] < 59;

const frames = 60;
let plain: Buffer;
/** Every frame a fragment of its own. */
let short: Buffer;
let plainTicks: number[];
const save = (name: string, bytes: Buffer): string => {
  const path = folder.file(name);
  writeFileSync(path, bytes);
  return path;
};

async function ticksOf(path: string, tools: MediaTools): Promise<number[]> {
  const table = await buildFrameTable({
    ...{ path, tools, log: silentLog },
    probe: await probeVideo(path, tools),
  });
  return Array.from(table.ticks);
}

const make = async (name: string, coded: string[]): Promise<string> => {
  const movie = [
    '-movflags',
    'frag_keyframe+empty_moov+default_base_moof',
    '-video_track_timescale',
    '12800',
  ];
  return folder.make(name, { frames, extension: 'mp4', output: [...x264, ...coded, ...movie] });
};

beforeAll(async () => {
  const path = await make('plain', ['-g', '25', '-bf', '2', '-sc_threshold', '0']);
  plain = readFileSync(path);
  plainTicks = await ticksOf(path, here);
  short = readFileSync(await make('short', ['-g', '1', '-bf', '0']));
});

const kinds: Record<string, () => Buffer> = {
  'in another clock': () => withFragmentIndex(plain, 1000),
  'in the clock of the track': () => withFragmentIndex(plain, 12800),
  'before each fragment': () => withIndexEach(plain, 90000),
  'of an index': () => withIndexOfIndex(plain, 1000),
  'of which there are many, in the clock of the track': () => withIndexEach(short, 12800, 512),
};

describe('an index of fragments', () => {
  it.each(Object.keys(kinds))('moves and loses no frame: %s', async (kind) => {
    const path = save(`${kind}.mp4`, (kinds[kind] as () => Buffer)());
    const video = await opened(path);
    expect(video.summary().frames).toBe(frames);
    for (const index of [0, 24, 25, 26, 49, 50, 59, 3]) {
      expect(readCounter(await video.frame(index)), `frame ${index}`).toBe(index);
    }
    video.dispose();
    if (kind.includes('many')) return;
    expect(await ticksOf(path, older)).toEqual(plainTicks);
  });

  it('is hidden from ffmpeg before 5.0 with every other byte in its place, and from no newer one', async () => {
    const bytes = kinds['before each fragment']!();
    const path = save('hidden.mp4', bytes);
    const check = await checkContainer(path);
    expect(piecesFor(newer, path, check)).toBeNull();
    const pieces = piecesFor(older, path, check);
    expect(piecesFor({ ...newer, ffprobe: older.ffmpeg }, path, check)).toEqual(pieces);
    const file = await open(path);
    const shown = await readAt(joined(file, pieces), 0, 2 * bytes.length);
    await file.close();
    for (let at = bytes.indexOf('sidx'); at >= 0; at = bytes.indexOf('sidx', at + 4))
      bytes.writeUInt32BE(1, at);
    expect(shown.equals(bytes)).toBe(true);
  });

  it('of which the file has the beginning alone says nothing yet', async () => {
    const whole = withIndexEach(short, 1000, 40);
    const [last, before] = [
      whole.lastIndexOf('sidx'),
      whole.lastIndexOf('sidx', whole.lastIndexOf('sidx') - 4),
    ];
    expect(last - before).toBeGreaterThan(100);
    const check = await checkContainer(save('cut.mp4', whole.subarray(0, last + 10)));
    expect(check.isoMedia?.fragmentIndexes).toHaveLength(frames - 1);
    const path = save('cut-plain.mp4', withFragmentIndex(plain, 1000).subarray(0, plain.indexOf('moof') + 6));
    expect(piecesFor(older, path, await checkContainer(path))).toBeNull();
  });

  it('that lists indexes is hidden from every ffmpeg, since none reads it', async () => {
    const path = save('listed.mp4', kinds['of an index']!());
    expect(piecesFor(newer, path, await checkContainer(path))).toHaveLength(5);
  });

  it('that cannot be hidden, and counts in another clock, is read by a newer ffmpeg alone', async () => {
    const path = save('other-clock.mp4', withIndexEach(short, 1000, 40));
    await expect(probeVideo(path, older)).rejects.toMatchObject({ code: 'ffmpeg-outdated' });
    if (isOlder) await expect(opened(path)).rejects.toMatchObject({ code: 'ffmpeg-outdated' });
    else expect(await ticksOf(path, newer)).toEqual(plainTicks.map((ticks) => ticks - plainTicks[0]!));
  });

  it('needs a name without the sign by which parts are told apart, where it is hidden', async () => {
    const path = save('left|right.mp4', withFragmentIndex(plain, 1000));
    await expect(probeVideo(path, older)).rejects.toMatchObject({ code: 'file-unreadable' });
  });
});
