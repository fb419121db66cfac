import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Headers of every answer. Nothing is fetched from anywhere but this server, and no one may frame it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()',
};

/** 256 bits from the system's generator, in the alphabet of addresses. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** Takes the same time wherever the two differ; hashed first, so that the length tells nothing either. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

type Headers = IncomingMessage['headers'];

/**
 * Why a request can't come from this workstation's own page, or null if it may.
 *
 * A page elsewhere that points its own name at 127.0.0.1 (DNS rebinding) sends that name as Host; a page
 * that merely sends requests here shows itself by Origin and Sec-Fetch-Site. Browsers set all three
 * themselves, and scripts of a page can't change them.
 */
export function refuseForeign(method: string, headers: Headers, port: number): string | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes((headers.host ?? '').toLowerCase())) return 'the Host header names another site';
  const origin = headers.origin;
  if (origin !== undefined && origin !== `http://${headers.host?.toLowerCase()}`) {
    return 'the request comes from another site';
  }
  const reads = method === 'GET' || method === 'HEAD';
  if (!reads && origin === undefined) return 'the request does not say where it comes from';
  const site = headers['sec-fetch-site'];
  const navigates = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !(reads && navigates)) {
    return 'the request comes from another site';
  }
  return null;
}

/** Longer than a browser takes to start. */
const INVITED_MILLISECONDS = 5 * 60_000;
const MAXIMUM_INVITED = 20;

/**
 * The tokens of the printed address, and of the addresses that other starts on the same data folder were given. Each lets one
 * window in, which then has a pass. A second use of the same token (its address leaked through a history or a shared screen)
 * gets nothing.
 */
export class EntryTokens {
  #current = newSecret();
  /** Given to other starts and not used yet, each with the time at which that was. Oldest first. */
  #invited: { token: string; at: number }[] = [];
  #used: string[] = [];

  get current(): string {
    return this.#current;
  }

  /** One more token, which is good for five minutes. */
  invite(): string {
    const token = newSecret();
    this.#invited = [...this.#valid(), { token, at: performance.now() }].slice(-MAXIMUM_INVITED);
    return token;
  }

  /** 'accepted' replaces the current token by a new one. */
  present(token: string): 'accepted' | 'used' | 'wrong' {
    const invited = this.#valid().find((known) => sameSecret(token, known.token));
    const current = sameSecret(token, this.#current);
    if (current) this.#current = newSecret();
    if (current || invited) {
      this.#invited = this.#invited.filter((known) => known !== invited);
      this.#used = [token, ...this.#used].slice(0, 20);
      return 'accepted';
    }
    return this.#used.some((used) => sameSecret(token, used)) ? 'used' : 'wrong';
  }

  #valid(): { token: string; at: number }[] {
    return this.#invited.filter(({ at }) => performance.now() - at < INVITED_MILLISECONDS);
  }
}
