import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/index.ts';
import { Challenges } from './challenges.ts';

const text = z.string().min(1).max(100);
const Knock = z.strictObject({ nonce: text });
const Invite = z.strictObject({
  challenge: text,
  answer: text,
  /** The path of a file that the window is to open. */
  file: z.string().min(1).max(4096).optional(),
});

/**
 * How another start on the same data folder gets one more window of this one: it knows the secret of the file `window.door`,
 * which this account alone can read.
 */
export class Invitations {
  readonly #challenges: Challenges;
  readonly #open: (file: string | null) => Promise<string | null>;

  /** @param open opens a window and gives null, or gives an address that opens one, once. `file`: what is to be opened there */
  constructor(secret: string, open: (file: string | null) => Promise<string | null>) {
    this.#challenges = new Challenges(secret, 'start');
    this.#open = open;
  }

  takes(path: string): boolean {
    return path === '/api/knock' || path === '/api/invite';
  }

  /** Throws `not-allowed` for whoever does not know the secret. */
  async answer(path: string, body: unknown): Promise<object> {
    if (path === '/api/knock') {
      const asked = Knock.safeParse(body);
      if (asked.success) return this.#challenges.challenge(asked.data.nonce);
    } else {
      const asked = Invite.safeParse(body);
      if (asked.success && this.#challenges.isAnswered(asked.data.challenge, asked.data.answer))
        return { address: await this.#open(asked.data.file ?? null) };
    }
    throw new WorkstationError(
      'not-allowed',
      'This program does not know the data folder of this workstation.',
      'Start it again on the same data folder, under the same account.',
    );
  }
}
