import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import { parseAnswerText } from './answer-parser.ts';
import { engineEntry, startWithNode, type StartEngine } from './engine-host.ts';
import {
  noTimings,
  type AnswerResult,
  type EngineFrame,
  type EngineSettings,
  type EngineText,
  type ModelInfo,
} from './engine-messages.ts';
import { EngineProcess, ProcessLost } from './engine-link.ts';
import type { DeviceWish } from './devices.ts';

export type EnginePhase = 'unloaded' | 'loading' | 'ready' | 'failed' | 'restarting';

/** What a person may see of the engine. */
export interface EngineState {
  readonly phase: EnginePhase;
  /** The model that is loaded, or, while restarting, that was. */
  readonly model: ModelInfo | null;
  /** While loading or restarting: what it is doing, and the part that is done, 0..1. */
  readonly activity: string | null;
  readonly progress: number | null;
  /** Why it failed, or why it restarts. */
  readonly error: ErrorReport | null;
  /** Resident memory of the engine's process, as last heard. */
  readonly residentBytes: number | null;
}

export interface LoadRequest {
  readonly directory: string;
  readonly device?: DeviceWish;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

export interface AskRequest {
  readonly frame: EngineFrame;
  readonly question: string;
  readonly settings?: EngineSettings;
  readonly signal?: AbortSignal;
  /** Text as it comes, sorted into sections, tags removed. */
  readonly onToken?: (text: EngineText) => void;
  /** Everything written so far, unaltered: what to keep in case this process ends. Called before `onToken`. */
  readonly onRaw?: (raw: string) => void;
}

/** What had been written when the engine's process was lost. */
export interface PartialAnswer {
  readonly raw: string;
  readonly reasoning: string;
  readonly label: string | null;
  readonly generatedTokens: number;
}

/** The engine's process ended in the middle of an answer. The partial text is for the caller to keep. */
export class EngineLostError extends WorkstationError {
  readonly partial: PartialAnswer;

