import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openVideo } from '../../main/video/index.ts';
import { ClipFolder, readCounter, x264 } from './clips.ts';

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

/** A Video Endoscopic Image object whose pixel data are `fragments`. */
function dicom(syntax: string, fragments: readonly Buffer[], extra: readonly Buffer[] = []): Buffer {
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
      mark(0xe000, 0),
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

  it('of JPEG pictures is a video of them, at the rate that the object states', async () => {
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
    const rate = element(0x0018, 0x1063, 'DS', '100');
    const video = await openVideo(write('pictures.dcm', dicom(`${compressed}50`, pictures, [rate])));
    expect(await video.buildIndex()).toMatchObject({ frames: 12, durationSeconds: 1.2 });
    for (const index of [0, 6, 11]) expect(readCounter(await video.frame(index))).toBe(index);
    video.dispose();
  });

  it.each([
    ['without compression', dicom('1.2.840.10008.1.2.1', [Buffer.alloc(64)])],
    ['of another kind of picture', dicom(`${compressed}90`, [Buffer.alloc(64)])],
    ['in several pieces', dicom(`${compressed}102`, [Buffer.alloc(64), Buffer.alloc(64)])],
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
