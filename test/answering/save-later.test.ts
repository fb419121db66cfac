import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SaveLater } from '../../main/answering/save-later.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { fullAnswer } from '../store/rows.ts';
import { silent } from '../review/helpers.ts';

const full = new WorkstationError('store-full', 'The disk is full.', 'Free some space.');
const answer: Answer = { ...fullAnswer('a', 'q', 's'), error: null };
let refusing: boolean;
let stored: Answer[];
let toldLater: Answer[];
let saving: SaveLater;

beforeEach(() => {
  vi.useFakeTimers();
  refusing = false;
  stored = [];
  toldLater = [];
  saving = new SaveLater({
    save: (given) => {
      if (refusing) throw full;
      stored.push(given);
    },
    onSaved: (given) => toldLater.push(given),
    log: silent,
  });
});
afterEach(() => {
  saving.close();
  vi.useRealTimers();
});

it('an answer that the disk refuses carries the reason until it is saved, and is told then', () => {
  refusing = true;
  expect(saving.save(answer).error?.code).toBe('store-full');
  expect(saving.unsaved(answer.id)?.error?.code).toBe('store-full');
  vi.advanceTimersByTime(10_000);
  expect(toldLater).toEqual([]);
  refusing = false;
  vi.advanceTimersByTime(2000);
  expect(stored).toEqual([answer]);
  expect(toldLater).toEqual([answer]);
  expect(saving.unsaved(answer.id)).toBeNull();
  expect(vi.getTimerCount()).toBe(0);
});

it('an answer that is saved after a refusal is no longer unsaved, and what was refused is not written over it', () => {
  refusing = true;
  saving.save({ ...answer, label: 'the first report' });
  refusing = false;
  // Saved before the next try: its end came in the meantime.
  expect(saving.save(answer)).toEqual(answer);
  expect(saving.unsaved(answer.id)).toBeNull();
  vi.advanceTimersByTime(10_000);
  expect(stored).toEqual([answer]);
  expect(toldLater).toEqual([]);
});

it('what went wrong with the answer itself is not hidden by what went wrong with saving it', () => {
  refusing = true;
  const lost = { code: 'engine-lost' as const, message: 'Lost.', hint: 'Ask again.' };
  expect(saving.save({ ...answer, error: lost }).error).toEqual(lost);
  refusing = false;
  saving.close();
  expect(stored.at(-1)?.error).toEqual(lost);
});
