/**
 * `npm run mutants`: changes one thing at a time in a few rooms (a condition turned round, a line left out) and sees whether
 * a test fails. What no test notices is listed; the score goes to docs/RESULTS.md. Minutes on two idle cores.
 */
export default {
  packageManager: 'npm',
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutants.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner'],
  mutate: [
    'main/store/answers.ts',
    'main/jobs/job-registry.ts',
    'main/hosts/web/security.ts',
    'main/hosts/consent.ts',
    'main/video/ffmpeg-version.ts',
    'preload/contract/frames.ts',
    'preload/contract/sureness.ts',
  ],
  // Statements of SQL and texts for people: a changed word is not a changed behaviour, or every test of it would fail.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 30_000,
  ignorePatterns: ['build', 'dist', 'docs', 'reports', 'models/training', '.ci', '*.md'],
  tempDirName: '.stryker-tmp',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, reportTests: false },
  allowConsoleColors: false,
  thresholds: { high: 90, low: 80, break: null },
};
