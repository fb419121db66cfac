import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Announcer } from '../../renderer/state/announcer.svelte.ts';
import { Finder } from '../../renderer/state/finder.svelte.ts';
import type { FindResult } from '../../preload/contract/index.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('what is found while the index is being made says how much it holds, and is looked for again until it holds all', async () => {
  const parts: FindResult['index'][] = [{ done: 50, of: 1503 }, { done: 900, of: 1503 }, null];
  const find = vi.fn(async () => ({
    ok: true as const,
    value: { groups: [], cut: false, index: parts.shift() ?? null },
  }));
  const finder = new Finder({
    bridge: { find },
    announcer: new Announcer(() => Date.now()),
    groups: () => [],
    obstacleTo: () => null,
  });
  finder.type('scissors');
  await vi.advanceTimersByTimeAsync(100);
  expect(finder.index).toEqual({ done: 50, of: 1503 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(finder.index).toEqual({ done: 900, of: 1503 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(finder.index).toBeNull();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(find).toHaveBeenCalledTimes(3);

  parts.push({ done: 50, of: 1503 });
  finder.type('forceps');
  await vi.advanceTimersByTimeAsync(100);
  finder.end();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(find).toHaveBeenCalledTimes(4);
});
