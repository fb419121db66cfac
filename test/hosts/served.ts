import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWebHost, type WebHost } from '../../main/hosts/web/server.ts';
import type { Workstation } from '../../main/workstation.ts';
import {
  resultOf,
  calls,
  unwrap,
  WorkstationEvent,
  type CallInput,
  type CallName,
  type CallOutput,
} from '../../preload/contract/index.ts';

/** A real workstation behind its real server, and windows that are no more than their requests. */
export class Served {
  readonly host: WebHost;
  readonly #folder: string;

  private constructor(host: WebHost, folder: string) {
    this.host = host;
    this.#folder = folder;
  }

  static async start(workstation: Workstation): Promise<Served> {
    const folder = mkdtempSync(join(tmpdir(), 'served-'));
    writeFileSync(join(folder, 'index.html'), '<title>window</title>');
    return new Served(
      await startWebHost({ workstation, rendererFolder: folder, log: () => undefined }),
      folder,
    );
  }

  /** A window that was let in. */
  async open(): Promise<Window> {
    const token = new URL(this.host.newAddress()).searchParams.get('token');
    const entered = await post(this.host.origin, 'enter', { token }, {});
    const { call, window } = (entered as { value: { call: string; window: string } }).value;
    return new Window(this.host.origin, call, window);
  }

  async close(): Promise<void> {
    await this.host.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** An event with its place in the record, where it has one, and when it came, in ms since the Unix epoch. */
export interface Heard {
  event: WorkstationEvent;
  id: string | null;
  at: number;
}

export class Window {
  readonly id: string;
  readonly #origin: string;
  readonly #pass: string;

  constructor(origin: string, pass: string, id: string) {
    this.#origin = origin;
    this.#pass = pass;
    this.id = id;
  }

  async call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const answer = await post(this.#origin, name, input, { 'x-workstation-pass': this.#pass });
    return unwrap(resultOf(calls[name].output).parse(answer) as never);
  }

  /** Makes a call and breaks the request off at once, as a window does that is closed. */
  async callAndLeave<N extends CallName>(name: N, input: CallInput<N>): Promise<void> {
    const left = new AbortController();
    const headers = { 'x-workstation-pass': this.#pass };
    const sent = post(this.#origin, name, input, headers, left.signal).catch(() => undefined);
    // Long enough for the request to be there, and too short for a frame to be decoded.
    await new Promise((later) => setTimeout(later, 5));
    left.abort();
    await sent;
  }

  /**
   * Listens to what is told; resolves once the stream is open.
   * @param headers such as `last-event-id`, which a browser sends when it connects again
   */
  listen(headers: Record<string, string> = {}, query = ''): Promise<{ heard: Heard[]; stop: () => void }> {
    return new Promise((resolve, reject) => {
      const heard: Heard[] = [];
      const { hostname, port } = new URL(this.#origin);
      const sent: ClientRequest = request(
        {
          ...{ hostname, port, path: `/api/events${query}` },
          headers: { ...headers, 'x-workstation-pass': this.#pass },
        },
        (response) => {
          let unread = '';
          response.setEncoding('utf8');
          response.on('error', () => undefined);
          response.on('data', (text: string) => {
            const at = performance.timeOrigin + performance.now();
            const blocks = (unread + text).split('\n\n');
            unread = blocks.pop() ?? '';
            for (const block of blocks) {
              const data = /^data: (.*)$/m.exec(block)?.[1];
              if (data === undefined) continue;
              const id = /^id: (.*)$/m.exec(block)?.[1] ?? null;
              heard.push({ event: WorkstationEvent.parse(JSON.parse(data)), id, at });
            }
          });
          resolve({ heard, stop: () => void sent.destroy() });
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  }
}

async function post(
  origin: string,
  name: string,
  body: object,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<unknown> {
  const response = await fetch(`${origin}/api/${name}`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  return response.json();
}
