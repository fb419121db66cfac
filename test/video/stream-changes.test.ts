import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { checksum } from '../../main/video/transport-tables.ts';
import { ClipFolder, opened, quickH264, readCounter } from './clips.ts';
import { taken } from './every-kind.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const { encoders } = await findMediaTools();

const codecs: Record<string, string[]> = {
  h264: quickH264('-crf', '26', '-g', '25', '-bf', '2'),
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'keyint=25:log-level=none'],
  mpeg2: ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2'],
};

interface Piece {
  readonly frames?: number;
  readonly pid?: number;
  readonly mapPid?: number;
  readonly programme?: number;
  readonly version?: number;
  readonly codec?: string;
  readonly size?: readonly [number, number];
  readonly at?: number;
}

let made = 0;
/** A transport stream whose frames are counted on from `first`. */
async function piece(first: number, given: Piece): Promise<Buffer> {
  const { frames = 60, pid = 0x100, mapPid = 0x1000, programme = 1, codec = 'h264' } = given;
  const { size = [192, 144], at = first / 25 } = given;
  const path = await folder.make(`piece-${made++}`, {
    ...{ frames, first, width: size[0], height: size[1], extension: 'ts' },
    output: [
      ...[...(codecs[codec] as string[]), '-mpegts_start_pid', String(pid)],
      ...['-mpegts_pmt_start_pid', String(mapPid), '-mpegts_service_id', String(programme)],
      // 2018's ffmpeg knows no such option and gives every table version 0.
      ...['-output_ts_offset', String(at), '-f', 'mpegts'],
    ],
  });
  return readFileSync(path);
}

async function join(name: string, pieces: readonly Piece[]): Promise<{ path: string; ends: number[] }> {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let first = 0;
  for (const each of pieces) {
    parts.push(await piece(first, each));
    first += each.frames ?? 60;
    ends.push(first);
  }
  const path = folder.file(`${name}.ts`);
  writeFileSync(path, Buffer.concat(parts));
  return { path, ends };
}

/** Frames on both sides of every join, in an order that goes back and forth. */
function telling(ends: readonly number[]): number[] {
  const last = ends.at(-1) as number;
  const around = ends.slice(0, -1).flatMap((end) => [end, end - 1, end + 3, end - 30]);
  return [last - 1, 0, ...around, Math.floor(last / 2), 1];
}

async function expectAll(video: VideoSource, ends: readonly number[]): Promise<void> {
  expect(video.summary().frames).toBe(ends.at(-1));
  expect(video.incomplete).toBeNull();
  for (const index of telling(ends)) {
    expect(readCounter(await video.frame(index, { priority: 'work' })), `frame ${index}`).toBe(index);
  }
  // One run over all of them, as an export makes.
  const hashes = new Map<number, string>();
  for await (const frame of video.frames(0, (ends.at(-1) as number) - 1)) {
    expect(readCounter(frame)).toBe(frame.index);
    hashes.set(frame.index, frame.hash);
  }
  for (const index of telling(ends)) expect((await video.frame(index)).hash).toBe(hashes.get(index));
}

const changes: Record<string, readonly Piece[]> = {
  'another PID': [{}, { pid: 0x200 }],
  'another PID and another table of it': [{}, { pid: 0x200, mapPid: 0x1010 }],
  'another programme with the same PID': [{}, { programme: 7 }],
  'another programme with another PID': [{}, { programme: 7, pid: 0x300, mapPid: 0x1020 }],
  'another table of the same PID': [{}, { mapPid: 0x1040 }],
  'another PID and another size': [{}, { pid: 0x200, size: [240, 180] }],
  'another PID and times that begin anew': [{}, { pid: 0x200, at: 0 }],
  'another PID and another codec': [{}, { pid: 0x200, codec: 'mpeg2' }],
  'the same PID and another codec': [{}, { codec: 'mpeg2' }, {}],
  'the PID of its sound, and sound in its own': [{ pid: 0x100 }, { pid: 0x101 }, { pid: 0x100 }],
  'several PIDs one after another, and back to the first': [
    { frames: 40 },
    { frames: 30, pid: 0x200 },
    { frames: 50, pid: 0x300, size: [240, 180] },
    { frames: 40 },
    { frames: 26, pid: 0x200, at: 0 },
  ],
  ...(encoders.has('libx265') ? { 'another PID with HEVC': [{}, { pid: 0x200, codec: 'hevc' }] } : {}),
};

describe('a transport stream whose picture goes on with', () => {
  const each = [
    'another programme with another PID',
    'another PID and another size',
    'another PID and times that begin anew',
    'the same PID and another codec',
    'the PID of its sound, and sound in its own',
    'several PIDs one after another, and back to the first',
  ];
  it.each(taken(Object.keys(changes), (name) => each.includes(name)))(
    '%s: every frame is there, and is the one asked for',
    async (name) => {
      const { path, ends } = await join(`change ${name.replace(/\W+/g, '-')}`, changes[name] as Piece[]);
      const video = await opened(path);
      await expectAll(video, ends);
      expect(video.streams).toHaveLength(1);
      video.dispose();
    },
    300_000,
  );
});

/** The 188-byte packets of a stream, with the PID of each. */
function packetsOf(stream: Buffer): { pid: number; bytes: Buffer }[] {
  return Array.from({ length: stream.length / 188 }, (_, index) => {
    const bytes = stream.subarray(index * 188, (index + 1) * 188);
    return { pid: bytes.readUInt16BE(1) & 0x1fff, bytes };
  });
}

