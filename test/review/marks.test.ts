import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { planBookmark } from '../../main/review/commands/bookmarks.ts';
import { planSegment, type SegmentState } from '../../main/review/commands/segments.ts';
import { inContext, type OpenSession } from '../../preload/contract/index.ts';
import { BookmarkCommand, Command, SegmentCommand } from '../../preload/contract/commands.ts';
import { ActorId } from '../../preload/contract/context.ts';
import { mostMarks, SegmentLook, type Bookmark, type Segment } from '../../preload/contract/marks.ts';
import { FrameLocation } from '../../preload/contract/places.ts';
import { testContext } from '../context.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, ScriptedEngine } from './helpers.ts';

const at = (index: number): FrameLocation =>
  FrameLocation.parse({ index, pts: index * 512, seconds: index / 25, timecode: '00:00:00.000' });

const by = { sessionId: 's1' as never, actor: ActorId.parse('anna'), now: 5 };

describe('a command on a bookmark', () => {
  const command = (given: object) => BookmarkCommand.parse(given);
  const add = (rest: object = {}) => command({ name: 'bookmark.add', videoId: 'v1', frameIndex: 7, ...rest });
  const fresh = { id: 'b1' as never, location: at(7) };
  const made = (rest: object = {}, count = 0): Bookmark =>
    planBookmark({ ...by, count, bookmark: null, fresh }, add(rest))[0]?.after as Bookmark;

  it('sets it on a frame, with a name in one line and a note', () => {
    expect(made()).toMatchObject({ videoId: 'v1', location: { index: 7, pts: 3584 }, name: '', note: '' });
    expect(made({ title: ' Clip\n applied ', note: ' Two\nlines ' })).toMatchObject({
      ...{ name: 'Clip applied', note: 'Two\nlines' },
    });
  });

  it('changes what is named and nothing else', () => {
    const bookmark = made({ title: 'One', note: 'Two' });
    const state = { ...by, count: 1, bookmark, fresh: null };
    const edited = (rest: object) =>
      planBookmark(state, command({ name: 'bookmark.edit', bookmarkId: 'b1', ...rest }))[0]?.after;
    expect(edited({ title: '' })).toEqual({ ...bookmark, name: '' });
    expect(edited({ note: 'Three' })).toEqual({ ...bookmark, note: 'Three' });
  });

  it('refuses what is too long, one too many, and one that is gone', () => {
    expect(made({ title: 'x'.repeat(200) }).name).toHaveLength(200);
    expect(() => made({ title: 'x'.repeat(201) })).toThrow(/200 characters at most.*201/);
    expect(() => made({ note: 'x'.repeat(4001) })).toThrow(/4000 characters at most/);
    expect(() => made({}, mostMarks)).toThrow(/5000 bookmarks/);
    const gone = command({ name: 'bookmark.delete', bookmarkId: 'b2' });
    expect(() => planBookmark({ ...by, count: 0, bookmark: null, fresh: null }, gone)).toThrow(/deleted/);
    expect(Command.safeParse({ ...add(), frameIndex: -1 }).success).toBe(false);
    expect(Command.safeParse({ ...add(), title: 'x'.repeat(30_000) }).success).toBe(false);
  });
});

describe('a command on a segment', () => {
  const command = (given: object) => SegmentCommand.parse(given);
  const state = (segments: Segment[], from = 10, to = 20): SegmentState => ({
    ...{ ...by, segments, newId: `g${segments.length}` as never },
    stretch: { from: at(from), to: at(to), endSeconds: (to + 1) / 25 },
  });
  const add = (title: string, from: number, to: number, rest: object = {}) =>
    command({ name: 'segment.add', videoId: 'v1', from, to, title, ...rest });
  const added = (segments: Segment[], title: string, from = 10, to = 20, rest: object = {}): Segment =>
    planSegment(state(segments, from, to), add(title, from, to, rest))[0]?.after as Segment;
  const moved = (segments: Segment[], from: number, to: number) =>
    planSegment(state(segments, from, to), command({ name: 'segment.move', segmentId: 'g0', from, to }))[0]
      ?.after as Segment;

  it('names a stretch of frames, both of its edges among it', () => {
    expect(added([], ' Hilar\ndissection ')).toMatchObject({
      span: { videoId: 'v1', from: 10, to: 20 },
      seconds: { from: 0.4, to: 0.84 },
      ...{ name: 'Hilar dissection', look: 'teal', tags: [], note: '' },
    });
    expect(added([], 'One frame', 10, 10).seconds).toEqual({ from: 0.4, to: 0.44 });
  });

  it('gives each name a look of its own, as long as there are any', () => {
    const segments: Segment[] = [];
    for (const look of SegmentLook.options) {
      const next = added(segments, look, 10, 20);
      expect(next.look).toBe(look);
      segments.push(next);
    }
    expect(added(segments, 'AMBER', 30, 40).look).toBe('amber');
    expect(added(segments, 'another', 30, 40, { look: 'red' }).look).toBe('red');
  });

  it('may lie within another, and may not overlap one of its own name', () => {
    const phase = added([], 'Mobilisation', 0, 100);
    const step = added([phase], 'Ureter', 10, 20);
    expect(() => added([phase, step], ' mobilisation', 100, 120)).toThrow(
      /“Mobilisation” is there already from frame 0 to 100/,
    );
    const later = added([phase, step], 'Mobilisation', 101, 120);
    expect(later.span.from).toBe(101);
    expect(() =>
      moved(
        [
          { ...later, id: 'g0' as never },
          { ...phase, id: 'g9' as never },
        ],
        90,
        120,
      ),
    ).toThrow(/can’t overlap/);
  });

  it('is moved edge by edge, and never ends before it begins', () => {
    const segment = added([], 'Suture');
    expect(moved([segment], 15, 20)).toEqual({
      ...segment,
      span: { ...segment.span, from: 15 },
      seconds: { from: 0.6, to: 0.84 },
    });
    expect(() => moved([segment], 21, 20)).toThrow(/would end, at frame 20, before it begins, at frame 21/);
  });

  it('refuses no name, a long one, and tags without end', () => {
    expect(() => added([], '  \n ')).toThrow(/needs a name/);
    expect(() => added([], 'x'.repeat(201))).toThrow(/200 characters at most/);
    expect(added([], 'a', 1, 2, { tags: [' b ', 'B', '', 'c'] }).tags).toEqual(['b', 'c']);
    expect(() => added([], 'a', 1, 2, { tags: ['x'.repeat(41)] })).toThrow(/tag has 40 characters/);
    const many = Array.from({ length: 13 }, (_, index) => `t${index}`);
    expect(() => added([], 'a', 1, 2, { tags: many })).toThrow(/12 tags at most/);
  });
});

