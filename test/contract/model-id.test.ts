import { expect, it } from 'vitest';
import { ModelId } from '../../preload/contract/index.ts';

it.each([
  'surgery-r1-nano',
  'Qwen2.5-VL-3B-Instruct--q8-0123456789',
  'in-place-0123456789abcdef',
  'server:Qwen/Qwen2.5-VL-7B-Instruct',
  'my model (2), Prüfung',
  'a..b',
  '...',
])('%s is a name of a model', (id) => {
  expect(ModelId.safeParse(id).success).toBe(true);
});

it.each([
  '',
  '.',
  '..',
  '../../etc',
  'a/../../b',
  'a/./b',
  '/etc',
  '..\\..\\Windows',
  '\\\\host\\share',
  'line\nend',
  'nul\0',
  '\u001b[2J',
  '\u009b2J',
  '\ud800',
  'x'.repeat(129),
])('%j is none', (id) => {
  expect(ModelId.safeParse(id).success).toBe(false);
});
