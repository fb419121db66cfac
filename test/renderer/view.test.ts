import { describe, expect, test } from 'vitest';
import { Box } from '../../preload/contract/index.ts';
import {
  bytes,
  clock,
  counted,
  day,
  duration,
  grouped,
  readable,
  shortClock,
  shortQuestion,
} from '../../renderer/view/format.ts';
import { placeLabels, type LabelledBox } from '../../renderer/view/labels.ts';
import { parsePlace } from '../../renderer/view/place.ts';
import { RecentValues } from '../../renderer/view/recent-values.ts';
import { KeysInUse } from '../../renderer/view/keys-in-use.ts';
import { shortcutGroups, type KeyPressed } from '../../renderer/view/shortcuts.ts';
import { defaultPreferences } from '../../preload/contract/index.ts';
import { Random } from '../store/random.ts';
import { boxOnStage, fit, held, largestScale, pan, zoomAt } from '../../renderer/view/viewport.ts';

const picture = { width: 1280, height: 1024 };
const stage = { width: 1000, height: 640 };

describe('viewport', () => {
  test('fits the whole picture in the middle of the stage', () => {
    expect(fit(picture, stage)).toEqual({ scale: 0.625, x: 100, y: 0 });
    expect(fit(picture, { width: 640, height: 900 })).toEqual({ scale: 0.5, x: 0, y: 194 });
  });

  test('zooms so that what is under the pointer stays there', () => {
    const before = fit(picture, stage);
    const pointer = { x: 620, y: 300 };
    const under = { x: (pointer.x - before.x) / before.scale, y: (pointer.y - before.y) / before.scale };
    const after = zoomAt(before, 3, pointer, picture, stage);
    expect(after.scale).toBeCloseTo(1.875);
    expect(under.x * after.scale + after.x).toBeCloseTo(pointer.x);
    expect(under.y * after.scale + after.y).toBeCloseTo(pointer.y);
  });

  test('zooms neither smaller than the whole picture nor beyond its largest scale', () => {
    const whole = fit(picture, stage);
    expect(zoomAt(whole, 0.1, { x: 0, y: 0 }, picture, stage)).toEqual(whole);
    expect(zoomAt(whole, 1e6, { x: 0, y: 0 }, picture, stage).scale).toBe(largestScale);
  });

  test('pans without showing what is beyond the picture', () => {
    const near = { scale: 2, x: -500, y: -500 };
    expect(pan(near, { x: 5000, y: 5000 }, picture, stage)).toEqual({ scale: 2, x: 0, y: 0 });
    expect(pan(near, { x: -5000, y: -5000 }, picture, stage)).toEqual({ scale: 2, x: -1560, y: -1408 });
    expect(pan(near, { x: 7, y: -9 }, picture, stage)).toEqual({ scale: 2, x: -493, y: -509 });
  });

  test('centres along the side that has room to spare', () => {
    expect(held({ scale: 0.7, x: -50, y: -900 }, picture, stage)).toEqual({
      scale: 0.7,
      x: 52,
      y: expect.closeTo(-76.8),
    });
  });

  test('puts a box of the frame onto the stage', () => {
    const box = boxOnStage(Box.parse([128, 256, 256, 512]), { scale: 0.5, x: 10, y: 20 });
    expect(box).toEqual({ x: 74, y: 148, width: 64, height: 128 });
  });
});

