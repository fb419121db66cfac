import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { openVideo } from '../../main/video/index.ts';
import { ClipFolder, opened, readCounter, x264 } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

const compressed = '1.2.840.10008.1.2.4.';
const patient = 'DOE^JANE';

/** One element in explicit little-endian form (PS3.5, 7.1.2). */
function element(group: number, number: number, form: string, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const even = bytes.length % 2 ? Buffer.concat([bytes, Buffer.from(form === 'UI' ? '\0' : ' ')]) : bytes;
  const long = ['OB', 'SQ', 'UN'].includes(form);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(form, 4, 'latin1');
  if (long) head.writeUInt32LE(even.length, 8);
  else head.writeUInt16LE(even.length, 6);
  return Buffer.concat([head, even]);
}

function mark(number: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(number, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Pieces of an even length, as fragments have to be; the sizes are no part of any structure inside. */
function cutInto(bytes: Buffer, count: number): Buffer[] {
  const length = Math.ceil(bytes.length / count / 2) * 2;
  return Array.from({ length: count }, (_, place) => bytes.subarray(place * length, (place + 1) * length));
}

/** A Video Endoscopic Image object whose pixel data are `fragments`. */
function dicom(
  syntax: string,
  fragments: readonly Buffer[],
  extra: readonly Buffer[] = [],
  offsets: readonly number[] = [],
): Buffer {
  const sequence = element(0x0008, 0x1140, 'SQ', '');
  sequence.writeUInt32LE(0xffffffff, 8);
  const nested = Buffer.concat([
    ...[
      sequence,
      mark(0xe000, 0xffffffff),
      element(0x0008, 0x1155, 'UI', '1.2.3'),
      mark(0xe00d, 0),
      mark(0xe0dd, 0),
    ],
  ]);
  const pixels = Buffer.alloc(12);
  pixels.writeUInt16LE(0x7fe0, 0);
  pixels.writeUInt16LE(0x0010, 2);
  pixels.write('OB', 4, 'latin1');
  pixels.writeUInt32LE(0xffffffff, 8);
  const even = fragments.map((bytes) => (bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes));
  return Buffer.concat([
    ...[Buffer.alloc(128), Buffer.from('DICM')],
    element(0x0002, 0x0010, 'UI', syntax),
    element(0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.77.1.1.1'),
    nested,
    element(0x0010, 0x0010, 'PN', patient),
    ...extra,
    element(0x0028, 0x0004, 'CS', 'YBR_PARTIAL_420'),
    ...[
      pixels,
      mark(0xe000, offsets.length * 4),
      ...offsets.map(littleEndian),
      ...even.flatMap((bytes) => [mark(0xe000, bytes.length), bytes]),
      mark(0xe0dd, 0),
    ],
  ]);
}

function write(name: string, bytes: Buffer): string {
  const path = folder.file(name);
  writeFileSync(path, bytes);
  return path;
}

const frames = 30;
const mpeg2 = ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2'];

describe('a DICOM object', () => {
  it.each([
    ['H.264 in MP4', '102', 'mp4', [...x264, '-movflags', '+faststart']],
    ['H.264 in a transport stream', '102', 'ts', x264],
    ['bare H.264', '103', 'h264', [...x264, '-bf', '0']],
    ['bare MPEG-2', '100', 'm2v', [...mpeg2, '-f', 'mpeg2video']],
    ['MPEG-2 in a programme stream', '101', 'mpg', [...mpeg2, '-f', 'vob']],
    [
      'HEVC in MP4',
      '107',
      'mov',
      ['-c:v', 'libx265', '-x265-params', 'log-level=none', '-preset', 'ultrafast'],
    ],
  ])('is opened at the video inside, in place: %s', async (name, syntax, extension, output) => {
    const inner = await folder.make(name, { frames, extension, output });
    const lines: string[] = [];
    const keep = (message: string, fields?: unknown) =>
      void lines.push(message + JSON.stringify(fields ?? {}));
    const video = await openVideo(write(`${name}.dcm`, dicom(compressed + syntax, [readFileSync(inner)])), {
      log: { debug: keep, info: keep, warn: keep },
    });
    expect((await video.buildIndex()).frames).toBe(frames);
    for (const index of [0, 13, frames - 1]) expect(readCounter(await video.frame(index))).toBe(index);
    expect(video.playbackPlan().kind).toBe('transcoded');
    const { stream } = await video.transcodedStream(5);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(1000);
    expect(JSON.stringify(video.probe) + lines.join('')).not.toContain('DOE');
    video.dispose();
  });

  it.each([
    ['H.264 in MP4', '102.1', 'mp4', [...x264, '-movflags', '+faststart'], 7],
    ['H.264 in a transport stream', '102.1', 'ts', x264, 40],
    ['bare H.264', '103.1', 'h264', [...x264, '-bf', '0'], 3],
    ['bare MPEG-2', '100.1', 'm2v', [...mpeg2, '-f', 'mpeg2video'], 150],
  ])(
    'whose stream lies in several fragments is read as one: %s',
    async (name, syntax, extension, output, count) => {
      const inner = readFileSync(await folder.make(`fragments of ${name}`, { frames, extension, output }));
      const fragments = cutInto(inner, count);
      const object = dicom(compressed + syntax, fragments);
      const video = await opened(write(`fragments of ${name}.dcm`, object));
      expect(video.summary().frames).toBe(frames);
      const whole = await opened(write(`one ${name}.dcm`, dicom(compressed + syntax, [inner])));
      for (const index of [0, 13, frames - 1]) {
        expect(readCounter(await video.frame(index))).toBe(index);
        expect((await video.frame(index)).hash).toBe((await whole.frame(index)).hash);
      }
      expect(video.incomplete).toBeNull();
      const { stream } = await video.transcodedStream(5);
      expect((await buffer(stream)).length).toBeGreaterThan(1000);
      // What ends between two fragments lacks the mark of its end.
      const head = object.length - 8 - (fragments.at(-1) as Buffer).length - 8;
      if (extension === 'ts') {
        const cut = await opened(write(`cut ${name}.dcm`, object.subarray(0, head)));
        expect(cut.incomplete).toBe('cut');
        expect(readCounter(await cut.frame(13))).toBe(13);
        cut.dispose();
      }
      for (const each of [video, whole]) each.dispose();
    },
  );

  const makePictures = async (): Promise<Buffer[]> => {
    const pictures: Buffer[] = [];
    const source = await folder.make('pictures', {
      frames: 12,
      extension: 'avi',
      output: ['-c:v', 'mjpeg', '-q:v', '2'],
    });
    for (let index = 0; index < 12; index++) {
      const args = ['-i', source, '-vf', `select=eq(n\\,${index})`, '-frames:v', '1', '-q:v', '2'];
      pictures.push(readFileSync(await folder.convert(args, `${index}.jpg`)));
    }
    return pictures;
  };

  it.each([true, false])(
    'whose JPEG pictures lie in several fragments each has all of them, with its table of offsets: %s',
    async (hasTable) => {
      const fragments = (await makePictures()).map((picture) => cutInto(picture, 3));
      const offsets: number[] = [];
      let at = 0;
      for (const picture of fragments) {
        offsets.push(at);
        for (const { length } of picture) at += 8 + length + (length % 2);
      }
      const object = dicom(`${compressed}50`, fragments.flat(), [], hasTable ? offsets : []);
      const video = await opened(write(`picture fragments ${hasTable}.dcm`, object));
      expect(video.summary().frames).toBe(12);
      for (const index of [0, 6, 11]) {
        const frame = await video.frame(index);
        expect(readCounter(frame)).toBe(index);
        expect(frame.isDamaged).toBe(false);
      }
      video.dispose();
    },
  );

  it('of JPEG pictures is a video of them, at the rate that the object states', async () => {
    const pictures = await makePictures();
    const rate = element(0x0018, 0x1063, 'DS', '100');
    const video = await openVideo(write('pictures.dcm', dicom(`${compressed}50`, pictures, [rate])));
    expect(await video.buildIndex()).toMatchObject({ frames: 12, durationSeconds: 1.2 });
    for (const index of [0, 6, 11]) expect(readCounter(await video.frame(index))).toBe(index);
    video.dispose();
  });

  it.each([
    ['without compression', dicom('1.2.840.10008.1.2.1', [Buffer.alloc(64)])],
    ['of another kind of picture', dicom(`${compressed}90`, [Buffer.alloc(64)])],
    [
      'in more pieces than can be joined',
      dicom(`${compressed}102`, Array<Buffer>(201).fill(Buffer.alloc(64))),
    ],
    [
      'with a table of offsets that does not fit',
      dicom(`${compressed}50`, [Buffer.alloc(64), Buffer.alloc(64)], [], [0, 4]),
    ],
    ['without pictures', dicom(`${compressed}102`, [])],
    ['cut in its header', dicom(`${compressed}102`, [Buffer.alloc(64)]).subarray(0, 250)],
    [
      'with lengths that lead nowhere',
      Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(400, 0x41)]),
    ],
  ])(
    'from which no video can be opened says what to do, and nothing of the patient: %s',
    async (name, bytes) => {
      const error = await openVideo(write(`${name}.dcm`, bytes)).catch((refused: unknown) => refused);
      expect(error).toMatchObject({ code: 'video-not-a-video' });
      const { message, hint } = error as { message: string; hint: string };
      expect(message).toMatch(/DICOM/);
      expect(hint).toMatch(/Export the recording as MP4/);
      expect(message + hint).not.toContain('DOE');
    },
  );
});
