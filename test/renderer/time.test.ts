// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  caseTimeOf,
  frameAtSeconds,
  FrameIndex,
  secondsOfFrame,
  type Bookmark,
  type FrameTimes,
  type Segment,
} from '../../preload/contract/index.ts';
import Timeline from '../../renderer/components/Timeline.svelte';
import { TimeView } from '../../renderer/state/time-view.svelte.ts';
import { Workstation } from '../../renderer/state/workstation.svelte.ts';
import { countsAlong, laneMarks, placed } from '../../renderer/view/lane-marks.ts';
import { rulerTicks } from '../../renderer/view/ruler.ts';
import { segmentBars, segmentRows } from '../../renderer/view/segments.ts';
import { heldRange, movedRange, rangeAround, zoomedRange } from '../../renderer/view/time-range.ts';
import { joinMarks, thumbnailsFor } from '../../renderer/view/timeline.ts';
import { FakeWorkstation, fakeVideo, locationOf, now } from './fake-workstation.ts';
import { FramePixels } from './pixels.ts';

/** Ten frames of which one lasts 8 s, as recorders write them that leave out what does not change. */
const uneven: FrameTimes = {
  timeBase: [1, 1000],
  ticks: [0, 40, 80, 8080, 8120, 8160, 8200, 8240, 8280, 8320],
  endTicks: 8360,
};

describe('a range of time', () => {
  const limits = { duration: 21_600, least: 0.2 };

  test('zooms so that the time under the pointer stays there, from six hours to single frames', () => {
    let range = { from: 0, to: 21_600 };
    for (let notch = 0; notch < 200; notch += 1) {
      const part = (7000 - range.from) / (range.to - range.from);
      range = zoomedRange(range, 1.2, 7000, limits);
      expect((7000 - range.from) / (range.to - range.from)).toBeCloseTo(part, 6);
    }
    expect(range.to - range.from).toBeCloseTo(0.2);
    for (let notch = 0; notch < 200; notch += 1) range = zoomedRange(range, 1 / 1.2, 7000, limits);
    expect(range).toEqual({ from: 0, to: 21_600 });
  });

  test('keeps its length while it is moved, also against the ends', () => {
    let range = { from: 100.1, to: 107.3 };
    for (let step = 0; step < 5000; step += 1) range = movedRange(range, -0.037, limits);
    expect(range.from).toBe(0);
    expect(range.to).toBeCloseTo(7.2, 9);
    expect(movedRange(range, 1e9, limits).to).toBe(21_600);
  });

  test('of a recording of one frame, or of none yet, is all of it', () => {
    expect(zoomedRange({ from: 0, to: 0.04 }, 8, 0.02, { duration: 0.04, least: 0.24 })).toEqual({
      from: 0,
      to: 0.04,
    });
    expect(heldRange({ from: 3, to: 5 }, { duration: 0, least: 0 })).toEqual({ from: 0, to: 0 });
  });

  test('takes a place in: what is played enters at a side, what is far away comes to the middle', () => {
    const range = { from: 100, to: 112 };
    expect(rangeAround(range, 112.04, 1, limits)).toEqual({ from: 111.04, to: 123.04 });
    expect(rangeAround(range, 99.96, -1, limits).to).toBeCloseTo(100.96);
    expect(rangeAround(range, 113, 0, limits).to).toBeCloseTo(114);
    expect(rangeAround(range, 500, 0, limits)).toEqual({ from: 494, to: 506 });
  });
});

