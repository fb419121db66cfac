import '../main/hosts/node-version.ts';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../test/e2e/chromium.ts';
import { findPython } from '../test/training/python.ts';
import { gates, printOutcomes, runStep, type Outcome } from './steps.ts';

/**
 * `npm test`: gets what the tests need, runs every gate, the unit tests and the end-to-end tests, and ends
 * with one line that counts them all.
 */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The training code's tests want PyTorch. Where a system package can be had without asking, it is. */
function preparePython(): void {
  if (findPython() !== undefined) return;
  const debianAsRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!debianAsRoot) return;
  process.stdout.write('Installing python3-torch for the tests of the training code...\n');
  const options = {
    stdio: 'ignore',
    timeout: 240_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  } as const;
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync(
    'apt-get',
    // Debian's torch multiplies matrices 30 times faster with OpenBLAS than without it.
    [
      'install',
      '-y',
      '-qq',
      '--no-install-recommends',
      ...'python3-torch libopenblas0-pthread python3-numpy python3-pil'.split(' '),
    ],
    options,
  );
}

function readCounts(report: string): Counts {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    testResults: { status: string; assertionResults: unknown[] }[];
  };
  // A file that fails before its first test counts as one failed test: nothing it holds has run.
  const broken = result.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests,
  };
}

const reports = mkdtempSync(join(tmpdir(), 'workstation-test-'));
const outcomes: Outcome[] = [];
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const notes: string[] = [];

async function runTests(name: string, args: readonly string[]): Promise<void> {
  const report = join(reports, `${name}.json`);
  outcomes.push(
    await runStep({
      name,
      command: 'vitest',
      args: ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    }),
  );
  const { passed, failed, skipped } = readCounts(report);
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

preparePython();
if (findPython() === undefined) {
  notes.push(
    'SKIPPED: the tests of the training code; there is no Python with torch, numpy and Pillow (set PYTHON).',
  );
}
const chromium = await findChromium();
if (chromium === null) {
  notes.push('FAILED: no Chromium for the end-to-end tests (install one, or set CHROMIUM_BIN).');
}

for (const gate of gates) outcomes.push(await runStep(gate));
await runTests('unit tests', []);
await runTests('end-to-end tests', ['--config', 'vitest.e2e.config.ts']);
rmSync(reports, { recursive: true, force: true });

printOutcomes(outcomes);
for (const note of notes) process.stdout.write(`${note}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 && outcomes.every(({ ok }) => ok) ? 0 : 1;
