import { RuleTester } from 'eslint';
import typescript from 'typescript-eslint';
import { describe, it } from 'vitest';
import { noExpectInDoublesRule } from '../../tools/lint/no-expect-in-doubles.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const inside = (code: string) => ({ code, errors: [{ messageId: 'inside' }] });

new RuleTester({ languageOptions: { parser: typescript.parser } }).run(
  'house/no-expect-in-doubles',
  noExpectInDoublesRule,
  {
    valid: [
      "it('counts', async () => { engine.answer = async () => { running += 1; }; expect(running).toBe(1); });",
      "test('waits', () => vi.waitFor(() => expect(count).toBe(1)));",
      'const check = (answer) => { expect(answer).toBe(1); };',
      'async function shown() { expect(await page.title()).toBe("x"); }',
      "it.each([1])('is %i', (one) => { expect(one).toBe(1); });",
      // A table of cases, each of which the test itself runs.
      'for (const size of sizes) { expect(size).toBe(1); }',
      'calls.map((call) => { expect(call).toBe(1); });',
      // A whole test inside of an object's member is a test all the same.
      "const suite = { run: () => { it('works', () => { expect(1).toBe(1); }); } };",
      // A helper of tests that takes nobody's place.
      'class Folder { refusal() { expect(this.leftovers()).toEqual([]); } }',
    ],
    invalid: [
      inside('engine.answer = async () => { running += 1; expect(running).toBe(1); return result(); };'),
      inside("it('x', () => { engine.answer = () => expect(1).toBe(1); });"),
      inside('new SaveLater({ save: (answer) => { expect(answer).toBe(one); } });'),
      inside('const engine = { ask(request) { expect(request.frame).toBe(one); } };'),
      inside('class Scripted implements Engine { ask(request) { expect(request.frame).toBe(one); } }'),
      inside('class Scripted extends Engine { ask = (request) => { expect(request.frame).toBe(one); }; }'),
      inside('fake.calls.ask = async (input) => { await later(() => { expect(input).toBe(one); }); };'),
      inside('engine.answer = () => new Promise((resolve) => { expect(1).toBe(1); resolve(); });'),
    ],
  },
);
