import { defineConfig } from 'vitest/config';
import { testEnvironment } from './test/environment.ts';

/** One at a time, in a real Chromium against a real workstation: two cores are few for one of them. */
export default defineConfig({
  test: {
    env: testEnvironment,
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // A loaded machine takes its time; what is awaited either comes or never does.
    expect: { poll: { timeout: 30_000 } },
    fileParallelism: false,
    pool: 'forks',
    setupFiles: ['test/patience.ts'],
  },
});
