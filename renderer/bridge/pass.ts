import { z } from 'zod';
import { resultOf } from '../../preload/contract/index.ts';

const Pass = z.object({
  call: z.string(),
  resume: z.string(),
  /** The window's own id. What an older version kept has none, and gets one with the next pass. */
  window: z.string().optional(),
});
type Pass = z.infer<typeof Pass>;
const Challenge = z.object({ challenge: z.string(), proof: z.string() });

/** `unreachable`: nobody answers; `refused`: whoever answers does not know this window, or can't prove that it does. */
export type Resumed = 'resumed' | 'refused' | 'unreachable';

export const passHeader = 'x-workstation-pass';
const storageKey = 'workstation-pass';
/** How long another tab of this workstation may take to answer, in ms. */
const otherTabMilliseconds = 400;

/** What the entry of a window needs of its browser. */
export interface Surroundings {
  /** The page's own origin. */
  origin: string;
  /** Lasts as long as the tab, through reloads; a duplicated tab has a copy. */
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  /** Of the tabs that show this workstation, and no other site's. */
  channel: BroadcastChannel | null;
  /** Takes a name for the life of the page; false where another page of the browser has it. */
  claim: (name: string) => Promise<boolean>;
}

/**
 * The window's right to call the workstation. It is kept in the page, not in a cookie: a browser sends the cookies of
 * 127.0.0.1 to every port of it, and so to programs of other accounts on this machine.
 */
export class WindowPass {
  readonly #surroundings: Surroundings;
  #pass: Pass;
  #resuming: Promise<Resumed> | null = null;

  private constructor(surroundings: Surroundings, pass: Pass) {
    this.#surroundings = surroundings;
    this.#pass = pass;
    surroundings.storage.setItem(storageKey, JSON.stringify(pass));
    surroundings.channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data === 'who is in?') surroundings.channel?.postMessage(this.#pass);
    });
  }

  /**
   * Lets the window in: by the token of its address, by what this tab held before, or by another tab of the same
   * workstation. Null where none of these does. Each window has a pass of its own: a tab that was duplicated, and one that
   * another tab lets in, ask for one.
   */
  static async enter(surroundings: Surroundings, token: string | null): Promise<WindowPass | null> {
    const { origin, storage, channel, claim } = surroundings;
    const own =
      (token === null ? null : known(await post(origin, '/api/enter', { token }, Pass))) ?? read(storage);
    const pass = own ?? (await askOtherTabs(channel));
    if (pass === null) return null;
    const { call, resume, window } = pass;
    if (own !== null && window !== undefined && (await claim(window)))
      return new WindowPass(surroundings, own);
    const another = known(await post(origin, '/api/another-window', {}, Pass, { [passHeader]: call }));
    if (another?.window !== undefined) await claim(another.window);
    // A workstation that was started anew knows neither; it gives a pass when it is asked for one by `resume`.
    return new WindowPass(surroundings, another ?? { call: '', resume });
  }

  get call(): string {
    return this.#pass.call;
  }

  /** The window's own id, through reloads; empty where an older version let it in. */
  get window(): string {
    return this.#pass.window ?? '';
  }

  /** An address of pictures or streams, which elements load by themselves and without headers. */
  address(path: string): string {
    return `${path}${path.includes('?') ? '&' : '?'}pass=${encodeURIComponent(this.#pass.call)}`;
  }

  /**
   * Asks the workstation for the pass of its present run. It proves first that it is of the same data folder: the port
   * may have been taken by another program, which must not learn what would let it in.
   */
  resume(): Promise<Resumed> {
    this.#resuming ??= this.#resume().finally(() => (this.#resuming = null));
    return this.#resuming;
  }

  async #resume(): Promise<Resumed> {
    const { origin, storage } = this.#surroundings;
    const { resume } = this.#pass;
    const nonce = crypto.randomUUID();
    const host = await post(origin, '/api/challenge', { nonce }, Challenge);
    if (host === 'refused' || host === 'unreachable') return host;
    if (host.proof !== (await sign(resume, `host ${nonce} ${host.challenge}`))) return 'refused';
    const answer = await sign(resume, `window ${host.challenge}`);
    const { window } = this.#pass;
    const pass = await post(origin, '/api/resume', { challenge: host.challenge, answer, window }, Pass);
    if (pass === 'refused' || pass === 'unreachable') return pass;
    this.#pass = pass;
    storage.setItem(storageKey, JSON.stringify(pass));
    return 'resumed';
  }
}

/** How long the page before may take to give a name back at a reload, in ms. */
const claimMilliseconds = 500;

/** Claims names by the browser's locks, which end with the page that holds them. */
export function claimByLock(locks: LockManager): Surroundings['claim'] {
  return (name) =>
    new Promise((resolve) => {
      const held = new Promise<never>(() => undefined);
      const take = (): Promise<never> => {
        resolve(true);
        return held;
      };
      locks
        .request(`workstation ${name}`, { signal: AbortSignal.timeout(claimMilliseconds) }, take)
        .catch(() => resolve(false));
    });
}

let current: WindowPass | null = null;

/** The window's pass from now on: one for the life of the page. */
export function usePass(pass: WindowPass): void {
  current = pass;
}

/** By what this window is known to others of the same browser. */
export const windowName = (): string => current?.window ?? '';

/** The address by which this window may load a picture or stream of the workstation's. */
export const passed = (path: string): string => current?.address(path) ?? path;

function read(storage: Surroundings['storage']): Pass | null {
  try {
    return Pass.parse(JSON.parse(storage.getItem(storageKey) ?? 'null'));
  } catch {
    // Nothing there, or nothing of ours.
    return null;
  }
}

function askOtherTabs(channel: BroadcastChannel | null): Promise<Pass | null> {
  if (channel === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const done = (pass: Pass | null): void => {
      clearTimeout(timer);
      channel.removeEventListener('message', listen);
      resolve(pass);
    };
    const listen = ({ data }: MessageEvent<unknown>): void => {
      const pass = Pass.safeParse(data);
      if (pass.success) done(pass.data);
    };
    const timer = setTimeout(() => done(null), otherTabMilliseconds);
    channel.addEventListener('message', listen);
    channel.postMessage('who is in?');
  });
}

const known = <T>(value: T | 'refused' | 'unreachable'): T | null =>
  value === 'refused' || value === 'unreachable' ? null : value;

async function post<T>(
  origin: string,
  path: string,
  body: object,
  schema: z.ZodType<T>,
  headers: Readonly<Record<string, string>> = {},
): Promise<T | 'refused' | 'unreachable'> {
  try {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const result = resultOf(schema).safeParse(await response.json().catch(() => null));
    return result.success && result.data.ok ? result.data.value : 'refused';
  } catch {
    return 'unreachable';
  }
}

/** HMAC-SHA-256, as base64url without padding. */
async function sign(secret: string, text: string): Promise<string> {
  const bytes = new TextEncoder();
  const hash = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes.encode(secret), hash, false, ['sign']);
  const signed = new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes.encode(text)));
  return btoa(String.fromCharCode(...signed))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
