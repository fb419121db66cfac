import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FrameIndex } from '../../preload/contract/index.ts';
import { opaque } from '../../renderer/state/frames.ts';
import { Player } from '../../renderer/state/player.svelte.ts';
import { onlyRecording } from '../../renderer/state/recordings.svelte.ts';
import { FakeWorkstation, hashOf } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

let workstation: FakeWorkstation;
let pixels: FramePixels;
let shown: number[];
let player: Player;

beforeEach(() => {
  workstation = new FakeWorkstation();
  pixels = new FramePixels();
  shown = [];
  player = new Player({
    fetchMedia: pixels.fetch,
    recordings: onlyRecording(() => workstation.video),
    onShown: (index) => shown.push(index),
  });
});

afterEach(() => {
  player.dispose();
  vi.useRealTimers();
});

test('makes RGB24 opaque, channel by channel', () => {
  expect([...opaque(Uint8Array.from([1, 2, 3, 250, 251, 252]))]).toEqual([1, 2, 3, 255, 250, 251, 252, 255]);
});

describe('one frame', () => {
  test('comes with its own pixels, place and hash', async () => {
    await player.showIndex(168);
    expect(player.shown?.location).toMatchObject({ index: 168, pts: 86_016, timecode: '00:00:06.720' });
    expect(player.shown?.pixels[0]).toBe(168);
    expect(player.shown?.hash).toBe(hashOf(168));
  });

  test('stays on screen until the next one is there', async () => {
    await player.showIndex(10);
    pixels.hold = true;
    const next = player.showIndex(11);
    await vi.waitFor(() => expect(pixels.asked).toContain(11));
    expect(player.shown?.location.index).toBe(10);
    expect(player.pending).toBe(11);
    pixels.letGo(11);
    await next;
    expect(player.shown?.location.index).toBe(11);
    expect(player.pending).toBeNull();
  });

  test('gives way to the latest request, whatever order the answers come in', async () => {
    pixels.hold = true;
    const first = player.showIndex(20);
    await vi.waitFor(() => expect(pixels.asked).toContain(20));
    const second = player.showIndex(30);
    await vi.waitFor(() => expect(pixels.asked).toContain(30));
    pixels.letGo(30);
    await second;
    pixels.letGo(20);
    await first;
    expect(pixels.aborted).toContain(20);
    expect(player.shown?.location.index).toBe(30);
    expect(shown).toEqual([30]);
    expect(player.fault).toBeNull();
  });

  test('is kept: coming back asks for no pixels', async () => {
    await player.showIndex(5);
    await player.showIndex(6);
    const asked = pixels.asked.length;
    await player.showIndex(5);
    expect(pixels.asked.length).toBe(asked);
    expect(player.shown?.location.index).toBe(5);
  });

  test('that cannot be had says why and leaves the one before', async () => {
    await player.showIndex(5);
    const error = { code: 'ffmpeg-failed', message: 'ffmpeg ended early.', hint: 'Step once more.' };
    pixels.failing.set(6, { status: 500, body: { ok: false, error } });
    await player.showIndex(6);
    expect(player.fault).toEqual(error);
    expect(player.shown?.location.index).toBe(5);
    pixels.failing.clear();
    await player.showIndex(6);
    expect(player.fault).toBeNull();
    expect(player.shown?.location.index).toBe(6);
  });

  test('is one request: where it is, the window knows from the times that it fetched once', async () => {
    await player.showIndex(10);
    await player.step(1);
    await player.show({ seconds: 6.7 });
    await player.goTo({ timecode: '00:00:04.000' });
    expect(pixels.timesAsked).toBe(1);
    expect(workstation.logged('locate')).toEqual([]);
    expect(pixels.asked.filter((index) => [10, 11, 167, 100].includes(index))).toEqual([10, 11, 167, 100]);
  });

  test('is not shown where its times could not be had, and is once they can', async () => {
    pixels.failingTimes = true;
    await player.showIndex(10);
    expect(player.fault?.code).toBe('unavailable');
    pixels.failingTimes = false;
    await player.showIndex(11);
    expect(player.shown?.location.index).toBe(11);
  });

  test('of frames that were counted anew has their new times', async () => {
    await player.showIndex(10);
    workstation.video = { ...workstation.video, frameCount: 351 };
    await player.showIndex(11);
    expect(pixels.timesAsked).toBe(2);
  });

  test('of a time is the one that holds it', async () => {
    await player.show({ seconds: 6.7399 });
    expect(player.shown?.location.index).toBe(168);
    await player.goTo({ timecode: '00:00:04.000' });
    expect(player.shown?.location.index).toBe(100);
  });
});

