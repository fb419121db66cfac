import { describe, expect, it } from 'vitest';
import { parsePacketLine } from '../../main/video/frame-index.ts';
import { FrameTableBuilder, keyFrameBefore, nextKeyFrame } from '../../main/video/frame-table.ts';
import { decodeFrameIndex, encodeFrameIndex } from '../../main/video/frame-index-file.ts';
import { parseListedFrame } from '../../main/video/frame-list.ts';

const format = {
  width: 64,
  height: 48,
  pixelFormat: 'yuv420p',
  colourMatrix: 'bt601',
  fullRange: false,
  pixelAspect: [1, 1],
} as const;
const origin = { fingerprint: 'a'.repeat(64), decoder: '5.1' };

describe('frame table', () => {
  it('holds six hours at 60 frames per second, and comes back from its bytes', () => {
    const builder = new FrameTableBuilder();
    const count = 1_300_000;
    for (let index = 0; index < count; index++)
      builder.add(index * 1500 - 3000 + (index % 7 === 0 ? 1 : 0), index % 250 === 0, index * 7919);
    const table = builder.finish([1, 90_000], format, 'decoded', null);
    const bytes = encodeFrameIndex(table, origin);
    const again = decodeFrameIndex(bytes, origin);
    expect(again.ticks.every((ticks, index) => ticks === table.ticks[index])).toBe(true);
    expect(again.keys.every((key, index) => key === table.keys[index])).toBe(true);
    expect(again.checksums?.every((checksum, index) => checksum === table.checksums?.[index])).toBe(true);
    expect([again.endTicks, again.seekable, again.timeBase]).toEqual([table.endTicks, true, [1, 90_000]]);
  });

  it('stores a constant rate in next to nothing', () => {
    const builder = new FrameTableBuilder();
    for (let index = 0; index < 1_300_000; index++) builder.add(index * 512, index % 250 === 0);
    expect(encodeFrameIndex(builder.finish([1, 12_800], format, 'packets', 512), origin).length).toBeLessThan(
      10_000,
    );
  });

  it('keeps times past 32 bits and below zero', () => {
    const builder = new FrameTableBuilder();
    const times = [-9_000_000_000, -1, 0, 2 ** 40, 2 ** 40 + 1, 2 ** 45];
    for (const time of times) builder.add(time, true);
    const table = builder.finish([1, 1_000_000_000], format, 'packets', 1);
    expect(Array.from(decodeFrameIndex(encodeFrameIndex(table, origin), origin).ticks)).toEqual(times);
  });

  it('is refused with another file, another decoder where that matters, or another version', () => {
    const decoded = new FrameTableBuilder();
    decoded.add(0, true, 5);
    const bytes = encodeFrameIndex(decoded.finish([1, 25], format, 'decoded', null), origin);
    const code = 'data-malformed';
    const refusal = (data: Uint8Array, other = origin) => {
      try {
        decodeFrameIndex(data, other);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'taken';
    };
    expect(refusal(bytes)).toBe('taken');
    expect(refusal(bytes, { ...origin, fingerprint: 'b' })).toBe(code);
    expect(refusal(bytes, { ...origin, decoder: '8.0' })).toBe(code);
    const packets = encodeFrameIndex(decoded.finish([1, 25], format, 'packets', null), origin);
    expect(refusal(packets, { ...origin, decoder: '8.0' })).toBe('taken');
    const newer = Buffer.from(bytes);
    newer[4] = 255;
    expect(refusal(newer)).toBe(code);
    expect(refusal(Buffer.from('nonsense'))).toBe(code);
  });

  it('sorts packets into presentation order, and knows times that cannot be sought', () => {
    const builder = new FrameTableBuilder();
    for (const [time, key] of [
      [0, true],
      [1536, false],
      [512, false],
      [1024, false],
      [2048, true],
    ] as const)
      builder.add(time, key);
    builder.sort();
    const table = builder.finish([1, 12_800], format, 'packets', 512);
    expect(Array.from(table.ticks)).toEqual([0, 512, 1024, 1536, 2048]);
    expect(Array.from(table.keys)).toEqual([1, 0, 0, 0, 1]);
    expect(table.endTicks).toBe(2560);
    expect([
      keyFrameBefore(table, 3),
      keyFrameBefore(table, 4),
      nextKeyFrame(table, 0),
      nextKeyFrame(table, 4),
    ]).toEqual([0, 4, 4, 5]);
    for (const times of [
      [0, 1, 1],
      [0, 2, 1],
      [0, null, 5],
    ]) {
      const irregular = new FrameTableBuilder();
      for (const time of times) irregular.add(time, false);
      expect(irregular.finish([1, 25], format, 'decoded', null).seekable).toBe(false);
    }
  });
});

describe('reading what the tools print', () => {
  /** As ffmpeg N-47683 (2018), 5.1.9 and 7.1 write them. */
  it.each([
    '0,     133200,     133200,        0,   122880, 0x37ffda0b',
    '0,     133200,     133200,     3600,   122880, 0x37ffda0b',
  ])('a decoded frame: %s', (line) => {
    expect(parseListedFrame(line)).toEqual({ pts: 133_200, bytes: 122_880, checksum: 0x37ffda0b });
  });

  it('a time below zero, and lines that are no frames', () => {
    expect(parseListedFrame('0,         -1,         -1,        1,      6, 0x00000001')).toMatchObject({
      pts: -1,
    });
    for (const line of ['#tb 0: 1/90000', '#dimensions 0: 320x256', '', '0, 1']) {
      expect(parseListedFrame(line)).toBeNull();
    }
  });

  it('a packet', () => {
    expect(parsePacketLine('1024,512,48,K__')).toEqual({
      pts: 1024,
      duration: 512,
      position: 48,
      isKey: true,
      discarded: false,
    });
    expect(parsePacketLine('-512,N/A,N/A,_D_')).toEqual({
      pts: -512,
      duration: null,
      position: null,
      isKey: false,
      discarded: true,
    });
    expect(parsePacketLine('N/A,1,9,__')).toMatchObject({ pts: null });
    expect(parsePacketLine('')).toBeNull();
  });
});
