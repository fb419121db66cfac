import { expect, test } from 'vitest';
import { answerWarning } from '../../preload/contract/words/answer-warning.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { Box } from '../../preload/contract/values.ts';

const size = { width: 448, height: 360 };
const upperLeft: Box = [20, 20, 120, 120];
const lowerRight: Box = [300, 200, 400, 300];
const check = ' Check the picture before you use this answer.';

type Told = Pick<Answer, 'status' | 'label' | 'box' | 'reasoning'>;
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
