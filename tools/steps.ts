import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TaskQueue } from '../preload/contract/task-queue.ts';
import { compiledFiles } from '../test/environment.ts';

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

/** Every gate but the tests themselves, the long ones first, so that none is left alone at the end. */
export const gates: readonly Step[] = [
  { name: 'lint and layers', command: 'eslint', args: ['.'] },
  {
    name: 'types of components',
    command: 'svelte-check',
    args: ['--tsconfig', 'tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'build', command: 'npm', args: ['run', '--silent', 'build'] },
  { name: 'format', command: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'licences', command: 'node', args: ['tools/licences.ts'] },
];

/** Runs every gate, two at a time: most of them work on one core. What one says is shown together, once it has ended. */
export async function runGates(): Promise<Outcome[]> {
  const queue = new TaskQueue({ most: () => 2 });
  return Promise.all(gates.map((gate) => queue.run(() => runStep(gate, 'once it has ended'))));
}

/** Runs a step and shows its output, as it comes unless said otherwise. */
export async function runStep(
  step: Step,
  shown: 'as it comes' | 'once it has ended' = 'as it comes',
): Promise<Outcome> {
  const heading = `\n--- ${step.name}\n`;
  const output: Buffer[] = [];
  if (shown === 'as it comes') process.stdout.write(heading);
  const started = performance.now();
  const binaries = join(repository, 'node_modules', '.bin');
  const suffix = process.platform === 'win32' ? '.cmd' : '';
  const own = join(binaries, step.command + suffix);
  const command = step.command === 'node' ? process.execPath : existsSync(own) ? own : step.command + suffix;
  const code = await new Promise<number>((done) => {
    const child = spawn(command, step.args, {
      cwd: repository,
      stdio: shown === 'as it comes' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: suffix !== '' && command !== process.execPath,
      env: {
        ...process.env,
        ...compiledFiles,
        // A step that starts `node` by name gets this one too.
        PATH: `${binaries}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}`,
      },
    });
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      done(1);
    });
    // 'close' comes once the output has been read to its end, 'exit' may come before.
    child.on('close', (status) => done(status ?? 1));
  });
  if (shown === 'once it has ended') process.stdout.write(heading);
  process.stdout.write(Buffer.concat(output));
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
