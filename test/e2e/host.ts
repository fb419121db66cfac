import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { WorkstationEvent } from '../../preload/contract/index.ts';

export const repository = resolve(import.meta.dirname, '..', '..');

/** A fresh data folder under the system's temporary folder. */
export const newHome = (): string => mkdtempSync(join(tmpdir(), 'workstation-e2e-'));
export const removeHome = (home: string): void =>
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });

/** `npm start -- --web` as a person runs it, in a process of its own. */
export class RunningHost {
  readonly home: string;
  readonly #process: ChildProcess;
  #output = '';

  /**
   * @param environment added to this process's own
   * @param file the video that is named in the command
   */
  constructor(home: string, environment: Readonly<Record<string, string>> = {}, file?: string) {
    this.home = home;
    this.#process = spawn(
      process.execPath,
      [
        join(repository, 'main/hosts/start.ts'),
        '--web',
        '--no-open',
        '--home',
        home,
        ...(file === undefined ? [] : [file]),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => (this.#output += text));
    }
  }

  get output(): string {
    return this.#output;
  }

  get processId(): number {
    return this.#process.pid ?? -1;
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last address printed; waits for the first. */
  async address(): Promise<string> {
    for (;;) {
      const found = this.#output.match(/http:\/\/\S+token=\S+/g)?.at(-1);
      if (found !== undefined) return found;
      if (this.#process.exitCode !== null) throw new Error(`the host ended: ${this.#output}`);
      await new Promise((later) => setTimeout(later, 50));
    }
  }

  async origin(): Promise<string> {
    return new URL(await this.address()).origin;
  }

  /** The engine's process, which the host started. */
  async engineProcessId(): Promise<number> {
    for (let tries = 0; tries < 600; tries += 1) {
      const found = childrenOf(this.#process.pid ?? -1).find(({ command }) =>
        command.includes('engine-process'),
      );
      if (found) return found.id;
      await new Promise((later) => setTimeout(later, 100));
    }
    throw new Error('the host started no engine');
  }

  /** Waits for the host to end by itself. */
  async ended(): Promise<number | null> {
    if (this.#isRunning) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  /** Ctrl-C; returns the exit code. */
  async stop(): Promise<number | null> {
    if (this.#isRunning) this.#process.kill('SIGINT');
    return this.ended();
  }

  /** Ends it at once, as a machine does that loses its power. */
  async kill(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

export function childrenOf(parent: number): { id: number; command: string }[] {
  if (process.platform !== 'linux') {
    return execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((match) => Number(match?.[2]) === parent)
      .map((match) => ({ id: Number(match?.[1]), command: match?.[3] ?? '' }));
  }
  // Slim Linux images have no ps.
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const state = readFileSync(`/proc/${name}/stat`, 'utf8');
        if (Number(state.slice(state.lastIndexOf(')') + 2).split(' ')[1]) !== parent) return [];
        return [{ id: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        // It ended between the two looks.
        return [];
      }
    });
}

/** The pass by which a window was let in. */
export async function passOf(page: Page): Promise<string> {
  const kept = await page.evaluate(() => sessionStorage.getItem('workstation-pass'));
  return (JSON.parse(kept ?? '{"call":""}') as { call: string }).call;
}

/** Listens to the events that the window gets, with the window's own pass. Returns the way to stop. */
export function listen(origin: string, pass: string, onEvent: (event: WorkstationEvent) => void): () => void {
  const request = get(`${origin}/api/events?pass=${pass}`, (response) => {
    let unread = '';
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (text: string) => {
      const blocks = (unread + text).split('\n\n');
      unread = blocks.pop() ?? '';
      for (const block of blocks) {
        if (block.startsWith('data: ')) onEvent(WorkstationEvent.parse(JSON.parse(block.slice(6))));
      }
    });
  });
  request.on('error', () => undefined);
  return () => void request.destroy();
}