/** Says in the map that a packet carries that its first stream is of another type. */
function nameTypeInMap(packet: Buffer, type: number): void {
  const section = packet.subarray(5, 5 + 3 + (packet.readUInt16BE(6) & 0xfff));
  section[12] = type;
  section.writeUInt32BE(checksum(section.subarray(0, -4)), section.length - 4);
}

describe('a change of the picture stream', () => {
  it('is followed where the old stream goes on for a moment after the tables name the new one', async () => {
    const [before, after] = [packetsOf(await piece(0, {})), packetsOf(await piece(60, { pid: 0x200 }))];
    const early = Math.floor(before.length * 0.7);
    const picture = before.slice(early).filter(({ pid }) => pid === 0x100);
    const path = folder.file('overlap.ts');
    writeFileSync(
      path,
      Buffer.concat(
        [...before.slice(0, early), ...after.slice(0, 3), ...picture, ...after].map(({ bytes }) => bytes),
      ),
    );
    const video = await opened(path);
    await expectAll(video, [60, 120]);
    video.dispose();
  }, 120_000);

  it('is none where another picture begins while the first goes on: that one can be chosen', async () => {
    const alone = await piece(0, {});
    const [scope, room] = [folder.file('scope.ts'), folder.file('room.ts')];
    writeFileSync(scope, await piece(60, {}));
    writeFileSync(room, await piece(1000, { size: [240, 180] }));
    const both = await folder.convert(
      ['-i', scope, '-i', room, '-map', '0', '-map', '1', '-c', 'copy', '-copyts'],
      'both.ts',
    );
    const path = folder.file('one-then-two.ts');
    writeFileSync(path, Buffer.concat([alone, readFileSync(both)]));
    const video = await opened(path);
    await expectAll(video, [60, 120]);
    expect(video.streams).toHaveLength(2);
    video.dispose();
    const other = await openVideo(path, { stream: 1 });
    await other.buildIndex();
    expect(other.summary().frames).toBe(60);
    expect(readCounter(await other.frame(30))).toBe(1030);
    other.dispose();
  }, 120_000);

  it.each([
    [192, 4, 0],
    [204, 0, 16],
  ])(
    'is followed in packets of %d bytes',
    async (length, before, behind) => {
      const { path, ends } = await join(`wide-${length}`, [{}, { pid: 0x200 }]);
      const wide = packetsOf(readFileSync(path)).flatMap(({ bytes }) => [
        ...[Buffer.alloc(before, 0x12), bytes, Buffer.alloc(behind, 0x34)],
      ]);
      writeFileSync(path, Buffer.concat(wide));
      const video = await opened(path);
      await expectAll(video, ends);
      video.dispose();
    },
    120_000,
  );

  it('is not seen in a table that arrived damaged', async () => {
    const [before, after] = [
      packetsOf(await piece(0, { frames: 120 })),
      packetsOf(await piece(0, { pid: 0x200 })),
    ];
    const tables = after.slice(0, 3).map(({ bytes }) => Buffer.from(bytes));
    for (const table of tables) table[12] = (table[12] as number) ^ 0x10;
    const middle = Math.floor(before.length / 2);
    const path = folder.file('damaged-table.ts');
    const all = [...before.slice(0, middle), ...tables.map((bytes) => ({ bytes })), ...before.slice(middle)];
    writeFileSync(path, Buffer.concat(all.map(({ bytes }) => bytes)));
    const video = await opened(path);
    await expectAll(video, [120]);
    expect(video.table.parts).toEqual([]);
    video.dispose();
  }, 120_000);

  it('into something that no decoder reads is told', async () => {
    const before = await piece(0, {});
    const after = await piece(60, { pid: 0x200 });
    for (const { pid, bytes } of packetsOf(after)) if (pid === 0x1000) nameTypeInMap(bytes, 0xd4);
    const path = folder.file('unreadable.ts');
    writeFileSync(path, Buffer.concat([before, after]));
    const video = await opened(path);
    expect(video.summary().frames).toBe(60);
    expect(video.incomplete).toBe('partial');
    expect(readCounter(await video.frame(59))).toBe(59);
    const again = await openVideo(path, { index: video.encodedIndex() });
    expect(again.incomplete).toBe('partial');
    for (const each of [video, again]) each.dispose();
  }, 120_000);

  it('is kept with the index, and played: a stream ends before it, and the next one begins after it', async () => {
    const { path, ends } = await join('kept', [{}, { pid: 0x200, size: [240, 180] }]);
    const video = await opened(path);
    const again = await openVideo(path, { index: video.encodedIndex() });
    expect(again.hasIndex).toBe(true);
    await expectAll(again, ends);
    for (const [start, frames, width] of [
      [40, 20, 192],
      [75, 45, 240],
    ] as const) {
      const { stream, startIndex } = await again.transcodedStream(start);
      expect(startIndex).toBe(start);
      const moving = folder.file(`played-${start}.mp4`);
      writeFileSync(moving, await buffer(stream));
      const played = await opened(moving);
      expect(played.summary().frames).toBe(frames);
      const first = await played.frame(0);
      expect([first.width, readCounter(first)]).toEqual([width, start]);
      expect(readCounter(await played.frame(frames - 1))).toBe(start + frames - 1);
      played.dispose();
    }
    for (const each of [video, again]) each.dispose();
  }, 120_000);
});
