import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';

/** The training code, in Python. */
const TRAINING = join(import.meta.dirname, '../training');
const PROBE = 'import torch, numpy, PIL';

/**
 * A Python that can train: the one that PYTHON names, else python3, else /usr/bin/python3.
 *
 * @throws WorkstationError `unavailable` with what is missing and how it is had.
 */
export function trainingPython(): string {
  const named = process.env['PYTHON'];
  const candidates = named === undefined || named === '' ? ['python3', '/usr/bin/python3'] : [named];
  const seen: string[] = [];
  for (const candidate of candidates) {
    const probe = spawnSync(candidate, ['-c', PROBE], { encoding: 'utf8', timeout: 120_000 });
    if (probe.status === 0) return candidate;
    const last = probe.stderr?.trim().split('\n').at(-1) ?? '';
    seen.push(`${candidate}: ${probe.error ? 'not found' : last || 'it did not answer'}`);
  }
  throw new WorkstationError(
    'unavailable',
    `No Python that can train was found (${seen.join('; ')}).`,
    'Install Python 3 with three packages: pip install torch numpy pillow. If it is elsewhere, say where: PYTHON=/path/to/python3.',
  );
}

export interface Script {
  python: string;
  /** File of models/training. */
  name: string;
  args: readonly string[];
  signal?: AbortSignal | undefined;
  onLine?: (line: string) => void;
}

/** How a script ended that did what it was asked, or said why it did not. */
export interface ScriptEnd {
  /** Null where it did what it was asked. */
  refusal: string | null;
}

/**
 * Runs a script of the training code. An abort lets it write its checkpoint first.
 *
 * @throws WorkstationError `cancelled`, and `internal` for one that broke.
 */
export async function runScript({ python, name, args, signal, onLine }: Script): Promise<ScriptEnd> {
  throwIfAborted(signal);
  const child = spawn(python, [join(TRAINING, name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal?.addEventListener('abort', stop);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-8000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => onLine?.(line));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    throwIfAborted(signal);
    if (code === 0) return { refusal: null };
    // A script that ends by words of its own has written no trace of where it broke.
    if (!errors.includes('Traceback (most recent call last)')) return { refusal: errors.trim() };
    throw new WorkstationError(
      'internal',
      `The training code broke in ${name}: ${errors.trim().split('\n').at(-1) ?? 'no reason'}.`,
      'Run the same command again: it goes on where it stopped. If it breaks again, report it with this text.',
    );
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