describe('labels of boxes', () => {
  const label = { width: 120, height: 24 };
  const alone = (x: number, y: number, width: number, height: number) =>
    placeLabels([{ box: { x, y, width, height }, label }], stage)[0]!;

  test('goes on top of its box, sharing its left edge', () => {
    expect(alone(200, 100, 80, 60)).toEqual({ x: 199, y: 76 });
  });

  test('goes under a box at the upper edge, inside a box as tall as the stage', () => {
    expect(alone(200, 10, 80, 60)).toEqual({ x: 199, y: 70 });
    expect(alone(200, 0, 80, 640)).toEqual({ x: 199, y: 0 });
    expect(alone(200, -300, 80, 1200)).toEqual({ x: 199, y: 0 });
  });

  test('stays on the stage at either side', () => {
    expect(alone(-50, 100, 80, 60).x).toBe(0);
    expect(alone(970, 100, 80, 60).x).toBe(880);
  });

  test('lets the earlier box choose first, and a person’s own goes below', () => {
    const box = { x: 200, y: 100, width: 80, height: 60 };
    const [model, own, other] = placeLabels(
      [
        { box, label },
        { box, label, first: 'below' },
        { box: { ...box, width: 300 }, label },
      ],
      stage,
    );
    expect([model, own]).toEqual([
      { x: 199, y: 76 },
      { x: 199, y: 160 },
    ]);
    // At the right edge of its own box, above which there is room.
    expect(other).toEqual({ x: 381, y: 76 });
  });

  const random = (seed: number) => {
    const next = new Random(seed);
    const enlarged = next.below(2) + 1;
    return Array.from({ length: 1 + next.below(12) }, (): LabelledBox => {
      // Also beyond the stage, as where the picture is enlarged; and near one another.
      const near = next.below(3) === 0 ? 40 : 1000;
      const [x, y] = [next.below(near) - 60, next.below(Math.min(near, 640)) - 60];
      return {
        box: { x, y, width: (4 + next.below(400)) * enlarged, height: (4 + next.below(300)) * enlarged },
        label: { width: 30 + next.below(150), height: 24 },
        first: next.below(2) === 0 ? 'above' : 'below',
      };
    });
  };

  test('never covers another and never leaves the stage, wherever the boxes lie, and is the same every time', () => {
    for (let seed = 0; seed < 400; seed += 1) {
      const boxes = random(seed);
      const places = placeLabels(boxes, stage);
      expect(placeLabels(boxes, stage)).toEqual(places);
      const drawn = places.map((place, index) => ({ ...place, ...boxes[index]!.label }));
      for (const [index, one] of drawn.entries()) {
        const isOn =
          one.x >= 0 && one.y >= 0 && one.x + one.width <= stage.width && one.y + one.height <= stage.height;
        expect(isOn, `seed ${seed}, label ${index}`).toBe(true);
        for (const other of drawn.slice(index + 1)) {
          const apart =
            one.x >= other.x + other.width ||
            other.x >= one.x + one.width ||
            one.y >= other.y + other.height ||
            other.y >= one.y + one.height;
          expect(apart, `seed ${seed}, label ${index}`).toBe(true);
        }
      }
    }
  });

  test('covers another only where there is no room for both', () => {
    const box = { x: 10, y: 10, width: 40, height: 30 };
    const small = { width: 130, height: 30 };
    const places = placeLabels(
      [
        { box, label },
        { box, label },
      ],
      small,
    );
    expect(places[0]).toEqual(places[1]);
    expect(
      placeLabels(
        [
          { box, label: { width: 0, height: 24 } },
          { box, label },
        ],
        stage,
      )[1],
    ).toEqual(placeLabels([{ box, label }], stage)[0]);
  });
});

describe('go to', () => {
  test.each([
    ['#120', { index: 120 }],
    ['120', { index: 120 }],
    ['48 213', { index: 48_213 }],
    ['48\u2009213', { index: 48_213 }],
    ['00:26:47.033', { timecode: '00:26:47.033' }],
    ['26:47', { timecode: '26:47' }],
    ['12.5', { timecode: '12.5' }],
  ])('reads %s', (typed, place) => {
    expect(parsePlace(typed)).toEqual(place);
  });

  test.each(['', 'abc', '#', '-3', '1:2:3:4:5', '12:99'])('refuses %j', (typed) => {
    expect(parsePlace(typed)).toBeNull();
  });
});

