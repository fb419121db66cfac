import { describe, expect, test } from 'vitest';
import { answerWarning } from '../../preload/contract/words/answer-warning.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { Box } from '../../preload/contract/values.ts';

const size = { width: 448, height: 360 };
const upperLeft: Box = [20, 20, 120, 120];
const lowerRight: Box = [300, 200, 400, 300];
const check = ' Check the picture before you use this answer.';

type Told = Pick<Answer, 'status' | 'label' | 'box' | 'reasoning'> & Partial<Pick<Answer, 'items' | 'frame'>>;
const warningOf = (change: Partial<Told>, question = ''): string | null =>
  answerWarning(
    {
      status: 'answered',
      label: 'Idle',
      box: upperLeft,
      reasoning: 'The suction lies in the upper left.',
      ...change,
    },
    question,
    size,
  );

test('nothing is said of an answer whose words and box agree', () => {
  expect(warningOf({})).toBeNull();
  expect(warningOf({ reasoning: 'Its jaws are closed.', box: lowerRight })).toBeNull();
  expect(
    warningOf({ status: 'not-visible', label: 'not visible', box: null, reasoning: 'No suction is seen.' }),
  ).toBe(null);
});

test('says what the words say and where the box lies', () => {
  expect(warningOf({ box: lowerRight })).toBe(`The words say upper left; the box lies lower right.${check}`);
  expect(warningOf({ label: 'left-top', box: lowerRight })).toBe(
    `The words say upper left; the box lies lower right.${check}`,
  );
  expect(warningOf({ label: 'right-top', reasoning: 'It is below the middle.' })).toBe(
    `The words say below the middle and upper right; the box lies upper left.${check}`,
  );
  expect(warningOf({ box: [174, 200, 274, 300] })).toBe(
    `The words say upper left; the box lies below the middle.${check}`,
  );
});

test('of an answer about a region, the words speak of places in that region', () => {
  const region: Box = [280, 180, 448, 360];
  const frame = { crop: { region, hash: 'a'.repeat(64) } } as unknown as NonNullable<Answer['frame']>;
  const inRegion: Box = [290, 190, 340, 240];
  expect(warningOf({ box: inRegion })).toMatch(/the box lies lower right/);
  expect(warningOf({ box: inRegion, frame })).toBeNull();
  // A model that saw the whole frame beside it speaks of that.
  const beside = { crop: { ...frame.crop!, given: 'beside' as const } } as typeof frame;
  expect(warningOf({ box: inRegion, frame: beside })).toMatch(/the box lies lower right/);
  expect(warningOf({ box: [380, 290, 440, 350], frame })).toMatch(
    /The words say upper left; the box lies lower/,
  );
});

test('says where words and box disagree about what is in sight', () => {
  expect(warningOf({ reasoning: 'It cannot be seen.' })).toBe(
    `The words say that it is not in sight; a box is given.${check}`,
  );
  expect(warningOf({ status: 'not-visible', label: 'not visible', box: null })).toBe(
    `The answer is “not visible”; the words say upper left.${check}`,
  );
  expect(warningOf({ label: 'not visible', reasoning: '' })).toBe(
    `The answer is “not visible”; a box is given.${check}`,
  );
});

test('is silent while the model writes, and where the status says it all', () => {
  expect(warningOf({ status: 'running', box: lowerRight })).toBeNull();
  expect(warningOf({ status: 'answered-without-location', box: null })).toBeNull();
  expect(warningOf({ status: 'malformed', label: null, box: null })).toBeNull();
});

test('judges the instrument that the question names', () => {
  const reasoning = 'The suction lies in the upper left. The stapler lies in the lower right.';
  expect(warningOf({ reasoning }, 'What is the state of suction?')).toBeNull();
  expect(warningOf({ reasoning }, 'What is the state of stapler?')).toMatch(
    /say lower right; the box lies upper left/,
  );
});

describe('instruments that the words name and the answer does not', () => {
  const item = (label: string) => ({ label, box: upperLeft });
  const words = 'The suction lies in the upper left, the bipolar forceps in the lower left. That makes two.';
  const listed = (...labels: string[]) => ({
    ...{ label: labels.join(', '), box: null, reasoning: words },
    items: labels.map(item),
  });

  test('are told with those that it names', () => {
    expect(warningOf(listed('suction', 'suction'))).toBe(
      `The words name suction, bipolar forceps; the answer names suction twice.${check}`,
    );
    expect(
      warningOf({ label: 'stapler', reasoning: 'The suction is nearest. It lies in the upper left.' }),
    ).toBe(`The words name suction; the answer names stapler.${check}`);
  });

  test('are told with a thing that the words have under no name', () => {
    expect(warningOf(listed('blood', 'suction', 'bipolar_forceps'))).toBe(
      `The words name suction, bipolar forceps; the answer names blood, suction, bipolar forceps.${check}`,
    );
    expect(warningOf(listed('blood', 'suction'))).toMatch(/the answer names blood, suction\./);
  });

  test.each([
    ['the same in another order', listed('bipolar_forceps', 'suction')],
    [
      'a thing otherwise',
      { ...listed('blood', 'suction'), reasoning: 'The suction lies in the upper left, beside a bleed.' },
    ],
    ['nothing of this vocabulary', { ...listed('blood', 'smoke'), reasoning: 'Both are seen.' }],
    ['the same beside an organ', listed('kidney', 'bipolar_forceps', 'suction')],
    ['more of them, as free words may', { ...listed('suction'), items: [item('suction')] }],
    ['none', { ...listed('suction', 'suction'), reasoning: 'Two tools are seen.' }],
    [
      'one, and the answer is no instrument',
      { label: 'kidney', reasoning: 'The suction lies in the upper left.' },
    ],
    ['one while the model writes', { ...listed('suction', 'suction'), status: 'running' as const }],
  ])('are none where the words name %s', (_, change) => {
    expect(warningOf(change)).toBeNull();
  });
});
