import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { WindowId, WorkstationError } from '../../../preload/contract/index.ts';
import { Passes, type WindowPass } from './passes.ts';
import { EntryTokens } from './security.ts';

const secret = z.string().min(1).max(100);
const Enter = z.strictObject({ token: secret });
const Challenge = z.strictObject({ nonce: secret });
/** A window of a browser keeps its id; it can't take that of a command, or of a window of Electron's. */
const BrowserWindowId = WindowId.refine((id) => id.startsWith('web-'));
const Resume = z.strictObject({ challenge: secret, answer: secret, window: BrowserWindowId.optional() });

/** How a window gets its pass: by a printed address, or by one that an earlier run gave it. */
export class Entry {
  readonly #tokens = new EntryTokens();
  readonly #passes: Passes;
  readonly #onRefused: (outcome: 'used' | 'wrong') => void;

  constructor(resumeSecret: string, { onRefused }: { onRefused: (outcome: 'used' | 'wrong') => void }) {
    this.#passes = new Passes(resumeSecret);
    this.#onRefused = onRefused;
  }

  /** Of the address that is printed next. */
  get token(): string {
    return this.#tokens.current;
  }

  /** Of an address that another start on the same data folder is given. */
  invite(): string {
    return this.#tokens.invite();
  }

  takes(path: string): boolean {
    return ['/api/enter', '/api/challenge', '/api/resume'].includes(path);
  }

  /** Throws `not-allowed` where the window is not let in. */
  answer(path: string, body: unknown): object {
    if (path === '/api/challenge') {
      const asked = Challenge.safeParse(body);
      if (asked.success) return this.#passes.challenge(asked.data.nonce);
    } else if (path === '/api/resume') {
      const asked = Resume.safeParse(body);
      const pass = asked.success
        ? this.#passes.answer(asked.data.challenge, asked.data.answer, asked.data.window)
        : null;
      if (pass !== null) return pass;
    } else {
      const asked = Enter.safeParse(body);
      const outcome = asked.success ? this.#tokens.present(asked.data.token) : 'wrong';
      if (outcome === 'accepted') return this.#passes.pass();
      this.#onRefused(outcome);
    }
    throw new WorkstationError(
      'not-allowed',
      'This address no longer opens the workstation.',
      'Open the newest address that the workstation printed in its terminal.',
    );
  }

  /** The pass of another window: for a tab that another one of the same browser lets in. */
  another(): WindowPass {
    return this.#passes.pass();
  }

  /**
   * Which window sends a request; null where it was not let in. Elements of a page can set no headers: for pictures, streams
   * and events the pass is part of the address.
   */
  windowOf(request: IncomingMessage, url: URL): WindowId | null {
    const header = request.headers['x-workstation-pass'];
    if (header !== undefined) return this.#passes.windowOf(typeof header === 'string' ? header : null);
    return request.method === 'POST' ? null : this.#passes.windowOf(url.searchParams.get('pass'));
  }
}
