import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { planSegment } from '../../main/review/commands/segments.ts';
import { planTrack, type SeenFrame, type TrackState } from '../../main/review/commands/tracks.ts';
import type { OpenSession } from '../../preload/contract/index.ts';
import { Command, TrackCommand } from '../../preload/contract/commands.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { Segment } from '../../preload/contract/marks.ts';
import { FrameLocation } from '../../preload/contract/places.ts';
import type { Track } from '../../preload/contract/tracks.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, ScriptedEngine } from './helpers.ts';

const at = (index: number): FrameLocation =>
  FrameLocation.parse({ index, pts: index * 512, seconds: index / 25, timecode: '00:00:00.000' });

const by = { sessionId: 's1' as never, actor: ActorId.parse('anna'), now: 5 };
const hash = 'a'.repeat(64);

describe('a command on a box over frames', () => {
  const command = (given: object) => TrackCommand.parse(given);
  const seen = (index: number, rest: Partial<SeenFrame> = {}): SeenFrame => ({
    ...{ videoId: 'v1' as never, location: at(index), hash, eye: null, picture: { width: 640, height: 480 } },
    ...rest,
  });
  const segment = planSegment(
    { ...by, segments: [], newId: 'g1' as never, stretch: { from: at(10), to: at(80), endSeconds: 3.24 } },
    {
      name: 'segment.add',
      videoId: 'v1' as never,
      from: 10 as FrameIndex,
      to: 80 as FrameIndex,
      title: 'Suture',
    },
  )[0]?.after as Segment;
  const state = (tracks: Track[], frame: SeenFrame | null): TrackState => ({
    ...{ ...by, tracks, segments: [segment], stretch: null, seen: frame },
    newId: { track: `t${tracks.length}` as never, segment: 'g2' as never },
  });
  const frame = (index: number) => ({ videoId: 'v1', frameIndex: index, frameHash: hash });
  const added = (index = 20, box = [10, 10, 60, 50], rest: Partial<SeenFrame> = {}): Track =>
    planTrack(
      state([], seen(index, rest)),
      command({ name: 'track.add', ...frame(index), label: ' needle\n', box, within: { segmentId: 'g1' } }),
    ).at(-1)?.after as Track;
  const set = (track: Track, index: number, box: number[] | null, rest: Partial<SeenFrame> = {}): Track =>
    planTrack(
      state([track], seen(index, rest)),
      command({ name: 'track.set-key-frame', trackId: track.id, ...frame(index), box }),
    )[0]?.after as Track;
  const indices = ({ keyFrames }: Track) => keyFrames.map(({ location }) => location.index);

  it('begins it on a frame, sets and replaces key frames in their order, and says from where on it is not visible', () => {
    let track = added();
    expect(track).toMatchObject({ label: 'needle', segmentId: 'g1', picture: { width: 640, height: 480 } });
    track = set(track, 60, [110, 10, 160, 50]);
    track = set(track, 40, null);
    expect(indices(track)).toEqual([20, 40, 60]);
    // Where it went out of sight is where it would have been on its way.
    expect(track.keyFrames[1]).toMatchObject({ isVisible: false });
    track.keyFrames[1]!.box.forEach((edge, side) => expect(edge).toBeCloseTo([60, 10, 110, 50][side]!));
    track = set(track, 40, [0, 0, 5, 5]);
    expect(track.keyFrames[1]).toMatchObject({ isVisible: true, box: [0, 0, 5, 5] });
  });

  it('makes a segment of its label between two frames in the same step', () => {
    const within = { from: 100, to: 120 };
    const stretch = { from: at(100), to: at(120), endSeconds: 4.84 };
    const edits = planTrack(
      { ...state([], seen(110)), stretch },
      command({ name: 'track.add', ...frame(110), label: 'clip', box: [1, 1, 9, 9], within }),
    );
    expect(edits.map(({ entity }) => entity)).toEqual(['segment', 'track']);
    expect(edits[0]?.after).toMatchObject({ name: 'clip', span: { from: 100, to: 120 } });
    expect(edits[1]?.after).toMatchObject({ segmentId: 'g2' });
  });

  it('moves and removes key frames; with the last one that is seen goes the box', () => {
    const track = set(set(added(), 60, [110, 10, 160, 50]), 40, null);
    const planned = (given: object, index?: number) =>
      planTrack(
        state([track], index === undefined ? null : seen(index)),
        command({ trackId: track.id, ...given }),
      )[0]?.after as Track | null;
    const move = (from: number, to: number) =>
      planned({ name: 'track.move-key-frame', from, ...frame(to) }, to);
    expect(indices(move(60, 70)!)).toEqual([20, 40, 70]);
    expect(() => move(60, 40)).toThrow(/has a key frame on frame 40 already/);
    expect(() => move(20, 50)).toThrow(/out of sight before it is first seen/);
    expect(() => move(61, 70)).toThrow(/no key frame on frame 61/);
    const remove = (frameIndex: number) => planned({ name: 'track.remove-key-frame', frameIndex });
    expect(indices(remove(60)!)).toEqual([20, 40]);
    // What comes before it is first seen says nothing.
    expect(indices(remove(20)!)).toEqual([60]);
    const one = added();
    const last = { name: 'track.remove-key-frame', trackId: one.id, frameIndex: 20 };
    expect(planTrack(state([one], null), command(last))[0]?.after).toBeNull();
  });

  it('refuses a box of one pixel or outside, another recording, eye, size, a frame outside, and no label', () => {
    const track = added();
    expect(() => set(track, 30, [10, 10, 11, 11])).toThrow(/2 pixels wide and high at least/);
    expect(() => set(track, 30, [10, 10, 641, 20])).toThrow(/reaches out of the frame, which is 640 × 480/);
    expect(() => set(track, 30, [Number.NaN, 0, 1, 1])).toThrow();
    expect(() => set(track, 30, [1, 1, 9, 9], { videoId: 'v2' as never })).toThrow(/another recording/);
    expect(() => set(track, 81, [1, 1, 9, 9])).toThrow(/outside the segment “Suture”, frames 10 to 80/);
    const eye = { layout: 'side-by-side', eye: 'left', squeezed: false } as const;
    expect(() => set(track, 30, [1, 1, 9, 9], { eye })).toThrow(
      /lie in another picture.*whole picture.*left eye/,
    );
    const picture = { width: 320, height: 240 };
    expect(() => set(track, 30, [1, 1, 9, 9], { picture })).toThrow(/320 × 240.*640 × 480/);
    expect(() => set(track, 20, null)).toThrow(/first seen on frame 20/);
    const unnamed = {
      name: 'track.add',
      ...frame(20),
      label: ' ',
      box: [1, 1, 9, 9],
      within: { segmentId: 'g1' },
    };
    expect(() => planTrack(state([], seen(20)), command(unnamed))).toThrow(/needs a label/);
    const nowhere = { ...unnamed, label: 'x', within: { segmentId: 'g9' } };
    expect(() => planTrack(state([], seen(20)), command(nowhere))).toThrow(/segment of this box was deleted/);
  });
});

