import { describe, expect, it } from 'vitest';
import { parsePacketLine } from '../../main/video/frame-index.ts';
import {
  decodeFrameIndex,
  encodeFrameIndex,
  FrameTableBuilder,
  keyFrameBefore,
  nextKeyFrame,
} from '../../main/video/frame-table.ts';
import { parseShownFrame, parseShownTimeBase } from '../../main/video/show-info.ts';

const origin = { fingerprint: 'a'.repeat(64), decoder: '5.1' };

describe('frame table', () => {
  it('holds six hours at 60 frames per second, and comes back from its bytes', () => {
    const builder = new FrameTableBuilder();
    const count = 1_300_000;
    for (let index = 0; index < count; index++)
      builder.add(index * 1500 - 3000 + (index % 7 === 0 ? 1 : 0), index % 250 === 0, index * 7919);
    const table = builder.finish([1, 90_000], 'decoded', null);
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
    expect(encodeFrameIndex(builder.finish([1, 12_800], 'packets', 512), origin).length).toBeLessThan(10_000);
  });

  it('keeps times past 32 bits and below zero', () => {
    const builder = new FrameTableBuilder();
    const times = [-9_000_000_000, -1, 0, 2 ** 40, 2 ** 40 + 1, 2 ** 45];
    for (const time of times) builder.add(time, true);
    const table = builder.finish([1, 1_000_000_000], 'packets', 1);
    expect(Array.from(decodeFrameIndex(encodeFrameIndex(table, origin), origin).ticks)).toEqual(times);
  });

  it('is refused with another file, another decoder where that matters, or another version', () => {
    const decoded = new FrameTableBuilder();
    decoded.add(0, true, 5);
    const bytes = encodeFrameIndex(decoded.finish([1, 25], 'decoded', null), origin);
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
    const packets = encodeFrameIndex(decoded.finish([1, 25], 'packets', null), origin);
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
    const table = builder.finish([1, 12_800], 'packets', 512);
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
      expect(irregular.finish([1, 25], 'decoded', null).seekable).toBe(false);
    }
  });
});

describe('reading what the tools print', () => {
  /** Captured from ffmpeg N-47683 (2018) and 5.1.9, and in the form of 7.1. */
  it.each([
    '[Parsed_showinfo_0 @ 0x780b0c0] n:   5 pts:   2560 pts_time:0.2     pos:   586053 fmt:yuv420p sar:1/1 s:1920x1080 i:P iskey:0 type:B checksum:ADDCA6DB plane_checksum:[DE2D5157 6F4919D5 C0D73BAF] mean:[126 127 126 ] stdev:[55.9 79.4 83.7 ]',
    '[Parsed_showinfo_0 @ 0x55d39a873d40] n:   5 pts:   2560 pts_time:0.2     pos:   586053 fmt:yuv420p sar:1/1 s:1920x1080 i:P iskey:0 type:B checksum:ADDCA6DB plane_checksum:[DE2D5157 6F4919D5 C0D73BAF] mean:[126 127 126] stdev:[55.9 79.4 83.7]',
    '[Parsed_showinfo_0 @ 0x55d39a873d40] n:   5 pts:   2560 pts_time:0.2     duration:    512 duration_time:0.04    fmt:yuv420p cl:left sar:1/1 s:1920x1080 i:P iskey:0 type:B checksum:ADDCA6DB plane_checksum:[DE2D5157 6F4919D5 C0D73BAF] mean:[126 127 126] stdev:[55.9 79.4 83.7]',
  ])('a decoded frame: %s', (line) => {
    expect(parseShownFrame(line)).toEqual({
      pts: 2560,
      isKey: false,
      pixelFormat: 'yuv420p',
      width: 1920,
      height: 1080,
      checksum: 0xaddca6db,
    });
  });

  it('a frame without a time, and lines that are no frames', () => {
    const line =
      '[Parsed_showinfo_1 @ 0x1] n:   0 pts: NOPTS pts_time:NOPTS   pos:       -1 fmt:gray sar:0/1 s:64x48 i:P iskey:1 type:I checksum:00000001 plane_checksum:[00000001]';
    expect(parseShownFrame(line)).toMatchObject({ pts: null, isKey: true, checksum: 1 });
    expect(parseShownFrame('[Parsed_showinfo_0 @ 0x1] color_range:tv color_space:bt709')).toBeNull();
    expect(
      parseShownTimeBase('[Parsed_showinfo_0 @ 0x780b0c0] config in time_base: 1/12800, frame_rate: 25/1'),
    ).toEqual([1, 12_800]);
    expect(
      parseShownTimeBase('[Parsed_showinfo_0 @ 0x780b0c0] config out time_base: 0/0, frame_rate: 0/0'),
    ).toBeNull();
  });

  it('a packet', () => {
    expect(parsePacketLine('1024,512,K__')).toEqual({
      pts: 1024,
      duration: 512,
      isKey: true,
      discarded: false,
    });
    expect(parsePacketLine('-512,N/A,_D_')).toEqual({
      pts: -512,
      duration: null,
      isKey: false,
      discarded: true,
    });
    expect(parsePacketLine('N/A,1,__')).toMatchObject({ pts: null });
    expect(parsePacketLine('')).toBeNull();
  });
});
