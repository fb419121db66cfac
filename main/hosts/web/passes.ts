import { createHmac, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { windowId, WindowId } from '../../../preload/contract/index.ts';
import { newSecret, sameSecret } from './security.ts';

/**
 * What a window holds: `call` opens this run's calls, pictures and streams and says which window it is, `resume` asks a later
 * run for its own.
 */
export interface WindowPass {
  call: string;
  resume: string;
  window: WindowId;
}

const Kept = z.object({
  secret: z.string().length(43),
  madeAt: z.int().min(0),
  port: z.int().min(0).max(65_535),
});
type Kept = z.infer<typeof Kept>;
const RENEW_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;
const CHALLENGE_MILLISECONDS = 60_000;
const MAXIMUM_CHALLENGES = 100;

/**
 * The passes of the windows that this server let in. They live in the page and travel in a header or an address. A cookie
 * would not do: browsers send the cookies of 127.0.0.1 to every port of it, and so to the server of any other account.
 *
 * The pass of a run ends with it. A window that outlives it proves by `resume` that it was let in before, and the server
 * proves first that it is one of the same data folder: whoever took over the port of one that has ended learns nothing.
 */
export class Passes {
  /** Signs the passes of this run. */
  readonly #run = newSecret();
  readonly #resume: string;
  /** With the time at which each was given out, oldest first. */
  readonly #challenges = new Map<string, number>();

  constructor(resume: string) {
    this.#resume = resume;
  }

  /** The pass of a window that was let in: of a new one, or of one that has an id from before. */
  pass(window: WindowId = windowId('web', randomUUID())): WindowPass {
    return { call: `${window}.${sign(this.#run, window)}`, resume: this.#resume, window };
  }

  /** Which window holds this pass; null where it is none of this run. */
  windowOf(given: string | null | undefined): WindowId | null {
    const [name, signature = ''] = (given ?? '').split('.');
    const window = WindowId.safeParse(name);
    return window.success && sameSecret(signature, sign(this.#run, window.data)) ? window.data : null;
  }

  /** Answers a window that wants to know whom it is talking to, and asks it the same. */
  challenge(nonce: string): { challenge: string; proof: string } {
    const challenge = newSecret();
    for (const [oldest, at] of this.#challenges) {
      if (this.#challenges.size < MAXIMUM_CHALLENGES && performance.now() - at < CHALLENGE_MILLISECONDS)
        break;
      this.#challenges.delete(oldest);
    }
    this.#challenges.set(challenge, performance.now());
    return { challenge, proof: sign(this.#resume, `host ${nonce} ${challenge}`) };
  }

  /**
   * This run's pass for a window that answers its challenge; null for any other. A challenge is answered once.
   * @param window the id that the window had in the run before, which it keeps
   */
  answer(challenge: string, answer: string, window?: WindowId): WindowPass | null {
    const at = this.#challenges.get(challenge);
    this.#challenges.delete(challenge);
    if (at === undefined || performance.now() - at > CHALLENGE_MILLISECONDS) return null;
    return sameSecret(answer, sign(this.#resume, `window ${challenge}`)) ? this.pass(window) : null;
  }
}

const sign = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('base64url');

/**
 * By what windows outlive a restart: the secret that they are known by, and the port that they call. It is kept in the data
 * folder for its owner alone, and made anew once a month. A file that others could have read or written is not trusted.
 */
export class WindowKey {
  readonly #file: string;
  #kept: Kept;

  constructor(home: string, now: () => number) {
    this.#file = join(home, 'window.key');
    const kept = readKept(this.#file);
    const age = kept === null ? -1 : now() - kept.madeAt;
    if (kept !== null && age >= 0 && age < RENEW_MILLISECONDS) this.#kept = kept;
    else this.#kept = { secret: newSecret(), madeAt: now(), port: kept?.port ?? 0 };
  }

  get secret(): string {
    return this.#kept.secret;
  }

  /** The port of the last start; 0 where there was none. */
  get port(): number {
    return this.#kept.port;
  }

  /** Keeps the key with the port of this start. */
  keep(port: number): void {
    this.#kept = { ...this.#kept, port };
    const unfinished = `${this.#file}.unfinished`;
    try {
      rmSync(unfinished, { force: true });
      writeFileSync(unfinished, JSON.stringify(this.#kept), { mode: 0o600, flag: 'wx' });
      renameSync(unfinished, this.#file);
    } catch {
      // Then windows don't outlive the next restart; everything else goes on.
    }
  }
}

function readKept(file: string): Kept | null {
  let handle: number | null = null;
  try {
    handle = openSync(file, 'r');
    const { mode, uid } = fstatSync(handle);
    const others = process.platform !== 'win32' && ((mode & 0o077) !== 0 || uid !== process.getuid?.());
    return others ? null : Kept.parse(JSON.parse(readFileSync(handle, 'utf8')));
  } catch {
    // Missing, or not as it was written: a new one is made.
    return null;
  } finally {
    if (handle !== null) closeSync(handle);
  }
}
