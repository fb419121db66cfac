import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { testEnvironment } from './test/environment.ts';

export default defineConfig({
  // The window's components and state classes are compiled as the build compiles them.
  plugins: [svelte(), svelteTesting({ autoCleanup: false })],
  test: {
    env: testEnvironment,
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    // Real ffmpeg, SQLite and onnxruntime run in these tests, on machines that may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is awaited either comes or never does.
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    pool: 'forks',
    setupFiles: ['test/patience.ts', 'test/popovers.ts'],
  },
});
