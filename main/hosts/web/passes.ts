import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { windowId, WindowId } from '../../../preload/contract/index.ts';
import { readPrivate, writePrivate } from '../private-file.ts';
import { Challenges, sign } from './challenges.ts';
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
  readonly #challenges: Challenges;

  constructor(resume: string) {
    this.#resume = resume;
    this.#challenges = new Challenges(resume, 'window');
  }

  /** The pass of a window that was let in: of a new one, or of one that has an id from before. */
  pass(window: WindowId = windowId('web', randomUUID())): WindowPass {
    return { call: `${window}.${sign(this.#run, window)}`, resume: this.#resume, window };
  }

  /** Which window holds this pass; null where it is none of this run. */
  windowOf(given: string | null | undefined): WindowId | null {
    const [name, signature = '', ...more] = (given ?? '').split('.');
    if (more.length > 0) return null;
    const window = WindowId.safeParse(name);
    return window.success && sameSecret(signature, sign(this.#run, window.data)) ? window.data : null;
  }

  /** Answers a window that wants to know whom it is talking to, and asks it the same. */
  challenge(nonce: string): { challenge: string; proof: string } {
    return this.#challenges.challenge(nonce);
  }

  /**
   * This run's pass for a window that answers its challenge; null for any other.
   * @param window the id that the window had in the run before, which it keeps
   */
  answer(challenge: string, answer: string, window?: WindowId): WindowPass | null {
    return this.#challenges.isAnswered(challenge, answer) ? this.pass(window) : null;
  }
}

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
    try {
      writePrivate(this.#file, JSON.stringify(this.#kept));
    } catch {
      // Then windows don't outlive the next restart; everything else goes on.
    }
  }
}

function readKept(file: string): Kept | null {
  try {
    return Kept.parse(JSON.parse(readPrivate(file) ?? 'null'));
  } catch {
    // Missing, or not as it was written: a new one is made.
    return null;
  }
}
