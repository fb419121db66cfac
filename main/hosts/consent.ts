import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Where a person may be asked, and what was said beforehand. */
export interface ConsentOptions {
  /** `--fetch` or `--no-fetch`. */
  readonly flag?: boolean | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: Readable & { isTTY?: boolean };
  readonly output: Writable;
  /** No answer in this time is a no. */
  readonly patienceMilliseconds?: number;
}

export type Consent =
  | { readonly may: true }
  /** `how`: the words that tell a person how to have it fetched. Empty where they said no themselves. */
  | { readonly may: false; readonly how: string };

const how = 'npm start -- --fetch fetches it, or WORKSTATION_FETCH=yes does.';

/**
 * Whether something may be fetched from the network. A flag decides, then `WORKSTATION_FETCH` (yes or no), then a build
 * server's `CI`; else the person at the terminal is asked, and without a terminal nothing is fetched.
 */
export async function mayFetch(what: string, options: ConsentOptions): Promise<Consent> {
  const { flag, environment, input, output } = options;
  if (flag !== undefined) return flag ? { may: true } : { may: false, how: '' };
  const said = environment['WORKSTATION_FETCH']?.toLowerCase();
  if (said === 'yes' || said === '1' || said === 'true') return { may: true };
  if (said !== undefined && said !== '') return { may: false, how: '' };
  if (environment['CI']) return { may: true };
  if (input.isTTY !== true) return { may: false, how };
  const answer = await ask(
    `${what} Fetch now? [Y/n] `,
    input,
    output,
    options.patienceMilliseconds ?? 60_000,
  );
  if (answer === null) {
    output.write('\nNo answer: nothing is fetched.\n');
    return { may: false, how };
  }
  return /^(y|yes|)$/i.test(answer.trim()) ? { may: true } : { may: false, how: '' };
}

/** Null where nobody answered in time, or the input ended. */
function ask(question: string, input: Readable, output: Writable, patience: number): Promise<string | null> {
  const lines = createInterface({ input, output });
  return new Promise((resolve) => {
    const end = (answer: string | null) => {
      clearTimeout(timer);
      resolve(answer);
      lines.close();
    };
    const timer = setTimeout(() => end(null), patience);
    lines.question(question, end);
    lines.on('close', () => end(null));
    lines.on('SIGINT', () => end('n'));
  });
}
