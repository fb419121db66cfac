import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '..');

export interface Step {
  name: string;
  /** A program of node_modules/.bin, or `node`. */
  command: string;
  args: readonly string[];
}

export interface Outcome {
  name: string;
  ok: boolean;
  seconds: number;
}

/** Every gate but the tests themselves, the quick ones first. */
export const gates: readonly Step[] = [
  { name: 'format', command: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'licences', command: 'node', args: ['tools/licences.ts'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  {
    name: 'types of components',
    command: 'svelte-check',
    args: ['--tsconfig', 'tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  },
  { name: 'lint and layers', command: 'eslint', args: ['.'] },
  { name: 'build', command: 'npm', args: ['run', '--silent', 'build'] },
];

/** Runs a step with its output passed on. */
export async function runStep(step: Step): Promise<Outcome> {
  process.stdout.write(`\n--- ${step.name}\n`);
  const started = performance.now();
  const binaries = join(repository, 'node_modules', '.bin');
  const suffix = process.platform === 'win32' ? '.cmd' : '';
  const own = join(binaries, step.command + suffix);
  const command = step.command === 'node' ? process.execPath : existsSync(own) ? own : step.command + suffix;
  const code = await new Promise<number>((done) => {
    const child = spawn(command, step.args, {
      cwd: repository,
      stdio: 'inherit',
      shell: suffix !== '' && command !== process.execPath,
      env: {
        ...process.env,
        // A step that starts `node` by name gets this one too.
        PATH: `${binaries}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}`,
      },
    });
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      done(1);
    });
    child.on('exit', (status) => done(status ?? 1));
  });
  return { name: step.name, ok: code === 0, seconds: (performance.now() - started) / 1000 };
}

export function printOutcomes(outcomes: readonly Outcome[]): void {
  process.stdout.write('\n');
  for (const { name, ok, seconds } of outcomes) {
    process.stdout.write(
      `${ok ? 'passed' : 'FAILED'}  ${name.padEnd(24)} ${seconds.toFixed(1).padStart(7)} s\n`,
    );
  }
}
