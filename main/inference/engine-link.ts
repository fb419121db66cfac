import { WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import type { EngineChild } from './engine-host.ts';
import { FromEngine, type AnswerResult, type ModelInfo, type ToEngine } from './engine-messages.ts';

/** The process ended while something was asked of it. The message is the reason in words. */
export class ProcessLost extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProcessLost';
  }
}

type LoadMessage = Omit<Extract<ToEngine, { type: 'load' }>, 'type' | 'id'>;
type AskMessage = Omit<Extract<ToEngine, { type: 'ask' }>, 'type' | 'id'>;
type TextMessage = Extract<FromEngine, { type: 'text' }>;

interface CallOptions {
  readonly signal?: AbortSignal;
  /** After a cancel, how long the process has to obey before it is ended. */
  readonly hardStopMilliseconds: number;
}

interface Pending {
  readonly resolve: (message: FromEngine) => void;
  readonly reject: (error: Error) => void;
  readonly onMessage: (message: FromEngine) => void;
}

/** One engine process: typed calls with ids over its messages, and what becomes of them when it ends. */
export class EngineProcess {
  readonly #child: EngineChild;
  readonly #log: (line: string) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #exitReason: string | null = null;
  #ended = false;
  #killedForStop = false;
  onHeartbeat: (residentBytes: number) => void = () => undefined;
  onLost: (reason: string) => void = () => undefined;

  constructor(child: EngineChild, log: (line: string) => void) {
    this.#child = child;
    this.#log = log;
    child.onMessage((message) => this.#receive(message));
    child.onExit((reason) => this.#exit(reason));
  }

  get processId(): number | null {
    return this.#child.pid ?? null;
  }

  get alive(): boolean {
    return this.#exitReason === null && !this.#ended;
  }

  /** Whether it was ended because it did not obey a stop in time. */
  get killedForStop(): boolean {
    return this.#killedForStop;
  }

  async load(
    message: LoadMessage,
    options: CallOptions & { readonly onProgress: (activity: string, fraction: number) => void },
  ): Promise<ModelInfo> {
    const reply = await this.#call({ ...message, type: 'load' }, options, (update) => {
      if (update.type === 'progress') options.onProgress(update.activity, update.fraction);
    });
    if (reply.type !== 'loaded') throw unexpected(reply.type);
    return reply.info;
  }

  async ask(
    message: AskMessage,
    options: CallOptions & { readonly onText: (message: TextMessage) => void },
  ): Promise<AnswerResult> {
    const reply = await this.#call({ ...message, type: 'ask' }, options, (update) => {
      if (update.type === 'text') options.onText(update);
    });
    if (reply.type !== 'answered') throw unexpected(reply.type);
    return reply.result;
  }

  /** Ends the process at once; calls under way reject with {@link ProcessLost}, `onLost` is not called. */
  end(): void {
    this.#ended = true;
    this.#child.kill();
  }

  #call(
    message: ({ type: 'load' } & LoadMessage) | ({ type: 'ask' } & AskMessage),
    options: CallOptions,
    onMessage: (message: FromEngine) => void,
  ): Promise<FromEngine> {
    if (this.#exitReason !== null) return Promise.reject(new ProcessLost(this.#exitReason));
    const id = this.#nextId;
    this.#nextId += 1;
    const { signal, hardStopMilliseconds } = options;
    let hardStop: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      this.#child.send({ type: 'cancel', id } satisfies ToEngine);
      // Nothing stops a run under way but the end of its process.
      hardStop = setTimeout(() => {
        this.#log('engine process: a stop was not obeyed in time, ending the process');
        this.#killedForStop = true;
        this.#child.kill();
      }, hardStopMilliseconds);
    };
    const reply = new Promise<FromEngine>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onMessage });
      this.#child.send({ ...message, id } satisfies ToEngine);
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
    return reply.finally(() => {
      this.#pending.delete(id);
      clearTimeout(hardStop);
      signal?.removeEventListener('abort', cancel);
    });
  }

  #receive(received: unknown): void {
    const parsed = FromEngine.safeParse(received);
    if (!parsed.success) {
      this.#log(`engine process: a message does not fit: ${parsed.error.issues[0]?.message ?? 'unknown'}`);
      return;
    }
    const message = parsed.data;
    if (message.type === 'ready') return;
    if (message.type === 'heartbeat') {
      this.onHeartbeat(message.residentBytes);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'failed') pending.reject(fromReport(message.error));
    else if (message.type === 'loaded' || message.type === 'answered') pending.resolve(message);
    else pending.onMessage(message);
  }

  #exit(reason: string): void {
    this.#exitReason = reason;
    for (const pending of this.#pending.values()) pending.reject(new ProcessLost(reason));
    if (!this.#ended) this.onLost(reason);
  }
}

function fromReport(report: ErrorReport): WorkstationError {
  return new WorkstationError(report.code, report.message, report.hint);
}

function unexpected(type: string): WorkstationError {
  return new WorkstationError('internal', `The engine answered with ${type}.`, 'Try again.');
}