describe('a place by its time', () => {
  test('that is found after another was wanted changes nothing', async () => {
    pixels.holdTimes = true;
    const first = player.show({ seconds: 4 });
    await vi.waitFor(() => expect(pixels.timesAsked).toBe(1));
    pixels.hold = true;
    const second = player.showIndex(50);
    await vi.waitFor(() => expect(pixels.asked).toContain(50));
    pixels.letTimesGo();
    await new Promise((resolve) => setTimeout(resolve, 20));
    // What is wanted is still frame 50: steps count from there, and nothing else is fetched.
    expect(player.index).toBe(50);
    expect(player.pending).toBe(50);
    expect(pixels.asked).not.toContain(100);
    pixels.letGo(50);
    await Promise.all([first, second]);
    expect(player.shown?.location.index).toBe(50);
  });
});

describe('moving', () => {
  test('steps from what was asked for last, not from what is still on screen', async () => {
    await player.showIndex(10);
    pixels.hold = true;
    const steps = [player.step(1), player.step(1), player.step(1)];
    await vi.waitFor(() => expect(pixels.asked).toContain(13));
    pixels.letGo(13);
    pixels.hold = false;
    await steps[2];
    expect(player.shown?.location.index).toBe(13);
    for (const index of [11, 12]) pixels.letGo(index);
    await Promise.all(steps);
    expect(player.shown?.location.index).toBe(13);
  });

  test('stops at both ends', async () => {
    await player.showIndex(3);
    await player.step(-10);
    expect(player.shown?.location.index).toBe(0);
    await player.last();
    await player.step(1);
    expect(player.shown?.location.index).toBe(349);
    expect(player.fault).toBeNull();
  });

  test('jumps by seconds within the video', async () => {
    await player.showIndex(100);
    await player.jump(1);
    expect(player.shown?.location.index).toBe(125);
    await player.jump(-10);
    expect(player.shown?.location.index).toBe(0);
    await player.jump(100);
    expect(player.shown?.location.index).toBe(349);
  });

  test('goes on while a key is held, every frame shown, and ends when it is let go', async () => {
    await player.showIndex(10);
    shown.length = 0;
    const run = player.beginRun(1);
    await vi.waitFor(() => expect(shown.length).toBeGreaterThan(4), { timeout: 5000 });
    player.endRun();
    await run;
    expect(shown).toEqual(shown.map((_, position) => 11 + position));
    const count = shown.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(shown.length).toBe(count);
    expect(player.running).toBe(0);
  });

  test('a short press of a key is one step', async () => {
    await player.showIndex(10);
    const run = player.beginRun(1);
    player.endRun();
    await run;
    expect(player.shown?.location.index).toBe(11);
  });

  test('plays backwards at the pace of the clock, every frame of it, and twice as fast each time', async () => {
    vi.useFakeTimers();
    await player.showIndex(200);
    shown.length = 0;
    const playing = player.reverse();
    await vi.advanceTimersByTimeAsync(2000);
    expect(player.rate).toBe(-1);
    expect(Math.abs(player.index - 150)).toBeLessThanOrEqual(2);
    expect(shown).toEqual(shown.map((_, position) => 199 - position));

    const from = player.index;
    shown.length = 0;
    const faster = player.reverse();
    await vi.advanceTimersByTimeAsync(1000);
    await playing;
    expect(player.rate).toBe(-2);
    expect(Math.abs(player.index - (from - 50))).toBeLessThanOrEqual(4);
    expect(shown).toEqual(shown.map((_, position) => from - 2 * (position + 1)));

    void player.reverse();
    await vi.advanceTimersByTimeAsync(0);
    void player.reverse();
    await vi.advanceTimersByTimeAsync(0);
    void player.reverse();
    await vi.advanceTimersByTimeAsync(0);
    expect(player.rate).toBe(-8);
    await player.pause();
    const stopped = player.index;
    await vi.advanceTimersByTimeAsync(500);
    await faster;
    expect(player.index).toBe(stopped);
    expect([player.running, player.rate]).toEqual([0, 1]);
  });

  test('plays backwards no slower where frames come late: it leaves some out, and ends at the first', async () => {
    vi.useFakeTimers();
    await player.showIndex(60);
    pixels.delay = 170;
    shown.length = 0;
    const playing = player.reverse();
    await vi.advanceTimersByTimeAsync(1200);
    // Behind by what one frame takes to come, and no more.
    expect(player.index).toBeLessThanOrEqual(60 - 30 + 6);
    expect(shown.length).toBeLessThan(10);
    await vi.advanceTimersByTimeAsync(2500);
    await playing;
    expect(player.shown?.location.index).toBe(0);
    expect(player.running).toBe(0);
  });

  test('prefetches the frame that the next step would show', async () => {
    await player.showIndex(10);
    await player.step(-1);
    await vi.waitFor(() => expect(pixels.asked).toContain(8));
  });

  test('does nothing before the index is ready', async () => {
    workstation.video = { ...workstation.video, index: 'building', frameCount: null };
    await player.step(1);
    expect(pixels.asked).toEqual([]);
    expect(player.ready).toBe(false);
  });
});

test('a frame index out of range is kept within the video', async () => {
  await player.showIndex(9999);
  expect(player.shown?.location.index).toBe(349);
  await player.show({ index: FrameIndex.parse(9999) });
  expect(player.fault?.code).toBe('frame-out-of-range');
});
