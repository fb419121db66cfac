import { z } from 'zod';
import { WorkstationError, type ErrorReport } from '../../../preload/contract/errors.ts';
import type { Accelerator, Device } from '../devices/devices.ts';
import { explainExit, type ExitCause } from '../processes/process-exit.ts';
import type { EngineChild } from '../processes/start-process.ts';
import {
  FromEngine,
  type AnswerResult,
  type MemoryEstimate,
  type ModelInfo,
  type ToEngine,
  type WorkPhase,
} from '../messages.ts';
import { readHeartbeat } from '../processes/heartbeat.ts';
import { ProcessWatch, type WatchLimits } from './engine-watch.ts';

/**
 * How a process was lost: it ended by itself or from outside, or was ended here, because its device failed, it did not
 * respond, took too much memory, or did not obey a stop.
 */
export type LossKind = 'exit' | 'device' | 'hung' | 'memory' | 'stop';

/** The process ended while something was asked of it. The message is the reason in words. */
export class ProcessLost extends Error {
  readonly kind: LossKind;
  /** The device whose fault it may be: one other than the CPU was in use, or was being tried. */
  readonly device: Accelerator | null;
  /** How many calls the process had under way. */
  readonly calls: number;

  constructor(kind: LossKind, reason: string, device: Accelerator | null = null, calls = 1) {
    super(reason);
    this.name = 'ProcessLost';
    this.kind = kind;
    this.device = device;
    this.calls = calls;
  }
}

/** A stop was not obeyed in time, but the process has other calls under way and is therefore not ended. */
export class StopOverdue extends Error {}

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
  /** Whether the call was cancelled, so that nobody waits for its result. */
  stopping: boolean;
}

export interface EngineProcessOptions {
  /** Starts the process; every line that it writes goes to `log`. */
  readonly start: (log: (line: string) => void) => EngineChild;
  readonly log: (line: string) => void;
  readonly limits: WatchLimits;
}

const tickMilliseconds = 500;
/** How many characters of a process's last output are kept; the reason for its end may be among them. */
const keptLines = 20;

/** One engine process: makes typed calls over messages, watches that it lives, and settles all calls when it ends. */
export class EngineProcess {
  readonly #child: EngineChild;
  readonly #log: (line: string) => void;
  readonly #watch: ProcessWatch;
  readonly #ticking: NodeJS.Timeout;
  readonly #pending = new Map<number, Pending>();
  readonly #lastLines: string[] = [];
  #nextId = 1;
  #loss: ProcessLost | null = null;
  #phase: WorkPhase = 'load';
  /** The device in use, or the one that was tried last. */
  #device: Device = 'cpu';
  onResident: (bytes: number) => void = () => undefined;
  /** Not called after {@link end}. */
  onLost: (loss: ProcessLost) => void = () => undefined;

