import type { ErrorReport } from '../../../preload/contract/index.ts';

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Where a command's words go. For people: text on standard output. For machines (`--json`): nothing there
 * but one object, as the last line. Progress and streamed text then go to standard error.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;
  #progressShown = false;

  constructor(json: boolean, streams: Streams = process) {
    this.json = json;
    this.#streams = streams;
  }

  /** A line for people. */
  line(text = ''): void {
    if (!this.json) this.write(`${text}\n`);
  }

  /** A piece of text for people, as it comes. */
  write(text: string): void {
    this.#clearProgress();
    if (!this.json) this.#streams.stdout.write(text);
    else if (this.#streams.stderr.isTTY) this.#streams.stderr.write(text);
  }

  /** What the command found: the object for machines. People have had their lines. */
  result(value: object): void {
    this.#clearProgress();
    if (this.json) this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A line that the next one overwrites; only where somebody may be watching. */
  progress(what: string, done: number, total: number | null): void {
    if (!this.#streams.stderr.isTTY) return;
    const share = total === null || total === 0 ? '' : ` ${Math.floor((100 * done) / total)} %`;
    this.#streams.stderr.write(`\r\x1b[2K${what}${share}`);
    this.#progressShown = true;
  }

  /** Something to know that does not stop the command. */
  notice({ message, hint }: ErrorReport): void {
    this.#clearProgress();
    this.#streams.stderr.write(`Note: ${message}\n${hint}\n`);
  }

  error(report: ErrorReport): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${report.message}\n${report.hint}\n`);
    this.result({ error: report });
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#streams.stderr.write('\r\x1b[2K');
    this.#progressShown = false;
  }
}
