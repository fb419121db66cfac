import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMediaTools } from '../../main/video/ffmpeg.ts';
import { openVideo, type VideoSource } from '../../main/video/index.ts';
import { ClipFolder, opened, readCounter, x264 } from './clips.ts';
import { box, numbers, withFragmentIndex } from './fragment-boxes.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const steady = [...x264, '-g', '25', '-bf', '0'];
const fragments = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
const made: Record<string, Buffer> = {};

beforeAll(async () => {
  const make = async (name: string, extension: string, output: string[]) => {
    made[name] = readFileSync(
      await folder.make(name, { frames: 200, extension, output: [...steady, ...output] }),
    );
  };
  await make('fragmented', 'mp4', fragments);
  await make('fast start', 'mp4', ['-movflags', '+faststart']);
  await make('table at the end', 'mp4', []);
  await make('matroska', 'mkv', []);
  await make('live matroska', 'mkv', ['-live', '1']);
  await make('avi', 'avi', []);
  await make('transport', 'ts', []);
});

/** Written long ago, so that nobody is taken to be writing still. */
function write(name: string, bytes: Uint8Array): string {
  const path = folder.file(name);
  writeFileSync(path, bytes);
  const before = new Date(Date.now() - 3_600_000);
  utimesSync(path, before, before);
  return path;
}

/** Puts the length of the whole (`mehd`), eight seconds, into the table of contents. */
function withLength(bytes: Buffer): Buffer {
  const length = box('mehd', numbers(0, 8000));
  const changed = Buffer.concat([
    bytes.subarray(0, bytes.indexOf('mvex') + 4),
    length,
    bytes.subarray(bytes.indexOf('mvex') + 4),
  ]);
  for (const type of ['moov', 'mvex']) {
    const at = changed.indexOf(type) - 4;
    changed.writeUInt32BE(changed.readUInt32BE(at) + length.length, at);
  }
  return changed;
}

/** Every frame shows its own number, the last ones too. */
async function expectFrames(video: VideoSource): Promise<number> {
  const { frames } = video.summary();
  for (const index of [0, 1, Math.floor(frames / 2), frames - 2, frames - 1]) {
    expect(readCounter(await video.frame(index)), `frame ${index} of ${frames}`).toBe(index);
  }
  return frames;
}

describe('a recording whose end is missing', () => {
  it.each([
    ['fragmented', 'mp4', 0.97],
    ['fragmented', 'mp4', 0.5],
    ['fast start', 'mp4', 0.97],
    ['fast start', 'mp4', 0.4],
    ['matroska', 'mkv', 0.97],
    ['matroska', 'mkv', 0.5],
    ['avi', 'avi', 0.97],
    ['avi', 'avi', 0.5],
  ])('is reviewed as far as it is whole, and says so: %s.%s, %d of it', async (name, ending, share) => {
    const whole = made[name] as Buffer;
    const path = write(`${name} ${share}.${ending}`, whole.subarray(0, Math.floor(whole.length * share)));
    const video = await opened(path);
    expect(video.incomplete).toBe('cut');
    const frames = await expectFrames(video);
    expect(frames).toBeGreaterThan(200 * share - 30);
    expect(frames).toBeLessThan(200);
    expect(video.playbackPlan().kind).toBe('transcoded');
    const { stream } = await video.transcodedStream(frames - 5);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(500);
    video.dispose();
  });

  it.each([
    ['live matroska', 'mkv'],
    ['transport', 'ts'],
  ])('is reviewed as far as it goes where nothing says how long it should be: %s', async (name, ending) => {
    const whole = made[name] as Buffer;
    const video = await opened(
      write(`${name} cut.${ending}`, whole.subarray(0, Math.floor(whole.length * 0.9))),
    );
    const { frames } = video.summary();
    expect(frames).toBeGreaterThan(150);
    expect(frames).toBeLessThan(200);
    expect(readCounter(await video.frame(frames - 3))).toBe(frames - 3);
    video.dispose();
  });

  it('is reviewed where it ends between two fragments, or inside the head of one', async () => {
    const whole = made['fragmented'] as Buffer;
    const last = whole.lastIndexOf('moof') - 4;
    for (const [name, end] of [
      ['between', last],
      ['head', last + 60],
    ] as const) {
      const video = await opened(write(`${name}.mp4`, whole.subarray(0, end)));
      expect(await expectFrames(video)).toBe(175);
      expect(video.incomplete).toBe(name === 'head' ? 'cut' : null);
      video.dispose();
    }
  });

  it.each([
    ['an index of its fragments', (bytes: Buffer) => withFragmentIndex(bytes, 1000)],
    ['the length of the whole', withLength],
  ])('that ends between two fragments is told by %s', async (name, add) => {
    const whole = add(made['fragmented'] as Buffer);
    const last = whole.lastIndexOf('moof') - 4;
    for (const [end, frames, incomplete] of [
      [whole.length, 200, null],
      [last, 175, 'cut'],
    ] as const) {
      const video = await opened(write(`${name} ${end}.mp4`, whole.subarray(0, end)));
      expect(await expectFrames(video)).toBe(frames);
      expect(video.incomplete).toBe(incomplete);
      video.dispose();
    }
  });

  it('that ends behind the head of a fragment lacks its samples, and says so', async () => {
    const whole = made['fragmented'] as Buffer;
    const last = whole.lastIndexOf('moof') - 4;
    const video = await opened(write('headless.mp4', whole.subarray(0, last + whole.readUInt32BE(last))));
    expect(await expectFrames(video)).toBe(175);
    expect(video.incomplete).toBe('cut');
    video.dispose();
  });

  it('cannot be opened without its table of frames, and says that', async () => {
    const whole = made['table at the end'] as Buffer;
    const error = await openVideo(write('no table.mp4', whole.subarray(0, -2000))).catch(
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ code: 'video-truncated' });
    expect((error as Error).message).toMatch(/table of contents is missing/);
  });

  it('is whole where it is whole', async () => {
    for (const [name, ending] of [
      ['fragmented', 'mp4'],
      ['fast start', 'mp4'],
      ['matroska', 'mkv'],
      ['avi', 'avi'],
      ['transport', 'ts'],
    ] as const) {
      const video = await opened(write(`whole.${ending}`, made[name] as Buffer));
      expect(video.incomplete, name).toBeNull();
      expect(video.summary().frames, name).toBe(200);
      video.dispose();
    }
  });
});

