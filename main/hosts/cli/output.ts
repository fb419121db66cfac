import { visibleText as plainText, type ErrorReport } from '../../../preload/contract/index.ts';

export { plainText };

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Where a command's words go. Whatever they hold, they command no terminal. For people: text on standard output. For machines (`--json`): nothing there
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
    if (!this.json) this.write(`${plainText(text, '\t')}\n`);
  }

  /** A piece of text for people, as it comes. */
  write(text: string): void {
    this.#clearProgress();
    const plain = plainText(text, '\n\t');
    if (!this.json) this.#streams.stdout.write(plain);
    else if (this.#streams.stderr.isTTY) this.#streams.stderr.write(plain);
  }

  /** What the command found: the object for machines. People have had their lines. */
  result(value: object): void {
    this.#clearProgress();
    if (this.json) this.#streams.stdout.write(`${plainText(JSON.stringify(value))}\n`);
  }

  /** A line that the next one overwrites; only where somebody may be watching. */
  progress(what: string, done: number, total: number | null): void {
    if (!this.#streams.stderr.isTTY) return;
    const share = total === null || total === 0 ? '' : ` ${Math.floor((100 * done) / total)} %`;
    this.#streams.stderr.write(`\r\x1b[2K${plainText(what)}${share}`);
    this.#progressShown = true;
  }

  /** Something to know that does not stop the command. */
  notice({ message, hint }: ErrorReport): void {
    this.#clearProgress();
    this.#streams.stderr.write(`Note: ${plainText(message)}\n${plainText(hint)}\n`);
  }

  /** A line of a process that works for the command; on standard error. */
  note(text: string): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${plainText(text, '\t')}\n`);
  }

  error(report: ErrorReport): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${plainText(report.message)}\n${plainText(report.hint)}\n`);
    this.result({ error: report });
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#streams.stderr.write('\r\x1b[2K');
    this.#progressShown = false;
  }
}