describe('what the lanes show', () => {
  const video = (change: Partial<typeof fakeVideo> = {}) => {
    const one = { ...fakeVideo, ...change };
    return { video: one, caseTime: caseTimeOf([one]) };
  };

  test('is as little as six of the shortest frames, by the table of their times', () => {
    const time = new TimeView(video({ durationSeconds: 8.36, frameCount: 10 }));
    time.know(fakeVideo.id, uneven);
    time.zoom(1e9, 8.2);
    expect(time.range.to - time.range.from).toBeCloseTo(0.24);
  });

  test('is nothing to zoom before the frames are counted', () => {
    const time = new TimeView(video({ durationSeconds: null, frameCount: null }));
    time.zoomIn(0);
    time.move(5);
    time.follow({ seconds: 0, index: null, playing: 1 });
    expect(time.range).toEqual({ from: 0, to: 0 });
    expect(time.isWhole).toBe(true);
  });

  test('follows what is played, but not a person who looks elsewhere meanwhile', () => {
    const time = new TimeView(video({ durationSeconds: 100, frameCount: 2500 }));
    time.show({ from: 10, to: 20 });
    time.follow({ seconds: 19.9, index: null, playing: 1 });
    expect(time.range.from).toBe(10);
    time.follow({ seconds: 20.1, index: null, playing: 1 });
    expect(time.range.from).toBeCloseTo(20.1 - 10 / 12);
    time.show({ from: 60, to: 70 });
    time.lookAway(20.2);
    time.follow({ seconds: 20.3, index: null, playing: 1 });
    expect(time.range.from).toBe(60);
    // A place that is gone to is shown wherever one looked.
    time.follow({ seconds: 20.4, index: 510, playing: 0 });
    expect(time.range.from).toBeLessThan(20.4);
  });

  test('holds a frame that began before it and still lasts', () => {
    const time = new TimeView(video({ durationSeconds: 8.36, frameCount: 10 }));
    time.know(fakeVideo.id, uneven);
    time.show({ from: 2, to: 6 });
    time.follow({ seconds: 0.08, index: 2, playing: 0 });
    expect(time.range).toEqual({ from: 2, to: 6 });
    time.follow({ seconds: 0.04, index: 1, playing: 0 });
    expect(time.range.from).toBeLessThan(0.05);
  });
});

describe('the ruler', () => {
  const labels = (from: number, to: number, width = 1000, times: FrameTimes | null = null) =>
    rulerTicks({ from, to }, width, [{ offset: 0, times }]).flatMap(({ label }) => label ?? []);

  test('has round times, as many as can be read, whatever its range', () => {
    const hours = ['1:00:00', '2:00:00', '3:00:00', '4:00:00', '5:00:00', '6:00:00'];
    expect(labels(0, 21_600)).toEqual(['0:00', ...hours]);
    expect(labels(1600, 1690)).toEqual([
      '26:40',
      '26:50',
      '27:00',
      '27:10',
      '27:20',
      '27:30',
      '27:40',
      '27:50',
      '28:00',
      '28:10',
    ]);
    expect(labels(1602.9, 1603.9)).toContain('26:43.2');
    for (let length = 0.05; length < 100_000; length *= 1.3) {
      const ticks = rulerTicks({ from: 3, to: 3 + length }, 1200, []);
      expect(ticks.length).toBeLessThan(160);
      expect(ticks.filter(({ label }) => label !== null).length).toBeLessThan(17);
      expect(new Set(ticks.map(({ seconds }) => seconds)).size).toBe(ticks.length);
    }
  });

  test('has frames by number where each has room, exactly where they begin', () => {
    const ticks = rulerTicks({ from: 8.06, to: 8.3 }, 1000, [{ offset: 0, times: uneven }]);
    expect(ticks.map(({ label }) => label)).toEqual(['#2', '#3', '#4', '#5', '#6', '#7', '#8', '#9']);
    for (const { seconds, label } of ticks)
      expect(seconds).toBe(secondsOfFrame(uneven, Number(label!.slice(1))));
    expect(labels(0, 8.36, 60, uneven)[0]).toBe('0:00');
  });
});

