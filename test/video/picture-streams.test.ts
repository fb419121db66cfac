import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVideo, type VideoSource } from '../../main/video/index.ts';
import { pictureStreams } from '../../main/video/picture-streams.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const endoscope = { width: 192, height: 144 };
const room = { width: 240, height: 180 };
/** Numbers of the room's pictures begin here. */
const roomBegins = 1000;
const cameras: Record<string, string> = {};

beforeAll(async () => {
  const scopePath = await folder.make('scope', { frames: 60, extension: 'mp4', output: x264, ...endoscope });
  const roomPath = await folder.make('room', {
    ...{ frames: 60, first: roomBegins, extension: 'mp4', output: x264 },
    ...room,
  });
  // The room is the first stream; the endoscope is the second and the one that the file names.
  const both = ['-i', roomPath, '-i', scopePath, '-map', '0', '-map', '1', '-c', 'copy'];
  const named = [
    '-disposition:v:0',
    '0',
    '-disposition:v:1',
    'default',
    '-metadata:s:v:0',
    'title=Room camera',
  ];
  for (const ending of ['mkv', 'mp4', 'mov']) {
    cameras[ending] = await folder.convert([...both, ...named], `cameras.${ending}`);
  }
  cameras['ts'] = await folder.convert(both, 'cameras.ts');
  const thumbnail = await folder.convert(
    ['-i', scopePath, '-frames:v', '1', '-s', '96x72', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
    'thumbnail.mov',
  );
  const first = ['-i', thumbnail, '-i', scopePath, '-map', '0', '-map', '1', '-c', 'copy'];
  cameras['thumbnail first'] = await folder.convert(first, 'thumbnail-first.mov');
  cameras['cover first'] = await folder.convert(
    [...first, '-disposition:v:0', 'attached_pic'],
    'cover-first.mp4',
  );
});

async function opened(name: string, stream?: number): Promise<VideoSource> {
  const video = await openVideo(cameras[name] as string, { stream });
  await video.buildIndex();
  return video;
}

/** What a frame is of, by its size, and its number. */
async function seen(video: VideoSource, index: number): Promise<[string, number]> {
  const frame = await video.frame(index);
  return [frame.width === room.width ? 'room' : 'endoscope', readCounter(frame)];
}

describe('a file with several picture streams', () => {
  it.each(['mkv', 'mp4', 'mov'])(
    'is opened at the one that it names, and the others can be chosen: %s',
    async (name) => {
      const video = await opened(name);
      expect(video.summary().frames).toBe(60);
      expect(video.probe.streams).toMatchObject([
        { index: 0, ...room, isDefault: false, isCover: false },
        { index: 1, ...endoscope, isDefault: true, isCover: false },
      ]);
      expect(await seen(video, 33)).toEqual(['endoscope', 33]);
      const other = await opened(name, 0);
      expect(await seen(other, 33)).toEqual(['room', roomBegins + 33]);
      video.dispose();
      other.dispose();
    },
  );

  it('is opened at the first where it names none', async () => {
    const video = await opened('ts');
    expect(await seen(video, 20)).toEqual(['room', roomBegins + 20]);
    const other = await opened('ts', 1);
    expect(await seen(other, 20)).toEqual(['endoscope', 20]);
    video.dispose();
    other.dispose();
  });

  it('plays the stream that is shown, converted, since a browser chooses for itself', async () => {
    for (const [stream, expected] of [
      [1, 'endoscope'],
      [0, 'room'],
    ] as const) {
      const video = await opened('mp4', stream);
      expect(video.playbackPlan()).toMatchObject({ kind: 'transcoded' });
      const { stream: bytes } = await video.transcodedStream(10);
      const path = folder.file(`played-${stream}.mp4`);
      writeFileSync(path, await buffer(bytes));
      const played = await openVideo(path);
      await played.buildIndex();
      const number = stream === 0 ? roomBegins + 15 : 15;
      expect(await seen(played, 5)).toEqual([expected, number]);
      played.dispose();
      video.dispose();
    }
  });

  it('has a name of its own for each, and the index of one is not taken for the other', async () => {
    const [first, second] = [await opened('mkv', 0), await opened('mkv', 1)];
    expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(second.fingerprint).toBe(`${first.fingerprint}:1`);
    const wrong = await openVideo(cameras['mkv'] as string, { stream: 1, index: first.encodedIndex() });
    expect(wrong.hasIndex).toBe(false);
    const right = await openVideo(cameras['mkv'] as string, {
      stream: 1,
      index: async (fingerprint) => (fingerprint === second.fingerprint ? second.encodedIndex() : null),
    });
    expect(right.hasIndex).toBe(true);
    for (const video of [first, second, wrong, right]) video.dispose();
  });

  it('says which there are where another is asked for', async () => {
    const error = await openVideo(cameras['mkv'] as string, { stream: 7 }).catch(
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ code: 'invalid-input' });
    expect((error as { hint: string }).hint).toMatch(/0 \(h264, 240 x 180\), 1 \(h264, 192 x 144\)/);
  });
});

describe('a cover or thumbnail', () => {
  it.each(['thumbnail first', 'cover first'])('is not the video: %s', async (name) => {
    const video = await opened(name);
    expect(video.summary().frames).toBe(60);
    expect(await seen(video, 42)).toEqual(['endoscope', 42]);
    expect(video.probe.streams.filter(({ isCover }) => isCover)).toHaveLength(1);
    video.dispose();
  });

  it('is told by its mark, and by being one picture beside a longer stream', () => {
    const stream = (index: number, change: object) => ({ index, codec_type: 'video', ...change });
    const covers = (...streams: object[]) =>
      pictureStreams(streams.map((change, index) => stream(index, change))).map(({ isCover }) => isCover);
    expect(covers({ nb_frames: '1' }, { nb_frames: '900' })).toEqual([true, false]);
    expect(covers({ nb_frames: '900' }, { disposition: { timed_thumbnails: 1 } })).toEqual([false, true]);
    expect(covers({ tags: { NUMBER_OF_FRAMES: '1' } }, {})).toEqual([true, false]);
    expect(covers({ nb_frames: '1' })).toEqual([false]);
    expect(covers({ nb_frames: '1' }, { nb_frames: '1' })).toEqual([false, false]);
    expect(covers({ nb_frames: '1' }, { disposition: { attached_pic: 1 } })).toEqual([false, true]);
  });

  it('and names of tracks hold nothing that a terminal would obey', () => {
    const [stream] = pictureStreams([
      { index: 0, codec_type: 'video', tags: { title: '\u001b]0;x\u0007Room\ncamera' } },
    ]);
    expect(stream?.title).toBe(']0;x Room camera');
    const [handler] = pictureStreams([
      { index: 0, codec_type: 'video', tags: { handler_name: 'VideoHandler' } },
    ]);
    expect(handler?.title).toBeNull();
  });
});
