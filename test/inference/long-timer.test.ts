import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startLongTimer } from '../../main/inference/engine/long-timer.ts';

const minute = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([0, 5, 15 * minute, 2 ** 31 - 1, 2 ** 31, 100_000 * minute, 5_256_000 * minute])(
  'fires once, after %d ms and not before',
  (milliseconds) => {
    let fired = 0;
    startLongTimer(() => (fired += 1), milliseconds);
    vi.advanceTimersByTime(Math.max(0, milliseconds - 1));
    expect(fired).toBe(milliseconds === 0 ? 1 : 0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
    vi.advanceTimersByTime(10 * minute);
    expect(fired).toBe(1);
  },
);

it('can be ended at any time, and never fires where there is no number', () => {
  let fired = 0;
  const end = startLongTimer(() => (fired += 1), 100_000 * minute);
  vi.advanceTimersByTime(50_000 * minute);
  end();
  startLongTimer(() => (fired += 1), Number.NaN);
  startLongTimer(() => (fired += 1), Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(200_000 * minute);
  expect(fired).toBe(0);
});
