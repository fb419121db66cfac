import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  frameHeaders,
  frameTimesAsBytes,
  FrameIndex,
  type FrameTimes,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { framesOn, goToPlace, placeToGo } from '../../renderer/state/case-player.ts';
import { Loop } from '../../renderer/state/loop.svelte.ts';
import { Player } from '../../renderer/state/player.svelte.ts';
import { Recordings } from '../../renderer/state/recordings.svelte.ts';
import { spansBetween } from '../../renderer/state/segment-spans.ts';
import { FakeWorkstation, fakeVideo, hashOf, id } from './fake-workstation.ts';

/** Three files of different rates: 2 s at 25 frames a second, 1 s of an uneven one, and 1 s at 50. */
const tables: Readonly<Record<string, FrameTimes>> = {
  a: steady(50, 25),
  b: { timeBase: [1, 1000], ticks: [0, 40, 90, 700, 710], endTicks: 1000 },
  c: steady(50, 50),
};

function steady(frames: number, rate: number): FrameTimes {
  const ticks = Array.from({ length: frames }, (_, index) => index);
  return { timeBase: [1, rate], ticks, endTicks: frames };
}

const seconds = { a: 2, b: 1, c: 1 };
const recording = (name: 'a' | 'b' | 'c', change: Partial<Video> = {}): Video => ({
  ...fakeVideo,
  id: id(name),
  displayName: `${name}.mp4`,
  fingerprint: name.repeat(64),
  frameCount: tables[name]!.ticks.length,
  durationSeconds: seconds[name],
  ...change,
});

let list: Video[];
let recordings: Recordings;
let player: Player;
const asked: string[] = [];
/** Recordings that were named as still being counted. */
const told: string[] = [];

const fetchMedia: typeof fetch = async (address) => {
  const [, kind, of, frame] = /\/media\/(frame-times|frames)\/([abc])(?:\/(\d+))?/.exec(
    address instanceof Request ? address.url : address.toString(),
  )!;
  if (kind === 'frame-times') return new Response(frameTimesAsBytes(tables[of!]!));
  asked.push(`${of}${frame}`);
  return new Response(new Uint8Array(3), {
    headers: {
      [frameHeaders.index]: frame!,
      [frameHeaders.hash]: hashOf(Number(frame)),
      [frameHeaders.width]: '1',
      [frameHeaders.height]: '1',
    },
  });
};

const open = (...videos: Video[]): void => {
  list = videos;
  const workstation = new FakeWorkstation();
  const opened = { ...workstation.open(), video: list[0]!, recordings: list };
  recordings = new Recordings(opened, { listRecordings: async () => ({ ok: true, value: list }) });
  player = new Player({
    ...{ fetchMedia, recordings, onShown: () => undefined },
    onCounted: (videoId) => told.push(videoId),
  });
};
const on = () => `${player.shown?.videoId}${player.shown?.location.index}`;
const frame = (videoId: string, index: number) => ({
  videoId: id<VideoId>(videoId),
  index: FrameIndex.parse(index),
});

beforeEach(() => {
  asked.length = 0;
  told.length = 0;
  open(recording('a'), recording('b', { start: { gapSeconds: 10 } }), recording('c'));
});
afterEach(() => player.dispose());

