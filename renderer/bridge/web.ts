import type { z } from 'zod';
import {
  callNames,
  calls,
  CopiedFile,
  DroppedFile,
  resultOf,
  WorkstationEvent,
  type Bridge,
  type CallName,
  type ErrorReport,
  type Result,
} from '../../preload/contract/index.ts';
import type { Connection, Reach } from './connection.ts';
import { describeFile } from './dropped-file.ts';
import { passHeader, type WindowPass } from './pass.ts';

const lost: ErrorReport = {
  code: 'unavailable',
  message: 'The workstation does not answer.',
  hint: 'If it was closed, start it again with "npm start", and open the address that it prints.',
};

const unreadable: ErrorReport = {
  code: 'internal',
  message: 'The workstation answered something that this window cannot read.',
  hint: 'Reload the window. If it happens again, window and workstation are of different versions.',
};

const droppedResult = resultOf(DroppedFile);
const copiedResult = resultOf(CopiedFile);

const stopped: ErrorReport = {
  code: 'cancelled',
  message: 'The copy was stopped; nothing was kept of it.',
  hint: 'Open the video from its folder: then it is not copied at all.',
};

const unreadableFile = (name: string): ErrorReport => ({
  code: 'file-unreadable',
  message: `${name} can’t be read by this browser.`,
  hint: 'Check that it is still there and that its disk is connected, then drop it again.',
});

/** How long to wait before the next try to reconnect, in ms. */
const retryMilliseconds = [500, 1000, 2000, 4000];

/**
 * The contract over HTTP on the page's own origin: `POST /api/<call>` with JSON, events as server-sent
 * events, each with the window's pass. A workstation that was started anew gives the window a new one.
 */
export class WebBridge implements Connection {
  readonly bridge: Bridge;
  readonly #origin: string;
  readonly #pass: Pick<WindowPass, 'call' | 'address' | 'resume'>;
  readonly #eventListeners = new Set<(event: WorkstationEvent) => void>();
  readonly #reachListeners = new Set<(reach: Reach) => void>();
  #reach: Reach = 'connected';
  #source: EventSource | null = null;
  #tries = 0;
  /** The last change that came: after a lost connection the workstation tells what came after it. */
  #lastChange = '';

  constructor(origin: string, pass: Pick<WindowPass, 'call' | 'address' | 'resume'>) {
    this.#origin = origin;
    this.#pass = pass;
    const named = callNames.map((name) => [name, (input: unknown) => this.#call(name, input)]);
    this.bridge = {
      // One function for each call of the contract, by its name: the type is that of Bridge by construction.
      ...(Object.fromEntries(named) as Omit<Bridge, 'onEvent' | 'grantDroppedFile' | 'copyDroppedFile'>),
      onEvent: (listener) => this.#onEvent(listener),
      grantDroppedFile: (file) => this.#grantDroppedFile(file),
      copyDroppedFile: (file, onProgress, signal) => this.#copyDroppedFile(file, onProgress, signal),
    };
  }

  onReach(listener: (reach: Reach) => void): () => void {
    this.#reachListeners.add(listener);
    return () => this.#reachListeners.delete(listener);
  }

  #call(name: CallName, input: unknown): Promise<Result<unknown>> {
    // The last position is sent while the page goes, and has to outlive it.
    return this.#post(`/api/${name}`, input, resultOf(calls[name].output), name === 'savePosition');
  }

  async #post<T>(
    path: string,
    body: unknown,
    schema: z.ZodType<Result<T>>,
    keepalive = false,
  ): Promise<Result<T>> {
    const send = async (): Promise<{ status: number; text: string }> => {
      const response = await fetch(this.#origin + path, {
        method: 'POST',
        keepalive,
        headers: { 'content-type': 'application/json', [passHeader]: this.#pass.call },
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    try {
      // Whoever answers at the port of a workstation that was lost has to prove that it is one before it hears anything.
      if (this.#reach !== 'connected' && (await this.#pass.resume()) !== 'resumed')
        return { ok: false, error: lost };
      let answer = await send();
      // A refused call was not carried out, so it can be sent again.
      if (answer.status === 401 && (await this.#pass.resume()) === 'resumed') answer = await send();
      if (answer.status === 401) this.#setReach('refused');
      return parse(schema, answer.text);
    } catch {
      this.#setReach('lost');
      return { ok: false, error: lost };
    }
  }

  #onEvent(listener: (event: WorkstationEvent) => void): () => void {
    this.#eventListeners.add(listener);
    if (!this.#source) this.#listen();
    return () => {
      this.#eventListeners.delete(listener);
      if (this.#eventListeners.size > 0) return;
      this.#source?.close();
      this.#source = null;
    };
  }

  #listen(): void {
    const since = this.#lastChange === '' ? '' : `?since=${this.#lastChange}`;
    const source = new EventSource(this.#origin + this.#pass.address(`/api/events${since}`));
    this.#source = source;
    source.onopen = () => {
      this.#tries = 0;
      this.#setReach('connected');
    };
    source.onmessage = (message: MessageEvent<string>) => {
      const event = WorkstationEvent.safeParse(json(message.data));
      if (!event.success) return;
      if (message.lastEventId !== '') this.#lastChange = message.lastEventId;
      for (const listener of this.#eventListeners) listener(event.data);
    };
    source.onerror = () => {
      source.close();
      if (this.#source !== source) return;
      if (this.#reach === 'connected') this.#setReach('lost');
      const wait = retryMilliseconds[Math.min(this.#tries, retryMilliseconds.length - 1)];
      this.#tries += 1;
      setTimeout(() => void this.#listenAgain(source), wait);
    };
  }

  /** An event source does not say why it closed: gone, started anew, or another program at the same port. */
  async #listenAgain(closed: EventSource): Promise<void> {
    if (this.#source !== closed) return;
    const outcome = await this.#pass.resume();
    if (this.#source !== closed) return;
    if (outcome === 'resumed') return this.#listen();
    this.#setReach(outcome === 'refused' ? 'refused' : 'lost');
    setTimeout(() => void this.#listenAgain(closed), retryMilliseconds.at(-1));
  }

  #setReach(reach: Reach): void {
    if (reach === this.#reach) return;
    this.#reach = reach;
    for (const listener of this.#reachListeners) listener(reach);
  }

  /** The path is hidden from pages, the bytes are not: they tell which of the files here is the one that was dropped. */
  async #grantDroppedFile(file: File): Promise<Result<DroppedFile>> {
    try {
      return await this.#post('/api/grant-dropped', await describeFile(file), droppedResult);
    } catch {
      return { ok: false, error: unreadableFile(file.name) };
    }
  }

  /** XMLHttpRequest, as fetch cannot tell how much of a body has been sent. */
  #copyDroppedFile(
    file: File,
    onProgress: (progress: { done: number; total: number }) => void,
    signal: AbortSignal,
  ): Promise<Result<CopiedFile>> {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('PUT', `${this.#origin}/api/import?name=${encodeURIComponent(file.name)}`);
      request.setRequestHeader(passHeader, this.#pass.call);
      request.upload.onprogress = (event) => onProgress({ done: event.loaded, total: file.size });
      request.onload = () => resolve(parse(copiedResult, request.responseText));
      request.onerror = () => resolve({ ok: false, error: lost });
      request.onabort = () => resolve({ ok: false, error: stopped });
      signal.addEventListener('abort', () => request.abort(), { once: true });
      request.send(file);
    });
  }
}

function parse<T>(schema: z.ZodType<Result<T>>, text: string): Result<T> {
  const result = schema.safeParse(json(text));
  return result.success ? result.data : { ok: false, error: unreadable };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
