import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  checkCoherence,
  isAbsentLabel,
  placeOfLabel,
  placesSaid,
  sidesInWords,
  sidesOfBox,
  type FindingKind,
} from '../../preload/contract/coherence.ts';
import { quadrantOf } from '../../preload/contract/boxes.ts';
import type { Box, Size } from '../../preload/contract/values.ts';

interface Case {
  name: string;
  reasoning: string;
  label: string | null;
  box: Box | null;
  size?: Size;
  question?: string;
  findings: { kind: FindingKind; said: string }[];
  coherent: boolean;
}

interface Text {
  text: string;
  question?: string;
  said: { text: string; horizontal: string | null; vertical: string | null }[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/coherence/${name}`, import.meta.url), 'utf8'));
const { cases } = read('cases.json') as { cases: Case[] };
const { texts } = read('places.json') as { texts: Text[] };
const frame: Size = { width: 448, height: 360 };

test('there are golden cases of every kind of finding, and enough of them', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  const kinds = new Set(cases.flatMap(({ findings }) => findings.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([
    'absent-place',
    'box-missing',
    'box-unexpected',
    'label-place',
    'reasoning-absent',
    'reasoning-place',
  ]);
});

describe('golden cases', () => {
  test.each(cases)('$name', ({ reasoning, label, box, size = frame, question = '', findings, coherent }) => {
    const found = checkCoherence({ reasoning, label, box, size, question });
    expect(found.findings.map(({ kind, said }) => ({ kind, said }))).toEqual(findings);
    expect(found.coherent).toBe(coherent);
    for (const { said, source, range } of found.findings) {
      expect((source === 'label' ? (label ?? '') : reasoning).slice(...(range ?? [0, 0]))).toBe(said);
    }
  });
});

describe('places said', () => {
  test.each(texts)('$text', ({ text, question, said }) => {
    const found = placesSaid(text, question);
    expect(found.map(({ text, horizontal, vertical }) => ({ text, horizontal, vertical }))).toEqual(said);
    for (const place of found) expect(text.slice(...place.range)).toBe(place.text);
  });
});

test('a label is a place only where it is made of place words alone', () => {
  expect(placeOfLabel('left-top')).toMatchObject({ horizontal: 'left', vertical: 'top' });
  expect(placeOfLabel('Lower Right')).toMatchObject({ horizontal: 'right', vertical: 'bottom' });
  expect(placeOfLabel('left')).toMatchObject({ horizontal: 'left', vertical: null });
  for (const label of ['left kidney', 'Idle', 'not visible', '', 'left right', 'upper left lobe']) {
    expect(placeOfLabel(label), label).toBeNull();
  }
});

test('"not visible" is known in any spelling, and nothing else is', () => {
  for (const label of ['not visible', 'Not_Visible', ' NOT-VISIBLE '])
    expect(isAbsentLabel(label)).toBe(true);
  for (const label of ['visible', 'Idle', 'not', '']) expect(isAbsentLabel(label)).toBe(false);
});

/** Boxes of many places and sizes, the same in every run. */
function* boxes(): Generator<Box> {
  for (let index = 0; index < 400; index += 1) {
    const width = 10 + ((index * 37) % 150);
    const height = 10 + ((index * 53) % 120);
    const x = (index * 101) % (frame.width - width);
    const y = (index * 67) % (frame.height - height);
    yield [x, y, x + width, y + height];
  }
}

const mirrored = ([x1, y1, x2, y2]: Box): Box => [frame.width - x2, y1, frame.width - x1, y2];
const swapped = (text: string): string =>
  text.replaceAll(/left|right/g, (word) => (word === 'left' ? 'right' : 'left'));

describe('properties', () => {
  test('a mirrored answer is as coherent as the answer', () => {
    for (const box of boxes()) {
      for (const label of ['left-top', 'right-bottom']) {
        const reasoning = 'The suction lies in the lower left, right of the middle.';
        const here = checkCoherence({ reasoning, label, box, size: frame });
        const there = checkCoherence({
          reasoning: swapped(reasoning),
          label: swapped(label),
          box: mirrored(box),
          size: frame,
        });
        expect(there.findings.map(({ kind, said }) => ({ kind, said: swapped(said) }))).toEqual(
          here.findings.map(({ kind, said }) => ({ kind, said })),
        );
      }
    }
  });

  test('moving a box across the middle turns agreement into disagreement once, and back never', () => {
    const agrees = (x: number): boolean =>
      checkCoherence({
        reasoning: 'It lies in the left half.',
        label: 'Idle',
        box: [x, 20, x + 100, 120],
        size: frame,
      }).coherent;
    const along = Array.from({ length: 349 }, (_, x) => agrees(x));
    expect(along.lastIndexOf(true)).toBe(along.indexOf(false) - 1);
    // The middle is 224; 2 % of 448 are 8.96: a centre at 232 still agrees, at 233 no longer.
    expect(along.indexOf(false) + 50).toBe(233);
  });

  test("a place label is coherent with a box of its own quadrant, and the opposite label isn't off the lines", () => {
    const opposite = {
      'left-top': 'right-bottom',
      'right-top': 'left-bottom',
      'left-bottom': 'right-top',
      'right-bottom': 'left-top',
    } as const;
    for (const box of boxes()) {
      const label = quadrantOf(box, frame);
      const told = { reasoning: '', box, size: frame };
      expect(checkCoherence({ ...told, label }).coherent).toBe(true);
      const { horizontal, vertical } = sidesOfBox(box, frame);
      const onBothLines = horizontal === null && vertical === null;
      expect(checkCoherence({ ...told, label: opposite[label] }).coherent).toBe(onBothLines);
    }
  });

  test('frame and box drawn larger together give the same findings', () => {
    for (const box of boxes()) {
      const told = { reasoning: 'It lies in the upper left.', label: 'right-top' };
      const small = checkCoherence({ ...told, box, size: frame });
      const large = checkCoherence({
        ...told,
        box: box.map((edge) => edge * 4) as Box,
        size: { width: frame.width * 4, height: frame.height * 4 },
      });
      expect(large.findings).toEqual(small.findings);
    }
  });

  test('words that name no place change nothing', () => {
    for (const { text, said } of texts.filter(({ said }) => said.length === 0)) {
      expect(
        checkCoherence({ reasoning: text, label: 'Idle', box: [300, 200, 400, 300], size: frame }).coherent,
        text,
      ).toBe(true);
      expect(said).toEqual([]);
    }
  });
});

test('a place in the words of people', () => {
  expect(sidesInWords({ horizontal: 'left', vertical: 'top' })).toBe('upper left');
  expect(sidesInWords({ horizontal: 'right', vertical: 'bottom' })).toBe('lower right');
  expect(sidesInWords({ horizontal: 'left', vertical: null })).toBe('left of the middle');
  expect(sidesInWords({ horizontal: null, vertical: 'bottom' })).toBe('below the middle');
  expect(sidesInWords({ horizontal: null, vertical: null })).toBe('in the middle');
});