describe('a player over several recordings', () => {
  test('steps over a join to the very next frame, and back; picture and recording change together', async () => {
    await player.goToFrame(frame('a', 48));
    const seen: string[] = [];
    for (let step = 0; step < 8; step += 1) {
      await player.step(1);
      seen.push(on());
      expect(player.shown?.videoId).toBe(player.video.id);
    }
    expect(seen).toEqual(['a49', 'b0', 'b1', 'b2', 'b3', 'b4', 'c0', 'c1']);
    await player.step(-10);
    expect(on()).toBe('a46');
    await player.step(7);
    expect(on()).toBe('b3');
    await player.first();
    expect(on()).toBe('a0');
    await player.last();
    expect(on()).toBe('c49');
    await player.step(5);
    expect(on()).toBe('c49');
  });

  test('counts in the time of the case, over a gap: jumps pass over it, a click goes to its nearer end', async () => {
    expect(recordings.time.duration).toBe(14);
    await player.goToFrame(frame('b', 3));
    expect(player.seconds).toBeCloseTo(12.7);
    expect(player.ownSeconds).toBeCloseTo(0.7);
    await player.jump(-1);
    expect(on()).toBe('a49');
    await player.jump(1);
    expect(on()).toBe('b0');
    await player.seek(4);
    expect(on()).toBe('a49');
    await player.seek(11);
    expect(on()).toBe('b0');
    await player.seek(13.5);
    expect(on()).toBe('c25');
    await player.jump(-1);
    expect(on()).toBe('b2');
  });

  test('goes to a time as it is written, each of which names one frame', async () => {
    for (const [name, times] of Object.entries(tables)) {
      for (let index = 0; index < times.ticks.length; index += 1) {
        await player.goToFrame(frame(name, index));
        const code = recordings.timecodeOf(player.video.id, player.shown!.location.seconds);
        await player.goToFrame(frame('a', 0));
        await goToPlace(player, recordings, { timecode: code });
        expect(on()).toBe(`${name}${index}`);
      }
    }
    await goToPlace(player, recordings, { timecode: '0:15' });
    expect(player.fault).toMatchObject({ code: 'frame-out-of-range' });
  });

  test('passes over one that is away while stepping and jumping; gone to, it is on show without a frame', async () => {
    recordings.take({ ...recording('b', { start: { gapSeconds: 10 } }), availability: 'missing' });
    await player.goToFrame(frame('a', 49));
    await player.step(1);
    expect(on()).toBe('c0');
    await player.step(-1);
    expect(on()).toBe('a49');
    await player.jump(1);
    expect(on()).toBe('c0');
    await player.seek(12.4);
    expect([player.video.id, player.shown, player.ready]).toEqual(['b', null, false]);
    expect(player.seconds).toBeCloseTo(12.4);
    await player.step(1);
    expect(on()).toBe('c0');
    await player.goToFrame(frame('b', 2));
    await player.step(-1);
    expect(on()).toBe('a49');
    expect(asked.filter((name) => name.startsWith('b'))).toEqual([]);
  });

  test('says which recording is still being counted where a step would go into it, and goes once it is', async () => {
    const b = recording('b', { start: { gapSeconds: 10 } });
    recordings.take({ ...b, index: 'building', frameCount: null });
    await player.goToFrame(frame('a', 48));
    await player.step(1);
    expect([on(), player.heldUp.by, told]).toEqual(['a49', null, []]);
    for (const step of [
      () => player.step(1),
      () => player.step(10),
      () => player.last(),
      () => player.play(),
    ]) {
      await step();
      // Not over the one that is being counted, to frames that do not come next.
      expect([on(), player.heldUp.by, told.splice(0)]).toEqual(['a49', 'b', ['b']]);
    }
    await player.step(-1);
    expect([on(), player.heldUp.by]).toEqual(['a48', null]);
    await player.goToFrame(frame('c', 3));
    await player.step(-4);
    expect([on(), player.heldUp.by, told.splice(0)]).toEqual(['c0', 'b', ['b']]);
    recordings.take(b);
    await player.step(-1);
    expect([on(), player.heldUp.by, told]).toEqual(['b4', null, []]);
  });

  test('is found in the order that is recorded, whichever is on show', async () => {
    await player.goToFrame(frame('c', 25));
    list = [list[2]!, list[0]!, list[1]!];
    await recordings.readAgain();
    expect(on()).toBe('c25');
    expect(player.seconds).toBeCloseTo(0.5);
    expect(recordings.nameOf(player.video.id)).toBe('1 of 3: c.mp4');
    await player.step(100);
    expect(on()).toBe('b4');
    list = list.slice(0, 2);
    await recordings.readAgain();
    // One that was taken out stays on show, behind those of the case.
    expect([player.video.id, recordings.isInCase(player.video.id)]).toEqual(['b', false]);
  });

  test('has the newest state of each, also of one that became ready while they were read', async () => {
    const [a, b, c] = list as [Video, Video, Video];
    const added = recording('c', { index: 'building', frameCount: null });
    list = [a, b, added];
    const read = recordings.readAgain();
    list = [a, b, c];
    recordings.take(c);
    await read;
    expect(recordings.find(c.id)?.index).toBe('ready');
  });

  test('loops over a join', async () => {
    const loop = new Loop(
      () => player,
      () => null,
      (of, own) => recordings.secondsOf(of, own),
    );
    loop.setIn((await player.times.placeOf(40, id('a')))!);
    loop.setOut((await player.times.placeOf(1, id('b')))!);
    expect(loop.range).toMatchObject({ from: frame('a', 40), to: frame('b', 1) });
    expect(loop.range?.seconds.from).toBeCloseTo(1.6);
    expect(loop.range?.seconds.to).toBeCloseTo(12.09);
    loop.on = true;
    // The end of the first file is not that of the stretch.
    await player.goToFrame(frame('a', 49));
    expect(loop.ended()).toBe(false);
    loop.setOut((await player.times.placeOf(3, id('a')))!);
    expect(loop.in).toBeNull();
  });

  test('a stretch over a join is one span in each recording, none twice and none of one that is away', async () => {
    const place = async (of: string, index: number) => (await player.times.placeOf(index, id(of)))!;
    expect(spansBetween(recordings, await place('a', 40), await place('c', 3))).toEqual([
      { videoId: 'a', from: 40, to: 49 },
      { videoId: 'b', from: 0, to: 4 },
      { videoId: 'c', from: 0, to: 3 },
    ]);
    recordings.take({ ...list[1]!, availability: 'missing' });
    expect(spansBetween(recordings, await place('a', 40), await place('c', 3))).toHaveLength(2);
    expect(spansBetween(recordings, await place('c', 1), await place('c', 3))).toHaveLength(1);
  });

  test('every step forward is undone by one back, over any joins', () => {
    for (let by = 1; by < 60; by += 1) {
      for (let index = 0; index < 50; index += 7) {
        const from = { video: list[0]!, index };
        const to = framesOn(recordings, from, by);
        if (to.video.id === 'c' && to.index === 49) continue;
        expect(framesOn(recordings, to, -by)).toEqual(from);
      }
    }
    expect(placeToGo(recordings, 99)?.stretch.id).toBe('c');
  });
});
