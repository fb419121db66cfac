import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `other-process.ts` in a process of its own, as whoever starts it sees it. */
export class OtherProcess {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start(home: string): Promise<OtherProcess> {
    const entry = join(import.meta.dirname, 'other-process.ts');
    const child = spawn(process.execPath, [entry, home], { stdio: ['pipe', 'pipe', 'inherit'] });
    const other = new OtherProcess(child);
    await other.#line();
    return other;
  }

  /** Returns when it was done, in ms since the Unix epoch. */
  async tell(line: string): Promise<number> {
    this.#process.stdin!.write(`${line}\n`);
    return Number(await this.#line());
  }

  async stop(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the other process has ended');
    return value;
  }
}