describe('marks in a session', () => {
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

  const apply = (given: object, groupId?: string) =>
    bench.calls.apply({
      ...{ sessionId: opened.session.id, command: Command.parse(given) },
      ...(groupId !== undefined && { groupId: groupId as never }),
    });
  const marks = async () => (await bench.calls.openSession({ sessionId: opened.session.id })).marks;

  it('hang on their frame, are told, and are undone and done again over restarts', async () => {
    const sessionId = opened.session.id;
    const videoId = opened.video.id;
    const told = bench.next('changes', ({ changes }) => changes[0]?.command === 'bookmark.add');
    await apply({ name: 'bookmark.add', videoId, frameIndex: 7, title: 'Clip' });
    const [first] = (await marks()).bookmarks;
    expect(first).toMatchObject({
      location: await bench.calls.locate({ videoId, at: { index: 7 as never } }),
    });
    expect((await told).changes[0]?.edits).toEqual([
      { entity: 'bookmark', id: first?.id, before: null, after: first },
    ]);
    await apply({ name: 'segment.add', videoId, from: 2, to: 11, title: 'Suture', tags: ['one', 'two'] });
    const { seconds, tags } = (await marks()).segments[0]!;
    // The last frame of all ends with the video.
    expect(seconds.to).toBeCloseTo(opened.video.durationSeconds!, 6);
    expect(tags).toEqual(['one', 'two']);
    await bench.restart();
    expect(await bench.calls.getUndoable({ sessionId })).toEqual({ undo: 'Segment: “Suture”', redo: null });
    const before = await marks();
    await bench.calls.undo({ sessionId });
    await bench.calls.undo({ sessionId });
    expect(await marks()).toEqual({ bookmarks: [], segments: [], tracks: [] });
    await bench.restart();
    for (let step = 0; step < 2; step += 1) await bench.calls.redo({ sessionId });
    expect(await marks()).toEqual(before);
    expect(await bench.calls.checkRecord({ sinceLast: false })).toMatchObject({ ok: true });
  });

  it('moves of one drag are undone as one, and nothing is recorded where all is so already', async () => {
    const sessionId = opened.session.id;
    const videoId = opened.video.id;
    await apply({ name: 'segment.add', videoId, from: 2, to: 4, title: 'Suture' });
    const segmentId = (await marks()).segments[0]!.id;
    for (const to of [5, 6, 7]) await apply({ name: 'segment.move', segmentId, from: 2, to }, 'drag-1');
    expect(await apply({ name: 'segment.move', segmentId, from: 2, to: 7 })).toEqual({ change: null });
    await bench.calls.undo({ sessionId });
    expect((await marks()).segments[0]?.span).toMatchObject({ from: 2, to: 4 });
  });

  it('are refused where the frame is not there, or the recording is another case’s', async () => {
    const videoId = opened.video.id;
    await expect(apply({ name: 'bookmark.add', videoId, frameIndex: 12 })).rejects.toMatchObject({
      code: 'frame-out-of-range',
    });
    await expect(apply({ name: 'segment.add', videoId, from: 3, to: 99, title: 'x' })).rejects.toMatchObject({
      code: 'frame-out-of-range',
    });
    const other = await bench.open(await clips.make('b', { frames: 5, extension: 'mp4', output: x264 }));
    await expect(
      apply({ name: 'bookmark.add', videoId: other.video.id, frameIndex: 1 }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await marks()).toEqual({ bookmarks: [], segments: [], tracks: [] });
  });

  it('one that two people change is changed by the one who was first', async () => {
    const videoId = opened.video.id;
    await apply({ name: 'bookmark.add', videoId, frameIndex: 1, title: 'Mine' });
    const bookmarkId = (await marks()).bookmarks[0]!.id;
    const bert = inContext(bench.review.calls, testContext({ actor: ActorId.parse('bert') }));
    const sessionId = opened.session.id;
    await bert.apply({ sessionId, command: { name: 'bookmark.edit', bookmarkId, note: 'His' } });
    await expect(bench.calls.undo({ sessionId })).rejects.toMatchObject({ code: 'changed-since' });
    expect((await marks()).bookmarks).toMatchObject([{ name: 'Mine', note: 'His' }]);
  });

  it('a session in which something was marked is not taken for an empty one', async () => {
    await apply({ name: 'bookmark.add', videoId: opened.video.id, frameIndex: 1 });
    const again = await bench.calls.startSession({ videoId: opened.video.id });
    expect(again.session.number).toBe(opened.session.number + 1);
    expect(again.marks.bookmarks).toEqual([]);
  });
});
