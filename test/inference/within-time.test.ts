import { expect, it } from 'vitest';
import { withinTime } from '../../main/inference/model/within-time.ts';

const endless: Readonly<Record<string, () => unknown>> = {
  'a loop': () => {
    for (;;);
  },
  'a pattern that tries every way': () => /^(a+)+$/.test(`${'a'.repeat(60)}b`),
};

for (const [name, work] of Object.entries(endless)) {
  it(`${name} is interrupted when its time is over`, () => {
    expect(() => withinTime(200, work)).toThrow('took more than 0 s, and was stopped');
    expect(withinTime(1000, () => 'the next one goes on')).toBe('the next one goes on');
  });
}

it('work that ends in time gives its value, or throws what it throws', () => {
  const failure = new RangeError('of the work');
  expect(withinTime(1000, () => 7)).toBe(7);
  expect(() =>
    withinTime(1000, () => {
      throw failure;
    }),
  ).toThrow(failure);
});