describe('the marks of a lane', () => {
  const at = (...indexes: number[]) =>
    placed(
      indexes.map((index, asked) => ({ index, asked })),
      ({ index }) => index / 25,
    );
  const whole = { from: 0, to: 14 };
  const sizes = (width: number, members = at(0, 300, 100, 0, 101)): number[] =>
    laneMarks(members, whole, width).map(({ begin, end }) => end - begin);

  test('are one for each frame where they have room, and shared where they would lie on one another', () => {
    expect(sizes(0)).toEqual([2, 1, 1, 1]);
    expect(sizes(10_000)).toEqual([2, 1, 1, 1]);
    expect(sizes(1000)).toEqual([2, 2, 1]);
    expect(sizes(10)).toEqual([5]);
    expect(at(3, 1, 3).members.map(({ asked }) => asked)).toEqual([1, 0, 2]);
  });

  test('keep their counts apart, a thousand of one frame too', () => {
    const many = at(...Array.from({ length: 20_000 }, (_, place) => (place * 7) % 350));
    const marks = laneMarks(many, whole, 1000);
    expect(marks.reduce((sum, { begin, end }) => sum + end - begin, 0)).toBe(20_000);
    const gaps = marks.slice(1).map(({ left }, place) => (left - marks[place]!.left) * 1000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(44);
    expect(sizes(1000, at(...Array.from({ length: 1000 }, () => 77)))).toEqual([1000]);
  });

  test('are those in sight, grouped alike wherever the lane is moved to', () => {
    const many = at(...Array.from({ length: 4000 }, (_, place) => (place * place * 13) % 350));
    const groups = (from: number) =>
      laneMarks(many, { from, to: from + 2 }, 800).map(({ begin, end }) => `${begin} ${end}`);
    const all = new Set(
      laneMarks(many, { from: 0, to: 14 }, 5600).map(({ begin, end }) => `${begin} ${end}`),
    );
    for (let from = 0; from <= 12; from += 0.13) {
      const shown = groups(from);
      expect(shown.length).toBeLessThan(60);
      expect(shown.every((group) => all.has(group))).toBe(true);
    }
  });

  test('are counted along the overview, the ends too', () => {
    expect([...countsAlong(Float64Array.from([0, 6.9, 7, 14, 20]), 14, 2)]).toEqual([2, 3]);
    expect([...countsAlong(Float64Array.from([1]), 0, 3)]).toEqual([0, 0, 0]);
    expect(countsAlong(Float64Array.from([1]), 5, 0)).toHaveLength(0);
  });
});

describe('joins on the timeline', () => {
  const whole = { from: 0, to: 12 };
  const join = (index: number) => ({ index: FrameIndex.parse(index), seconds: index / 25 });

  test('stand where the clock of the file starts again, and say so', () => {
    expect(joinMarks([join(150)], whole, 1000)).toEqual([
      {
        left: 0.5,
        name: 'Join at 00:00:06.000, frame 150: the file’s own clock starts again or jumps here; the time shown goes on',
      },
    ]);
    expect(joinMarks([], whole, 1000)).toEqual([]);
  });

  test('are one mark where they would lie on one another', () => {
    const marks = joinMarks([join(30), join(31), join(32), join(150)], whole, 800);
    expect(marks.map(({ left }) => Math.round(left * 100))).toEqual([10, 50]);
    expect(marks[0]?.name).toMatch(/^3 joins from 00:00:01\.200, frame 30:/);
    expect(joinMarks([join(30), join(31)], { from: 0, to: 0 }, 0)).toHaveLength(1);
  });

  test('are those of the stretch on show', () => {
    expect(joinMarks([join(30), join(150)], { from: 5, to: 9 }, 800).map(({ left }) => left)).toEqual([0.25]);
  });
});

describe('thumbnails', () => {
  const of = { duration: 14, frameCount: 350, times: null };

  test('are of the frames in their middles, in the same places wherever the lane begins', () => {
    const pictures = thumbnailsFor({ from: 0, to: 14 }, 3.5, of);
    expect(pictures.map(({ seconds }) => seconds)).toEqual([0, 3.5, 7, 10.5]);
    expect(pictures.map(({ index }) => index)).toEqual([43, 131, 218, 306]);
    expect(thumbnailsFor({ from: 4, to: 8 }, 3.5, of)).toEqual(pictures.slice(1, 3));
  });

  test('go by the times of the frames, and never ask for one that is not there', () => {
    const uneventful = thumbnailsFor({ from: 0, to: 8.36 }, 1, {
      duration: 8.36,
      frameCount: 10,
      times: uneven,
    });
    expect(uneventful.map(({ index }) => index)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 9]);
    for (const frameCount of [1, 2, 7])
      for (const { index } of thumbnailsFor({ from: 0, to: 14 }, 0.3, { ...of, frameCount }))
        expect(index).toBeLessThan(frameCount);
    expect(thumbnailsFor({ from: 0, to: 0 }, 1, of)).toEqual([]);
    expect(thumbnailsFor({ from: 0, to: 14 }, 0, of)).toEqual([]);
    expect(thumbnailsFor({ from: 0, to: 14 }, 1, { ...of, frameCount: 0 })).toEqual([]);
  });
});

