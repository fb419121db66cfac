import { defineConfig } from 'vitest/config';

/** One at a time, in a real Chromium against a real workstation: two cores are few for one of them. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    pool: 'forks',
  },
});