describe('a file that is still being recorded', () => {
  it.each([
    ['ts', ['-f', 'mpegts']],
    ['mkv', ['-f', 'matroska']],
    ['mp4', ['-f', 'mp4', ...fragments]],
  ])('is named, and what is there is reviewed while more comes: .%s', async (ending, output) => {
    const { ffmpeg } = await findMediaTools();
    const source = folder.file('table at the end.mp4');
    const path = folder.file(`growing.${ending}`);
    const file = openSync(path, 'w');
    const recorder = spawn(
      ffmpeg.path,
      [
        ...['-v', 'error', '-y', '-re', '-stream_loop', '20', '-i', source, ...steady],
        // Through a pipe it cannot go back: some versions fill in sizes that they left open in a file.
        ...['-flush_packets', '1', ...output, 'pipe:1'],
      ],
      { stdio: ['ignore', file, 'ignore'] },
    );
    closeSync(file);
    const ended = once(recorder, 'close');
    try {
      while (!(statSync(path, { throwIfNoEntry: false })?.size ?? 0)) await sleep(50);
      await sleep(6000);
      const video = await openVideo(path, { cacheBytes: 0 });
      const { frames } = await video.buildIndex();
      expect(frames).toBeGreaterThan(20);
      expect(video.incomplete).toBe('growing');
      for (const index of [0, 10, frames - 3]) {
        expect(readCounter(await video.frame(index))).toBe(index % 200);
        await sleep(700);
      }
      // Opened anew there is more, and what was reviewed can be found again as it was.
      const later = await opened(path);
      expect(later.summary().frames).toBeGreaterThan(frames);
      const again = await openVideo(path, { length: video.probe.bytes, index: video.encodedIndex() });
      expect(again.hasIndex).toBe(true);
      expect(again.fingerprint).toBe(video.fingerprint);
      expect((await again.frame(frames - 3)).hash).toBe((await video.frame(frames - 3)).hash);
      for (const each of [video, later, again]) each.dispose();
    } finally {
      recorder.kill('SIGKILL');
      await ended;
    }
  });

  it('is not a file that lost its beginning, or became another', async () => {
    const path = write('other.ts', made['transport'] as Buffer);
    const video = await opened(path);
    const changed = Buffer.from(made['transport'] as Buffer);
    changed.fill(0, 5000, 6000);
    writeFileSync(path, Buffer.concat([changed, changed]));
    await expect(video.frame(100)).rejects.toMatchObject({ code: 'file-changed' });
    video.dispose();
  });

  it('may begin to grow after it was opened: its frames stay', async () => {
    const path = write('resumed.ts', made['transport'] as Buffer);
    const video = await openVideo(path, { cacheBytes: 0 });
    await video.buildIndex();
    const before = (await video.frame(150)).hash;
    appendFileSync(path, made['transport'] as Buffer);
    expect((await video.frame(150)).hash).toBe(before);
    expect((await video.frame(199)).index).toBe(199);
    video.dispose();
  });
});