  constructor(options: EngineProcessOptions) {
    this.#log = options.log;
    this.#watch = new ProcessWatch(options.limits, tickMilliseconds / 1000);
    this.#child = options.start((line) => this.#line(line));
    this.#child.onMessage((message) => this.#receive(message));
    this.#child.onExit((reason) => {
      const { words, cause } = explainExit(reason, this.#lastLines);
      this.#lose('exit', words, cause);
    });
    this.#ticking = setInterval(() => this.#tick(), tickMilliseconds);
    this.#ticking.unref();
  }

  get processId(): number | null {
    return this.#child.pid ?? null;
  }

  get alive(): boolean {
    return this.#loss === null;
  }

  async load(
    message: LoadMessage,
    options: CallOptions & {
      readonly onProgress: (activity: string, fraction: number) => void;
      readonly onEstimate: (estimate: MemoryEstimate) => void;
    },
  ): Promise<ModelInfo> {
    const reply = await this.#call({ ...message, type: 'load' }, options, (update) => {
      if (update.type === 'progress') options.onProgress(update.activity, update.fraction);
      if (update.type === 'estimate') options.onEstimate(update.estimate);
    });
    if (reply.type !== 'loaded') throw unexpected(reply.type);
    const { device } = reply.info;
    if (device !== 'server') this.#device = device;
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
    this.onLost = () => undefined;
    this.#endByForce('stop', 'it was ended');
  }

  #call(
    message: ({ type: 'load' } & LoadMessage) | ({ type: 'ask' } & AskMessage),
    options: CallOptions,
    onMessage: (message: FromEngine) => void,
  ): Promise<FromEngine> {
    if (this.#loss !== null) return Promise.reject(this.#loss);
    const id = this.#nextId;
    this.#nextId += 1;
    this.#phase = message.type === 'load' ? 'load' : 'preprocess';
    const { signal, hardStopMilliseconds } = options;
    let hardStop: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      const call = this.#pending.get(id);
      if (call !== undefined) call.stopping = true;
      this.#child.send({ type: 'cancel', id } satisfies ToEngine);
      hardStop = setTimeout(() => {
        if ([...this.#pending.values()].some(({ stopping }) => !stopping)) {
          call?.reject(new StopOverdue('a stop took too long'));
          return;
        }
        // A run of a graph cannot be interrupted except by ending its process.
        this.#log('engine process: a stop was not obeyed in time, ending the process');
        this.#endByForce('stop', 'a stop took too long');
      }, hardStopMilliseconds);
    };
    const reply = new Promise<FromEngine>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onMessage, stopping: false });
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
    this.#watch.heard();
    const parsed = FromEngine.safeParse(received);
    if (!parsed.success) {
      this.#refuse(received, parsed.error);
      return;
    }
    const message = parsed.data;
    if (message.type === 'ready') return;
    if (message.type === 'heartbeat') {
      this.#resident(message.residentBytes);
      return;
    }
    // What the process does now is told of the whole of it. The call that it is addressed to may have been given up,
    // and the watch's limits have to follow the work all the same.
    if (message.type === 'phase') this.#phase = message.phase;
    const pending = this.#pending.get(message.id);
    if (pending === undefined || message.type === 'phase') return;
    if (message.type === 'trying') this.#device = message.device;
    else if (message.type === 'device-lost') this.#loseDevice(message);
    else if (message.type === 'failed') pending.reject(fromReport(message.error));
    else if (message.type === 'loaded' || message.type === 'answered') pending.resolve(message);
    else pending.onMessage(message);
  }

  /** Rejects the call that an invalid message was meant for, so that its caller does not wait for ever. */
  #refuse(received: unknown, { issues }: z.ZodError): void {
    const issue = `${issues[0]?.path.join('.') ?? 'message'}: ${issues[0]?.message ?? 'unknown'}`;
    this.#log(`engine process: a message does not fit: ${issue}`);
    const reply = z.object({ id: z.int() }).safeParse(received);
    if (!reply.success) return;
    this.#pending
      .get(reply.data.id)
      ?.reject(
        new WorkstationError(
          'internal',
          `The engine’s reply does not have the expected form (${issue}).`,
          'Ask again; if it happens again, load the model again.',
        ),
      );
  }

  #line(line: string): void {
    const heartbeat = readHeartbeat(line);
    if (heartbeat === null) {
      this.#lastLines.push(line);
      if (this.#lastLines.length > keptLines) this.#lastLines.shift();
      this.#log(line);
      return;
    }
    this.#watch.heartbeat(heartbeat.processorMilliseconds);
    this.#resident(heartbeat.residentBytes);
  }

  #resident(bytes: number): void {
    this.onResident(bytes);
    // Not left for the next tick: a model that does not fit takes gigabytes a second.
    const verdict = this.#watch.resident(bytes);
    if (verdict !== null) this.#endByForce(verdict.kind, verdict.reason);
  }

  #tick(): void {
    const verdict = this.#watch.tick(this.#pending.size > 0 ? this.#phase : null);
    if (verdict !== null) this.#endByForce(verdict.kind, verdict.reason);
  }

  /** Does not wait until the process is gone, because one that hangs in a driver or on a disk may take long. */
  #endByForce(kind: LossKind, reason: string): void {
    this.#child.kill();
    this.#lose(kind, reason);
  }

  #loseDevice({ device, reason }: Extract<FromEngine, { type: 'device-lost' }>): void {
    this.#device = device;
    this.#endByForce('device', reason);
  }

  #lose(kind: LossKind, reason: string, cause: ExitCause = 'unknown'): void {
    if (this.#loss !== null) return;
    const innocent = kind === 'memory' || kind === 'stop' || cause === 'outside';
    this.#loss = new ProcessLost(
      kind,
      reason,
      innocent || this.#device === 'cpu' ? null : this.#device,
      this.#pending.size,
    );
    clearInterval(this.#ticking);
    for (const pending of this.#pending.values()) pending.reject(this.#loss);
    this.onLost(this.#loss);
  }
}

function fromReport(report: ErrorReport): WorkstationError {
  return new WorkstationError(report.code, report.message, report.hint);
}

function unexpected(type: string): WorkstationError {
  return new WorkstationError('internal', `The engine answered with ${type}.`, 'Try again.');
}