  constructor(reason: string, partial: PartialAnswer) {
    super(
      'engine-lost',
      `The engine ended in the middle of the answer (${reason}).`,
      'What it had written is kept. It starts again by itself: ask again.',
    );
    this.name = 'EngineLostError';
    this.partial = partial;
  }
}

/**
 * The engine as the rest of the workstation sees it. Questions are answered one after another, in the order of
 * asking; a lost process is replaced and its model loaded again without a call.
 */
export interface Engine {
  readonly state: EngineState;
  /** Returns a function that ends the subscription. */
  onState(listener: (state: EngineState) => void): () => void;
  /** Replaces the model. @throws WorkstationError naming what is wrong with the model or the device. */
  load(request: LoadRequest): Promise<ModelInfo>;
  /**
   * @returns Also for a stop: status `stopped` with the text so far, within about a second.
   * @throws EngineLostError when the process ended; WorkstationError for a bad question or no model.
   */
  ask(request: AskRequest): Promise<AnswerResult>;
  /** Ends the process, and with it everything that the model holds in memory. */
  unload(): Promise<void>;
  /** As unload, for good. */
  dispose(): Promise<void>;
  /** Of the running process, null without one. */
  readonly processId: number | null;
}

export interface EngineOptions {
  /** How the process is started; Node's fork by default. */
  readonly start?: StartEngine;
  readonly entry?: string;
  readonly log?: (line: string) => void;
  /** How long a stop may take before the process is ended by force. */
  readonly hardStopMilliseconds?: number;
}

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
  readonly #listeners = new Set<(state: EngineState) => void>();
  #state: EngineState = emptyState('unloaded');
  /** What should be loaded, whatever becomes of processes. */
  #wanted: LoadRequest | null = null;
  #process: EngineProcess | null = null;
  /** Everything that is asked of the engine, one after another. */
  #tail: Promise<unknown> = Promise.resolve();
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
    return this.#state;
  }

  get processId(): number | null {
    return this.#process?.processId ?? null;
  }

  onState(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
    const { signal } = request;
    if (signal?.aborted) return Promise.resolve(stoppedAnswer(emptyPartial, request.settings));
    let begun = false;
    const answer = this.#inTurn(async () => {
      begun = true;
      if (signal?.aborted) return stoppedAnswer(emptyPartial, request.settings);
      return this.#answer(request, await this.#ready());
    });
    if (!signal) return answer;
    // One that still waits in the queue need not wait for its turn to be stopped.
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        if (!begun) resolve(stoppedAnswer(emptyPartial, request.settings));
      };
      signal.addEventListener('abort', stop, { once: true });
      answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  unload(): Promise<void> {
    return this.#inTurn(() => {
      this.#wanted = null;
      this.#end();
      this.#setState(emptyState('unloaded'));
      return Promise.resolve();
    });
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#wanted = null;
    this.#end();
    this.#setState(emptyState('unloaded'));
    this.#listeners.clear();
    return Promise.resolve();
  }

  /** Runs the work when everything before it has ended, well or badly. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => {
      if (this.#disposed) throw shutDown();
      return work();
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** The running process with its model; brings both back when the process was lost. */
  async #ready(): Promise<EngineProcess> {
    if (this.#process !== null && this.#process.alive && this.#state.phase === 'ready') return this.#process;
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
      this.#setState({ ...emptyState('failed'), error: error.toReport() });
      throw error;
    }
    await this.#bring(this.#wanted, 'restarting');
    return this.#process!;
  }

  /** Starts a process and loads the model into it. */
  async #bring(request: LoadRequest, phase: 'loading' | 'restarting'): Promise<ModelInfo> {
    this.#setState({
      ...emptyState(phase),
      model: phase === 'restarting' ? this.#state.model : null,
      error: phase === 'restarting' ? this.#state.error : null,
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
      this.#setState({ ...emptyState('ready'), model: info, residentBytes: info.memoryBytes });
      return info;
    } catch (error) {
      this.#end();
      if (this.#disposed) throw shutDown();
      if (request.signal?.aborted) {
        this.#setState(emptyState('unloaded'));
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
      this.#setState({ ...emptyState('failed'), error: toErrorReport(told) });
      throw told;
    }
  }

  async #loadOnce(request: LoadRequest, device: DeviceWish): Promise<ModelInfo> {
    const started = this.#start();
    this.#process = started;
    started.onHeartbeat = (residentBytes) => {
      const known = this.#state.residentBytes ?? 0;
      // Said only when it is news: listeners pass every state on to a window.
      if (this.#process === started && Math.abs(residentBytes - known) > known / 20) {
        this.#setState({ ...this.#state, residentBytes });
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
        onProgress: (activity, progress) => this.#setState({ ...this.#state, activity, progress }),
      },
    );
  }

  async #answer(request: AskRequest, engine: EngineProcess): Promise<AnswerResult> {
    let raw = '';
    let generatedTokens = 0;
    const partial = (): PartialAnswer => {
      const { label, reasoning } = parseAnswerText(raw);
      return { raw, label, reasoning, generatedTokens };
    };
    try {
      return await engine.ask(
        { frame: request.frame, question: request.question, settings: request.settings ?? {} },
        {
          ...(request.signal ? { signal: request.signal } : {}),
          hardStopMilliseconds: this.#hardStopMilliseconds,
          onText: (message) => {
            raw += message.raw;
            generatedTokens = message.generatedTokens;
            request.onRaw?.(raw);
            for (const { section, text } of message.shown) {
              request.onToken?.({ section, text, generatedTokens });
            }
          },
        },
      );
    } catch (error) {
      if (!(error instanceof ProcessLost)) throw error;
      if (request.signal?.aborted) return stoppedAnswer(partial(), request.settings);
      throw new EngineLostError(error.message, partial());
    }
  }

  /** The process ended without being told to by load, unload or dispose. */
  #lost(ended: EngineProcess, reason: string): void {
    if (this.#process !== ended) return;
    this.#process = null;
    this.#log(`engine process ended: ${reason}`);
    if (this.#wanted === null || this.#state.phase !== 'ready') return;
    if (!ended.killedForStop) this.#losses.push(Date.now());
    this.#setState({
      ...emptyState('restarting'),
      model: this.#state.model,
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

  #setState(state: EngineState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function shutDown(): WorkstationError {
  return new WorkstationError('unavailable', 'The engine has been shut down.', 'Start the program again.');
}

function emptyState(phase: EnginePhase): EngineState {
  return { phase, model: null, activity: null, progress: null, error: null, residentBytes: null };
}

const emptyPartial: PartialAnswer = { raw: '', reasoning: '', label: null, generatedTokens: 0 };

/** A stop that the engine itself could not report: it had not begun, or was ended by force. */
function stoppedAnswer(partial: PartialAnswer, settings: EngineSettings = {}): AnswerResult {
  return {
    status: 'stopped',
    label: partial.label,
    box: null,
    reasoning: partial.reasoning,
    raw: partial.raw,
    probability: null,
    evidence: null,
    notes: [],
    tokens: { prompt: 0, image: 0, generated: partial.generatedTokens },
    modelInput: null,
    settings: {
      temperature: settings.temperature ?? 0,
      topK: settings.topK ?? 0,
      topP: settings.topP ?? 1,
      repetitionPenalty: settings.repetitionPenalty ?? 1,
      seed: settings.seed ?? 0,
      maxNewTokens: settings.maxNewTokens ?? null,
    },
    frameSeenBefore: false,
    timings: { ...noTimings },
  };
}