describe('boxes over frames in a session', () => {
  const clips = new ClipFolder();
  let clip = '';
  let bench: Bench;
  let opened: OpenSession;
  beforeAll(async () => {
    clip = await clips.make('a', { frames: 12, extension: 'mp4', output: x264 });
  });
  afterAll(() => clips.remove());
  beforeEach(async () => {
    bench = new Bench(new ScriptedEngine());
    opened = await bench.open(clip);
  });
  afterEach(() => bench.remove());

  const apply = (given: object) =>
    bench.calls.apply({ sessionId: opened.session.id, command: Command.parse(given) });
  const marks = async () => (await bench.calls.openSession({ sessionId: opened.session.id })).marks;
  const frame = async (index: number) => {
    const frameHash = await bench.hash(opened.video.id, index);
    return { videoId: opened.video.id, frameIndex: index, frameHash };
  };

  it('are kept with the hash of the pixels seen, over restarts, undone, and gone and back with their segment', async () => {
    const sessionId = opened.session.id;
    const within = { from: 2, to: 10 };
    await apply({ name: 'track.add', ...(await frame(3)), label: 'needle', box: [4, 4, 20, 20], within });
    const [track] = (await marks()).tracks;
    await apply({
      name: 'track.set-key-frame',
      trackId: track!.id,
      ...(await frame(9)),
      box: [8, 8, 24, 24],
    });
    await bench.restart();
    const before = await marks();
    expect(before.tracks[0]?.keyFrames.map(({ location, hash: seen }) => [location.index, seen])).toEqual([
      [3, (await frame(3)).frameHash],
      [9, (await frame(9)).frameHash],
    ]);
    expect(before.segments).toMatchObject([{ name: 'needle', span: within }]);
    const { groups } = await bench.calls.find({ query: 'label:needle', kind: 'track' });
    expect(groups[0]?.list).toMatchObject([{ kind: 'track', id: track!.id, frameIndex: 3 }]);
    await apply({ name: 'segment.delete', segmentId: before.segments[0]!.id });
    expect(await marks()).toEqual({ bookmarks: [], segments: [], tracks: [] });
    await bench.calls.undo({ sessionId });
    expect(await marks()).toEqual(before);
    expect(await bench.calls.getUndoable({ sessionId })).toMatchObject({ undo: 'Key frame: “needle”' });
    for (let step = 0; step < 2; step += 1) await bench.calls.undo({ sessionId });
    expect(await marks()).toEqual({ bookmarks: [], segments: [], tracks: [] });
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('keep their key frames where their segment is made shorter, and are refused on another picture', async () => {
    const seen = await frame(8);
    await apply({
      ...{ name: 'track.add', ...seen, label: 'needle', box: [4, 4, 20, 20], within: { from: 2, to: 10 } },
    });
    const { tracks, segments } = await marks();
    await apply({ name: 'segment.move', segmentId: segments[0]!.id, from: 2, to: 5 });
    expect((await marks()).tracks).toEqual(tracks);
    const elsewhere = { name: 'track.set-key-frame', trackId: tracks[0]!.id, box: [1, 1, 9, 9] };
    await expect(apply({ ...elsewhere, ...seen })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(apply({ ...elsewhere, ...seen, frameIndex: 4 })).rejects.toMatchObject({
      code: 'frame-mismatch',
    });
  });
});