describe('words and numbers', () => {
  test('groups digits with thin spaces', () => {
    expect(grouped(0)).toBe('0');
    expect(grouped(999)).toBe('999');
    expect(grouped(48_213)).toBe('48\u2009213');
    expect(grouped(-144_639_000)).toBe('\u2212144\u2009639\u2009000');
  });

  test('writes times', () => {
    expect(clock(8048)).toBe('02:14:08');
    expect(shortClock(1607)).toBe('26:47');
    expect(shortClock(6.7)).toBe('0:06');
    expect(shortClock(3723)).toBe('1:02:03');
    expect(duration(412)).toBe('412 ms');
    expect(duration(1834)).toBe('1.8 s');
  });

  test('writes days in words while they are near', () => {
    const noon = new Date(2026, 10, 22, 12, 0).getTime();
    expect(day(new Date(2026, 10, 22, 9, 5).getTime(), noon)).toBe('today 09:05');
    expect(day(new Date(2026, 10, 21, 23, 59).getTime(), noon)).toBe('yesterday 23:59');
    expect(day(new Date(2026, 9, 3, 8, 0).getTime(), noon)).toBe('3 Oct 2026 08:00');
  });

  test('writes sizes and counts', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(1_535_939)).toBe('1.5 MB');
    expect(bytes(999_999)).toBe('1.0 MB');
    expect(bytes(52_000_000_000)).toBe('52 GB');
    expect(counted(1, 'question')).toBe('1 question');
    expect(counted(1200, 'question')).toBe('1\u2009200 questions');
  });

  test('reads labels and questions as a person writes them', () => {
    expect(readable('Tissue_Manipulation')).toBe('Tissue manipulation');
    expect(readable('left-bottom')).toBe('Left-bottom');
    const templates = [
      { id: 'state', short: '', text: 'What is the state of {tool}?', tools: ['suction'] },
      { id: 'location', short: '', text: 'Where is {tool} located?', tools: ['suction'] },
    ];
    const short = (text: string): string => shortQuestion(text, templates);
    expect(short('What is the state of suction?')).toBe('State of suction?');
    expect(short('Where is suction located?')).toBe('Where is suction located?');
    for (const own of ['asdf qwer', 'What is the state of my suction?', 'what is the state of suction?'])
      expect(short(own)).toBe(own);
  });
});

describe('shortcuts', () => {
  const press = (key: string, held: Partial<KeyboardEvent> = {}) => ({
    key,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...held,
  });

  const actionOf = (pressed: KeyPressed) => new KeysInUse(defaultPreferences.keys).actionOf(pressed);

  test('finds actions by key, with and without Shift and Control', () => {
    expect(actionOf(press(','))).toBe('step-back');
    expect(actionOf(press('<', { shiftKey: true }))).toBe('step-back-ten');
    expect(actionOf(press('ArrowRight', { shiftKey: true }))).toBe('step-forward-ten');
    expect(actionOf(press('Q'))).toBe('ask');
    expect(actionOf(press('z', { metaKey: true }))).toBe('undo');
    expect(actionOf(press('Z', { metaKey: true, shiftKey: true }))).toBe('redo');
    expect(actionOf(press('y', { ctrlKey: true }))).toBe('redo');
    expect(actionOf(press('?', { shiftKey: true }))).toBe('shortcuts');
  });

  test('leaves the keys of others alone', () => {
    expect(actionOf(press('q', { ctrlKey: true }))).toBeNull();
    expect(actionOf(press('ArrowLeft', { altKey: true }))).toBeNull();
    expect(actionOf(press('w'))).toBeNull();
  });

  test('gives no key two meanings', () => {
    const matches = shortcutGroups.flatMap((group) =>
      group.shortcuts.flatMap((shortcut) => shortcut.matches),
    );
    expect(new Set(matches).size).toBe(matches.length);
  });
});

describe('recently used values', () => {
  test('drops the longest unused when the budget is passed', () => {
    const values = new RecentValues<number, string>(10);
    values.set(1, 'a', 4);
    values.set(2, 'b', 4);
    expect(values.get(1)).toBe('a');
    values.set(3, 'c', 4);
    expect(values.has(2)).toBe(false);
    expect(values.get(1)).toBe('a');
    expect(values.get(3)).toBe('c');
  });

  test('keeps the newest even if it alone is too large, and counts a replaced value once', () => {
    const values = new RecentValues<number, string>(10);
    values.set(1, 'a', 30);
    expect(values.get(1)).toBe('a');
    values.set(1, 'b', 4);
    values.set(2, 'c', 6);
    expect(values.get(1)).toBe('b');
    expect(values.get(2)).toBe('c');
  });
});
