import { totalmem } from 'node:os';
import { toErrorReport, WorkstationError } from '../../../preload/contract/errors.ts';
import { deviceNames, type Accelerator, type DeviceTroubles } from '../devices/devices.ts';
import { askProcess, stoppedAnswer } from './engine-answering.ts';
import { startWithNode } from '../processes/start-process.ts';
import { engineEntry } from './engine-entry.ts';
import { EngineProcess, ProcessLost } from './engine-link.ts';
import { EngineLosses, lossInLoading, reportOfLoss } from './engine-losses.ts';
import type { AnswerResult, ModelInfo } from '../messages.ts';
import { emptyState, EngineStates, type EngineState } from './engine-state.ts';
import { usualMemoryCeiling, usualWatchLimits } from './engine-watch.ts';
import {
  EngineLostError,
  type AskRequest,
  type Engine,
  type EngineOptions,
  type LoadRequest,
} from './engine.ts';
import { startLongTimer } from './long-timer.ts';
import { TaskQueue } from '../../../preload/contract/task-queue.ts';

/** Nobody can cancel a restart. */
const neverAborted = new AbortController().signal;

/** Milliseconds to obey a stop while loading; ending the process then loses no answer. */
const hardStopOfLoading = 300;

export function createEngine(options: EngineOptions = {}): Engine {
  return new EngineClient(options);
}

