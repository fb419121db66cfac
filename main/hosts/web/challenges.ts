import { createHmac } from 'node:crypto';
import { newSecret, sameSecret } from './security.ts';

const CHALLENGE_MILLISECONDS = 60_000;
const MAXIMUM_CHALLENGES = 100;

/** HMAC-SHA-256, as base64url without padding. */
export const sign = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('base64url');

/**
 * By what two programs on this machine prove to each other that they know one secret, the server first: whoever took over
 * the port of one that has ended learns nothing.
 */
export class Challenges {
  readonly #secret: string;
  /** Whose answers these are, such as `window`. */
  readonly #role: string;
  /** With the time at which each was given out, oldest first. */
  readonly #open = new Map<string, number>();

  constructor(secret: string, role: string) {
    this.#secret = secret;
    this.#role = role;
  }

  /** Answers one that wants to know whom it is talking to, and asks it the same. */
  challenge(nonce: string): { challenge: string; proof: string } {
    const challenge = newSecret();
    for (const [oldest, at] of this.#open) {
      if (this.#open.size < MAXIMUM_CHALLENGES && performance.now() - at < CHALLENGE_MILLISECONDS) break;
      this.#open.delete(oldest);
    }
    this.#open.set(challenge, performance.now());
    return { challenge, proof: sign(this.#secret, `host ${nonce} ${challenge}`) };
  }

  /** Whether this is the answer to a challenge of ours. Each is answered once, rightly or not. */
  isAnswered(challenge: string, answer: string): boolean {
    const at = this.#open.get(challenge);
    this.#open.delete(challenge);
    if (at === undefined || performance.now() - at > CHALLENGE_MILLISECONDS) return false;
    return sameSecret(answer, sign(this.#secret, `${this.#role} ${challenge}`));
  }
}
