import '../main/hosts/node-version.ts';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { findChromium } from '../test/e2e/chromium.ts';
import { offerToFetch } from '../main/hosts/offer.ts';
import { findNamespace } from '../test/network/namespace.ts';
import { findPython } from '../test/training/python.ts';
import { printOutcomes, repository, runGates, runStep, type Outcome } from './steps.ts';

/**
 * `npm test`: runs every gate, the unit tests and the end-to-end tests, and ends with one line that counts them all. It
 * installs nothing on the machine; what the tests would need and is not there is named, and what that skips is counted.
 */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What `npm test` reads of vitest's JSON report. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** The counts of a report, and a line for each failed test: its file, its name and what it said first. */
function readReport(path: string): { counts: Counts; failures: string[] } {
  if (!existsSync(path)) return { counts: { passed: 0, failed: 1, skipped: 0 }, failures: [] };
  const result = JSON.parse(readFileSync(path, 'utf8')) as Report;
  const failures = result.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(repository, name);
    // A file that fails before its first test counts as one failed test: nothing it holds has run.
    if (status === 'failed' && assertionResults.length === 0) return [failureLine(file, message)];
    return assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => failureLine(`${file} > ${test.fullName}`, test.failureMessages.join('\n')));
  });
  const { numPassedTests: passed, numFailedTests, numPendingTests: skipped } = result;
  return { counts: { passed, failed: Math.max(numFailedTests, failures.length), skipped }, failures };
}

function failureLine(test: string, message: string): string {
  return `FAILED  ${test}: ${stripVTControlCharacters(message).split('\n', 1)[0] ?? ''}`;
}

/** Test files that ask for a Python. */
function trainingTests(): number {
  return readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.test.ts') &&
      readFileSync(join(repository, 'test', file), 'utf8').includes('findPython('),
  ).length;
}

const reports = mkdtempSync(join(tmpdir(), 'workstation-test-'));
const outcomes: Outcome[] = [];
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const notes: string[] = [];

async function runTests(
  name: string,
  args: readonly string[],
  shown?: 'as it comes' | 'once it has ended',
): Promise<void> {
  const report = join(reports, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  outcomes.push(await runStep({ name, command: 'vitest', args: ['run', ...args, ...reporters] }, shown));
  const { counts: more, failures } = readReport(report);
  counts.passed += more.passed;
  counts.failed += more.failed;
  counts.skipped += more.skipped;
  notes.push(...failures);
}

if (findPython() === undefined) {
  notes.push(
    `SKIPPED: ${trainingTests()} test files of the training code; there is no Python with torch, numpy and Pillow.`,
    '         Debian has them: apt-get install python3-torch libopenblas0-pthread python3-numpy python3-pil; else set PYTHON.',
  );
}
// A build server, or who says WORKSTATION_FETCH=yes, gets a newer ffmpeg than the one that comes with the packages.
await offerToFetch({
  repository,
  window: false,
  say: (line) => void process.stdout.write(`${line}\n`),
  environment: process.env,
  input: Readable.from([]),
  output: process.stdout,
});
// What the tests start asks nobody and fetches nothing.
process.env['WORKSTATION_FETCH'] = 'no';
const namespace = findNamespace();
if ('missing' in namespace) {
  notes.push(`SKIPPED: 3 tests that nothing leaves the machine; ${namespace.missing}.`);
}
const chromium = await findChromium();
if (chromium === null) {
  notes.push('FAILED: no Chromium for the end-to-end tests (install one, or set CHROMIUM_BIN).');
}

outcomes.push(...(await runGates()));
const listening = 'test/network';
await Promise.all([
  runTests('unit tests', ['--exclude', `${listening}/**`]),
  // It listens for a minute and does little meanwhile.
  runTests('tests of the network', [listening], 'once it has ended'),
]);
await runTests('end-to-end tests', ['--config', 'vitest.e2e.config.ts']);
rmSync(reports, { recursive: true, force: true });

printOutcomes(outcomes);
for (const note of notes) process.stdout.write(`${note}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 && outcomes.every(({ ok }) => ok) ? 0 : 1;