class EngineClient implements Engine {
  readonly #options: EngineOptions;
  readonly #log: (line: string) => void;
  readonly #hardStopMilliseconds: number;
  readonly #idleMinutes: number;
  readonly #states = new EngineStates();
  /** All questions and loads, in their order. */
  readonly #queue = new TaskQueue({ most: () => this.#states.current.model?.answersTogether ?? 1 });
  readonly #losses = new EngineLosses();
  /** The model that should be loaded, to be loaded again when a process is lost. */
  #wanted: LoadRequest | null = null;
  #process: EngineProcess | null = null;
  /** The start of a process that is under way, shared by all who wait for it. */
  #bringing: Promise<EngineProcess> | null = null;
  /** Devices that have failed since the model was asked for, and how. */
  #troubles: DeviceTroubles = {};
  #disposed = false;
  #endWaiting: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#log = options.log ?? (() => undefined);
    this.#hardStopMilliseconds = options.hardStopMilliseconds ?? 700;
    this.#idleMinutes = options.idleMinutes ?? 15;
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
      this.#losses.forget();
      this.#troubles = {};
      this.#end();
      const info = await this.#bring(request, 'loading');
      this.#wanted = { ...request, signal: neverAborted };
      return info;
    });
  }

  ask(request: AskRequest): Promise<AnswerResult> {
    const { signal, settings } = request;
    if (signal?.aborted) return Promise.resolve(stoppedAnswer(settings));
    let begun = false;
    const task = async (): Promise<AnswerResult> => {
      this.#beginTurn();
      const engine = await this.#ready();
      if (signal?.aborted) return stoppedAnswer(settings);
      begun = true;
      return this.#answer(engine, request);
    };
    const asked = this.#queue.run(task, { signal }).finally(() => this.#waitForQuestions());
    if (signal === undefined) return asked;
    return new Promise((resolve, reject) => {
      // A stop during loading is reported at once; the loading itself goes on for other questions.
      const stop = (): void => {
        if (!begun) resolve(stoppedAnswer(settings));
      };
      signal.addEventListener('abort', stop, { once: true });
      asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
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
    this.#endWaiting();
    this.#end();
    this.#states.set(emptyState('unloaded'));
    this.#states.endSubscriptions();
    return Promise.resolve();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const task = async (): Promise<T> => {
      this.#beginTurn();
      return work();
    };
    return this.#queue.run(task, { alone: true }).finally(() => this.#waitForQuestions());
  }

  #beginTurn(): void {
    this.#endWaiting();
    if (this.#disposed) throw shutDown();
  }

  /** When the queue is empty, starts the timer after which an unused model is unloaded. */
  #waitForQuestions(): void {
    this.#endWaiting();
    if (this.#disposed || this.#idleMinutes <= 0 || !this.#queue.idle) return;
    this.#endWaiting = startLongTimer(() => this.#unloadIdle(), this.#idleMinutes * 60_000);
  }

  #unloadIdle(): void {
    if (!this.#queue.idle || this.#states.current.phase !== 'ready') return;
    const { model, estimate } = this.#states.current;
    this.#end();
    const minutes = this.#idleMinutes;
    this.#log(`engine: unloaded after ${minutes} min without a question`);
    this.#states.set({
      ...emptyState('unloaded'),
      model,
      estimate,
      unloadedReason: `Unloaded after ${minutes} min without a question.`,
    });
  }

  /** Answers a question. If a device fails in the middle, answers again on another one, with a note that says so. */
  async #answer(engine: EngineProcess, request: AskRequest): Promise<AnswerResult> {
    const ask = async (process: EngineProcess): Promise<AnswerResult> => {
      try {
        return await askProcess(process, request, this.#hardStopMilliseconds);
      } catch (error) {
        // The process was lost before this answer had begun, so the question can simply be asked again.
        if (!(error instanceof ProcessLost) || this.#disposed) throw error;
        const again = await this.#ready();
        return request.signal?.aborted ? stoppedAnswer(request.settings) : ask(again);
      }
    };
    try {
      return await ask(engine);
    } catch (error) {
      if (!(error instanceof EngineLostError) || error.device === null || this.#disposed) throw error;
      const other = await this.#ready().catch((reason: unknown) => {
        this.#log(`engine: not answered again: ${toErrorReport(reason).message}`);
        throw error;
      });
      if (request.signal?.aborted) return stoppedAnswer(request.settings, error.partial);
      request.onRestart?.();
      const result = await ask(other);
      const note = `${deviceNames[error.device]} failed in the middle of the answer, which was begun anew on another device.`;
      return { ...result, notes: [note, ...result.notes] };
    }
  }

  /** The running process with its model; starts it again if it was lost or was unloaded while idle. */
  async #ready(): Promise<EngineProcess> {
    const { phase } = this.#states.current;
    if (this.#process !== null && this.#process.alive && phase === 'ready') return this.#process;
    if (this.#wanted === null) {
      throw new WorkstationError('unavailable', 'No model is loaded.', 'Load a model, then ask again.');
    }
    const obstacle = this.#losses.obstacle();
    if (obstacle !== null) {
      this.#states.set({ ...emptyState('failed'), error: obstacle.toReport() });
      throw obstacle;
    }
    this.#bringing ??= this.#bring(this.#wanted, phase === 'unloaded' ? 'loading' : 'restarting')
      .then(() => this.#process!)
      .finally(() => {
        this.#bringing = null;
      });
    return this.#bringing;
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
    try {
      const info = await this.#loadWhereItWorks(request);
      const { estimate, ceilingBytes } = this.#states.current;
      this.#states.set({
        ...emptyState('ready'),
        model: info,
        residentBytes: info.memoryBytes,
        estimate,
        ceilingBytes,
      });
      return info;
    } catch (error) {
      this.#end();
      if (this.#disposed) throw shutDown();
      if (request.signal?.aborted) {
        this.#states.set(emptyState('unloaded'));
        throw new WorkstationError('cancelled', 'Loading the model was stopped.', 'Load a model to ask.');
      }
      const told = error instanceof ProcessLost ? lossInLoading(error) : error;
      const { estimate } = this.#states.current;
      this.#states.set({ ...emptyState('failed'), estimate, error: toErrorReport(told) });
      throw told;
    }
  }

  /** A faulty graphics driver can end the process: then loads again without that device, with a note that says so. */
  async #loadWhereItWorks(request: LoadRequest): Promise<ModelInfo> {
    for (;;) {
      try {
        return await this.#loadOnce(request);
      } catch (error) {
        const device = error instanceof ProcessLost ? error.device : null;
        if (device === null || device in this.#troubles || request.signal?.aborted || this.#disposed)
          throw error;
        this.#blame(device, error as ProcessLost);
      }
    }
  }

  #blame(device: Accelerator, { kind, message }: ProcessLost): void {
    const trouble = kind === 'device' ? message : `it ended the engine's process (${message})`;
    this.#log(`engine: ${device} is not used any more: ${trouble}`);
    this.#troubles = { ...this.#troubles, [device]: trouble };
  }

  async #loadOnce(request: LoadRequest): Promise<ModelInfo> {
    const ceilingBytes =
      this.#options.memoryCeilingBytes ?? usualMemoryCeiling(process.availableMemory(), totalmem());
    const started = this.#start(ceilingBytes);
    this.#process = started;
    this.#states.change({ ceilingBytes });
    started.onResident = (residentBytes) => {
      const known = this.#states.current.residentBytes ?? 0;
      // Reported only when it has changed noticeably, because listeners pass every state on to a window.
      if (this.#process === started && Math.abs(residentBytes - known) > known / 20) {
        this.#states.change({ residentBytes });
      }
    };
    started.onLost = (loss) => this.#lost(started, loss);
    return started.load(
      {
        directory: request.directory,
        device: request.device ?? this.#options.device ?? 'auto',
        variant: request.variant ?? null,
        threads: request.threads ?? null,
        cacheFolder: this.#options.cacheFolder ?? null,
        troubles: this.#troubles,
        memoryCeilingBytes: ceilingBytes,
      },
      {
        ...(request.signal ? { signal: request.signal } : {}),
        hardStopMilliseconds: Math.min(hardStopOfLoading, this.#hardStopMilliseconds),
        onProgress: (activity, progress) => this.#states.change({ activity, progress }),
        onEstimate: (estimate) => this.#states.change({ estimate }),
      },
    );
  }

  #start(memoryCeilingBytes: number): EngineProcess {
    const { start = startWithNode, entry = engineEntry(), watch } = this.#options;
    return new EngineProcess({
      start: (log) => start(entry, log),
      log: this.#log,
      limits: { ...usualWatchLimits, ...watch, memoryCeilingBytes },
    });
  }

  /** The process ended without being told to by load, unload or dispose. */
  #lost(ended: EngineProcess, loss: ProcessLost): void {
    if (this.#process !== ended) return;
    this.#process = null;
    this.#log(`engine process ended: ${loss.message}`);
    if (this.#wanted === null || this.#states.current.phase !== 'ready') return;
    // A loss caused by a device does not count: the next process runs without that device.
    if (loss.device === null) this.#losses.add(loss);
    else this.#blame(loss.device, loss);
    const { model, estimate } = this.#states.current;
    this.#states.set({
      ...emptyState('restarting'),
      model,
      estimate,
      activity: 'Starting the engine',
      progress: 0,
      error: reportOfLoss(loss),
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
