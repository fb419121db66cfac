import { expect, it } from 'vitest';
import { frameTimesAsBytes, frameTimesFromBytes, locationOf } from '../../preload/contract/index.ts';

it('a table of times comes back from its bytes as it was, in 8 bytes a frame', () => {
  const ticks = Float64Array.from({ length: 540_000 }, (_, frame) => frame * 3600 + (frame % 7));
  for (const longestStep of [undefined, 900_000]) {
    const times = {
      timeBase: [1, 90_000] as const,
      ticks,
      endTicks: 540_000 * 3600,
      ...(longestStep === undefined ? {} : { longestStep }),
    };
    const bytes = frameTimesAsBytes({ ...times, timeBase: [1, 90_000] });
    expect(bytes.length).toBeLessThan(4_400_000);
    const back = frameTimesFromBytes(bytes.buffer);
    expect(back.longestStep).toBe(longestStep);
    expect(back.endTicks).toBe(times.endTicks);
    expect(Buffer.from(Float64Array.from(back.ticks).buffer).equals(Buffer.from(ticks.buffer))).toBe(true);
    expect(locationOf(back, 539_999)).toEqual(locationOf({ ...times, timeBase: [1, 90_000] }, 539_999));
  }
});

it('bytes of anything else are refused', () => {
  const bytes = frameTimesAsBytes({ timeBase: [1, 25], ticks: [0, 1], endTicks: 2 });
  for (const wrong of [
    bytes.slice(0, 20),
    bytes.slice(8),
    new Uint8Array(0),
    Uint8Array.from(bytes, (byte) => byte ^ 1),
  ]) {
    expect(() => frameTimesFromBytes(wrong.slice().buffer)).toThrow(/did not arrive whole/);
  }
});