describe('the lane of segments', () => {
  const segment = (name: string, from: number, to: number): Segment => ({
    id: `${name}${from}` as Segment['id'],
    sessionId: 's' as Segment['sessionId'],
    span: { videoId: fakeVideo.id, from: FrameIndex.parse(from), to: FrameIndex.parse(to) },
    seconds: { from: from / 25, to: (to + 1) / 25 },
    name,
    note: '',
    tags: [],
    look: 'teal',
    actor: 'a' as Segment['actor'],
    createdAt: 0,
  });
  const rows = segmentRows(
    [segment('phase', 0, 299), segment('step', 50, 99), segment('step', 200, 249)],
    caseTimeOf([fakeVideo]),
  );

  test('keeps the row of each while it is zoomed, and cuts what reaches beyond it', () => {
    expect(rows.count).toBe(2);
    expect(segmentBars(rows, { from: 0, to: 14 }, 1000).map(({ row }) => row)).toEqual([0, 1, 1]);
    const closer = segmentBars(rows, { from: 8, to: 10 }, 1000);
    expect(closer.map(({ row, left, width }) => [row, left, width])).toEqual([
      [0, 0, 1],
      [1, 0, 1],
    ]);
    expect(segmentBars(rows, { from: 13, to: 14 }, 1000)).toEqual([]);
  });
});

