import { defineConfig } from 'vitest/config';
import { withoutTelemetry } from './main/inference/no-telemetry.ts';

/** The tests of the rooms that stryker.config.js names; they need no model and no ffmpeg, so that thousands of runs are quick. */
export default defineConfig({
  test: {
    env: withoutTelemetry,
    include: [
      'test/contract/{frames,sureness,review-clock}.test.ts',
      'test/store/queries.test.ts',
      'test/jobs/jobs.test.ts',
      'test/hosts/{web,security}.test.ts',
      'test/hosts/consent.test.ts',
      'test/video/tool-version.test.ts',
    ],
    testTimeout: 120_000,
  },
});
