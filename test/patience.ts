import { vi } from 'vitest';

/** Milliseconds; a busy machine takes its time, and what is awaited either comes or never does. */
const patience = 30_000;

/** Waits as long as `expect.poll` does; vitest's own second is no setting of its configuration. */
const waitFor = vi.waitFor;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: patience, ...options });