describe('the timeline', () => {
  let fake: FakeWorkstation;
  let workstation: Workstation;
  const width = 1000;

  beforeEach(async () => {
    fake = new FakeWorkstation();
    workstation = new Workstation(
      { bridge: fake.bridge, onReach: () => () => undefined },
      new FramePixels().fetch,
      () => now,
    );
    // A page without a layout: the lanes are as wide as they would be.
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(width);
    vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockReturnValue(new DOMRect(0, 0, width, 100));
  });
  afterEach(() => {
    cleanup();
    workstation.dispose();
    vi.restoreAllMocks();
  });

  async function opened() {
    await workstation.start();
    const review = workstation.review!;
    render(Timeline, { review });
    await vi.waitFor(() => expect(review.player.shown).not.toBeNull());
    review.time.width = width;
    await vi.waitFor(() => expect(review.time.times).not.toBeNull());
    return review;
  }

  const overview = () => screen.getByRole('slider', { name: 'Time on show' });
  /** Events of the wheel have neither place nor keys in this DOM. */
  const wheel = (element: Element, how: { deltaY: number; ctrlKey: boolean }) =>
    fireEvent(
      element,
      Object.defineProperties(
        new WheelEvent('wheel', { bubbles: true, cancelable: true, deltaY: how.deltaY }),
        {
          clientX: { value: 250 },
          ctrlKey: { value: how.ctrlKey },
        },
      ),
    );
  const pointer = (element: Element, type: string, x: number) =>
    fireEvent(
      element,
      new PointerEvent(type, { clientX: x, button: 0, pointerId: 1, bubbles: true, cancelable: true }),
    );

  test('zooms at the pointer with Ctrl and the wheel, scrolls with the wheel, and is all shown again', async () => {
    const review = await opened();
    const track = document.querySelector('.track')!;
    // That the page is not zoomed instead is told by its answer.
    const zoomed = await wheel(track, { deltaY: -300, ctrlKey: true });
    expect(zoomed).toBe(false);
    const { from, to } = review.time.range;
    expect(to - from).toBeLessThan(9);
    expect(from + (to - from) / 4).toBeCloseTo(3.5);
    await wheel(track, { deltaY: 100, ctrlKey: false });
    expect(review.time.range.from).toBeCloseTo(from + (to - from) / 10);
    await fireEvent.click(screen.getByRole('button', { name: 'All of the timeline' }));
    expect(review.time.range).toEqual({ from: 0, to: 14 });
  });

  test('has its window moved and resized in the overview by the pointer, and by keys', async () => {
    const review = await opened();
    const strip = document.querySelector('[data-part="overview"]')!;
    Object.assign(strip, { setPointerCapture: () => undefined });
    // With all on show, a drag draws a window, and a click goes to a time.
    await pointer(strip, 'pointerdown', 500);
    await pointer(strip, 'pointermove', 750);
    await pointer(strip, 'pointerup', 750);
    expect(review.time.range).toEqual({ from: 7, to: 10.5 });
    await pointer(overview(), 'pointerdown', 600);
    await pointer(strip, 'pointermove', 500);
    await pointer(strip, 'pointerup', 500);
    expect(review.time.range.from).toBeCloseTo(5.6);
    await pointer(document.querySelector('[data-edge="to"]')!, 'pointerdown', 650);
    await pointer(strip, 'pointermove', 100);
    await pointer(strip, 'pointerup', 100);
    // Not past its other edge: as much is left as can be shown.
    expect(review.time.range.to - review.time.range.from).toBeCloseTo(0.24);
    overview().focus();
    await fireEvent.keyDown(overview(), { key: 'Home' });
    expect(review.time.range.from).toBe(0);
    await fireEvent.keyDown(overview(), { key: 'PageUp' });
    expect(review.time.range.from).toBeCloseTo(0.24);
    expect(overview().getAttribute('aria-valuetext')).toBe('00:00:00.240 to 00:00:00.480, of 00:00:14.000');
    await fireEvent.dblClick(strip);
    expect(review.time.isWhole).toBe(true);
    await pointer(strip, 'pointerdown', 500);
    await pointer(strip, 'pointerup', 501);
    await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(175));
  });

  test('has a press on the lanes go to the frame that lasts there, however far it is zoomed', async () => {
    const review = await opened();
    review.time.show({ from: 4, to: 4.24 });
    const track = document.querySelector('.track')!;
    Object.assign(track, { setPointerCapture: () => undefined });
    for (const x of [1, 160, 340, 500, 999]) {
      await pointer(track, 'pointerdown', x);
      await pointer(track, 'pointerup', x);
      const wanted = frameAtSeconds(review.time.times!, 4 + (x / width) * 0.24);
      await vi.waitFor(() => expect(review.player.shown?.location.index).toBe(wanted));
      expect(review.time.range.from).toBeCloseTo(4);
    }
  });

  test('tells the time and the frame under the pointer', async () => {
    await opened();
    const track = document.querySelector('.track')!;
    await pointer(track, 'pointermove', 500);
    const hint = document.querySelector('[data-part="hover-preview"]')!;
    expect(hint.textContent).toContain('00:00:07.000');
    expect(hint.textContent).toContain('frame 175');
    await pointer(track, 'pointerleave', 500);
    expect(document.querySelector('[data-part="hover-preview"]')).toBeNull();
  });

  test('goes to each of a thousand bookmarks on one frame, one click after another', async () => {
    const place = { sessionId: fake.session.id, videoId: fakeVideo.id, location: locationOf(70) };
    fake.marks = {
      bookmarks: Array.from({ length: 1000 }, (_, at) => ({
        ...{ ...place, id: `b${String(at).padStart(4, '0')}` as Bookmark['id'], name: `mark ${at}` },
        ...{ note: '', actor: 'a' as Bookmark['actor'], createdAt: at },
      })),
      segments: [],
      tracks: [],
    };
    const review = await opened();
    const mark = screen.getByRole('button', { name: /^1\s?000 bookmarks: “mark 0” · .* · and 995 more$/ });
    for (const name of ['b0000', 'b0001', 'b0002']) {
      await fireEvent.click(mark);
      await vi.waitFor(() => expect(review.marks.chosen).toBe(name));
    }
    expect(document.querySelectorAll('[data-part="bookmark-mark"]')).toHaveLength(1);
  });
});
