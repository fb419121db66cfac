import { toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { DeviceWish } from './devices.ts';
import { askProcess, stoppedAnswer } from './engine-answering.ts';
import { engineEntry, startWithNode } from './engine-host.ts';
import { EngineProcess, ProcessLost } from './engine-link.ts';
import type { AnswerResult, ModelInfo } from './engine-messages.ts';
import { emptyState, EngineStates, type EngineState } from './engine-state.ts';
import type { AskRequest, Engine, EngineOptions, LoadRequest } from './engine.ts';
import { Turns } from './turns.ts';

/** A restart is nobody's to stop. */
const neverAborted = new AbortController().signal;

/** More losses than this within a minute: it would only go on, so it is said instead. */
const lossesPerMinute = 3;

export function createEngine(options: EngineOptions = {}): Engine {
  return new EngineClient(options);
}

class EngineClient implements Engine {
  readonly #start: () => EngineProcess;
  readonly #log: (line: string) => void;
  readonly #hardStopMilliseconds: number;
  readonly #states = new EngineStates();
  /** What should be loaded, whatever becomes of processes. */
  #wanted: LoadRequest | null = null;
  #process: EngineProcess | null = null;
  /** Everything that is asked of the engine. */
  readonly #turns = new Turns();
  #losses: number[] = [];
  #webgpuTrouble: string | null = null;
  #disposed = false;

  constructor(options: EngineOptions) {
    this.#log = options.log ?? (() => undefined);
    const start = options.start ?? startWithNode;
    const entry = options.entry ?? engineEntry();
    this.#start = () => new EngineProcess(start(entry, this.#log), this.#log);
    this.#hardStopMilliseconds = options.hardStopMilliseconds ?? 1000;
  }

  get state(): EngineState {
    return this.#states.current;
  }

  get processId(): number | null {
    return this.#process?.processId ?? null;
  }

  onState(listener: (state: EngineState) => void): () => void {
    return this.#states.subscribe(listener);
  }

  load(request: LoadRequest): Promise<ModelInfo> {
    return this.#inTurn(async () => {
      this.#wanted = null;
      this.#losses = [];
      this.#webgpuTrouble = null;
      this.#end();
      const info = await this.#bring(request, 'loading');
      this.#wanted = { ...request, signal: neverAborted };
      return info;
    });
  }

  ask(request: AskRequest): Promise<AnswerResult> {
    return this.#turns.takeUnlessStopped(
      request.signal,
      () => stoppedAnswer(request.settings),
      async () => {
        this.#notDisposed();
        return askProcess(await this.#ready(), request, this.#hardStopMilliseconds);
      },
    );
  }

  unload(): Promise<void> {
    return this.#inTurn(() => {
      this.#wanted = null;
      this.#end();
      this.#states.set(emptyState('unloaded'));
      return Promise.resolve();
    });
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#wanted = null;
    this.#end();
    this.#states.set(emptyState('unloaded'));
    this.#states.endSubscriptions();
    return Promise.resolve();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      this.#notDisposed();
      return work();
    });
  }

  #notDisposed(): void {
    if (this.#disposed) throw shutDown();
  }

  /** The running process with its model; brings both back when the process was lost. */
  async #ready(): Promise<EngineProcess> {
    if (this.#process !== null && this.#process.alive && this.#states.current.phase === 'ready')
      return this.#process;
    if (this.#wanted === null) {
      throw new WorkstationError('unavailable', 'No model is loaded.', 'Load a model, then ask again.');
    }
    this.#losses = this.#losses.filter((at) => Date.now() - at < 60_000);
    if (this.#losses.length >= lossesPerMinute) {
      const error = new WorkstationError(
        'engine-lost',
        `The engine ended ${this.#losses.length} times within a minute.`,
        'Load the model again, or another one; the log names the reason of each end.',
      );
      this.#states.set({ ...emptyState('failed'), error: error.toReport() });
      throw error;
    }
    await this.#bring(this.#wanted, 'restarting');
    return this.#process!;
  }

  /** Starts a process and loads the model into it. */
  async #bring(request: LoadRequest, phase: 'loading' | 'restarting'): Promise<ModelInfo> {
    this.#states.set({
      ...emptyState(phase),
      model: phase === 'restarting' ? this.#states.current.model : null,
      error: phase === 'restarting' ? this.#states.current.error : null,
      activity: 'Starting the engine',
      progress: 0,
    });
    const device = request.device ?? 'auto';
    try {
      const info = await this.#loadOnce(request, device).catch((error: unknown) => {
        const final =
          device === 'cpu' || this.#webgpuTrouble !== null || request.signal?.aborted || this.#disposed;
        if (!(error instanceof ProcessLost) || final) throw error;
        // A graphics driver can end a process; the second try goes without it and says so.
        this.#webgpuTrouble = `it ended the engine's process (${error.message})`;
        return this.#loadOnce(request, device);
      });
      this.#states.set({ ...emptyState('ready'), model: info, residentBytes: info.memoryBytes });
      return info;
    } catch (error) {
      this.#end();
      if (this.#disposed) throw shutDown();
      if (request.signal?.aborted) {
        this.#states.set(emptyState('unloaded'));
        throw new WorkstationError('cancelled', 'Loading the model was stopped.', 'Load a model to ask.');
      }
      const told =
        error instanceof ProcessLost
          ? new WorkstationError(
              'engine-lost',
              `The engine ended while it loaded the model (${error.message}).`,
              'Check that there is enough free memory, or load a smaller model.',
            )
          : error;
      this.#states.set({ ...emptyState('failed'), error: toErrorReport(told) });
      throw told;
    }
  }

  async #loadOnce(request: LoadRequest, device: DeviceWish): Promise<ModelInfo> {
    const started = this.#start();
    this.#process = started;
    started.onHeartbeat = (residentBytes) => {
      const known = this.#states.current.residentBytes ?? 0;
      // Said only when it is news: listeners pass every state on to a window.
      if (this.#process === started && Math.abs(residentBytes - known) > known / 20) {
        this.#states.change({ residentBytes });
      }
    };
    started.onLost = (reason) => this.#lost(started, reason);
    return started.load(
      {
        directory: request.directory,
        device,
        threads: request.threads ?? null,
        webgpuTrouble: this.#webgpuTrouble,
      },
      {
        ...(request.signal ? { signal: request.signal } : {}),
        hardStopMilliseconds: this.#hardStopMilliseconds,
        onProgress: (activity, progress) => this.#states.change({ activity, progress }),
      },
    );
  }

  /** The process ended without being told to by load, unload or dispose. */
  #lost(ended: EngineProcess, reason: string): void {
    if (this.#process !== ended) return;
    this.#process = null;
    this.#log(`engine process ended: ${reason}`);
    if (this.#wanted === null || this.#states.current.phase !== 'ready') return;
    if (!ended.killedForStop) this.#losses.push(Date.now());
    this.#states.set({
      ...emptyState('restarting'),
      model: this.#states.current.model,
      activity: 'Starting the engine',
      progress: 0,
      error: {
        code: 'engine-lost',
        message: ended.killedForStop
          ? 'The engine was ended by force, because a stop took too long.'
          : `The engine ended unexpectedly (${reason}).`,
        hint: 'It starts again by itself.',
      },
    });
    this.#inTurn(async () => {
      if (this.#wanted !== null) await this.#ready();
    }).catch((error: unknown) => this.#log(`engine restart: ${toErrorReport(error).message}`));
  }

  #end(): void {
    const ending = this.#process;
    this.#process = null;
    ending?.end();
  }
}

function shutDown(): WorkstationError {
  return new WorkstationError('unavailable', 'The engine has been shut down.', 'Start the program again.');
}
