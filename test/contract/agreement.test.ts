import { expect, test } from 'vitest';
import { agreementOf } from '../../preload/contract/agreement.ts';
import type { Box } from '../../preload/contract/values.ts';

const answer = (items: { label: string; box: Box | null }[]) => ({
  ...{ status: 'answered' as const, label: items.map(({ label }) => label).join(', '), box: null, items },
});
const left: Box = [0, 0, 10, 10];
const right: Box = [50, 0, 60, 10];

test('samples that name several things are compared thing by thing, each with the nearest of its label', () => {
  const both = answer([
    { label: 'clip', box: left },
    { label: 'clip', box: right },
  ]);
  const turned = answer([
    { label: 'clip', box: right },
    { label: 'clip', box: left },
  ]);
  expect(agreementOf([both, turned])).toMatchObject({ boxes: 4, meanIou: 1 });
  // One that only one of the two has, or that has another label, counts as no overlap.
  const one = answer([{ label: 'clip', box: left }]);
  expect(agreementOf([both, one]).meanIou).toBe(0.5);
  const other = answer([{ label: 'stapler', box: left }]);
  expect(agreementOf([one, other]).meanIou).toBe(0);
  expect(agreementOf([one, answer([{ label: 'clip', box: null }])])).toMatchObject({
    boxes: 1,
    meanIou: null,
  });
});

test('samples with one box each are compared by their boxes, whatever they are called', () => {
  const one = { status: 'answered' as const, label: 'clip', box: left, items: [] };
  expect(agreementOf([one, { ...one, label: 'stapler' }])).toMatchObject({ boxes: 2, meanIou: 1 });
  expect(agreementOf([one, { ...one, box: right }, { ...one, box: null }]).meanIou).toBe(0);
});
