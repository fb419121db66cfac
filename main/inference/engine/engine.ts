import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Accelerator, DeviceWish } from '../devices/devices.ts';
import type { StartEngine } from '../processes/start-process.ts';
import type {
  AnswerResult,
  EngineFrame,
  EngineRegion,
  EngineSettings,
  EngineText,
  ModelInfo,
} from '../messages.ts';
import type { EngineState } from './engine-state.ts';
import type { WatchLimits } from './engine-watch.ts';

export interface LoadRequest {
  readonly directory: string;
  readonly device?: DeviceWish;
  /** Which graphs, of a folder in place with several: `q4`, for instance. */
  readonly variant?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

export interface AskRequest {
  readonly frame: EngineFrame;
  /** The part of the frame that is asked about; the model has it in its own way (`ModelInfo.regions`). */
  readonly region?: EngineRegion;
  readonly question: string;
  readonly settings?: EngineSettings;
  /** Takes longer, and gives the same answer to the last bit whatever was asked before. */
  readonly reproducible?: boolean;
  /** See `AnswerRequest`. */
  readonly onlyTaught?: boolean;
  readonly onlyLike?: boolean;
  readonly signal?: AbortSignal;
  /** Text as it comes, sorted into sections, tags removed. */
  readonly onToken?: (text: EngineText) => void;
  /** A device failed in the middle of the answer: what was written is void, and it begins anew on another one. */
  readonly onRestart?: () => void;
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
  /** The device whose fault it may be; null for the CPU. */
  readonly device: Accelerator | null;

  /** @param remedy What the person can do; the message says besides that the partial text is kept. */
  constructor(
    reason: string,
    partial: PartialAnswer,
    remedy = 'It starts again by itself: ask again.',
    device: Accelerator | null = null,
  ) {
    super(
      'engine-lost',
      `The engine ended in the middle of the answer (${reason}).`,
      `What it had written is kept. ${remedy}`,
    );
    this.name = 'EngineLostError';
    this.partial = partial;
    this.device = device;
  }
}

/**
 * The engine as the rest of the workstation sees it. Questions are taken up in the order of asking, as many together
 * as the model answers together (`ModelInfo.answersTogether`): asking several at once is all that a caller has to do
 * for it. A lost process is replaced and its model loaded again without a call; what had not begun is asked again.
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
  /** For models that are loaded without a wish of their own; `auto` by default. */
  readonly device?: DeviceWish;
  /** How the process is started; Node's fork by default. */
  readonly start?: StartEngine;
  readonly entry?: string;
  readonly log?: (line: string) => void;
  /** How long a stop may take before the process is ended by force; 700 by default, so that a second is kept. */
  readonly hardStopMilliseconds?: number;
  /**
   * Resident memory at which the process is ended, with the partial answer kept and the reason told. Nine tenths of
   * what is free when the process starts by default, at least 512 MB.
   */
  readonly memoryCeilingBytes?: number;
  /** Where it is remembered which threads are fastest for a model on this machine; without it that is not measured. */
  readonly cacheFolder?: string;
  /** Minutes without a question after which the model is unloaded until the next one; 15 by default, 0 for never. */
  readonly idleMinutes?: number;
  /** When a process is taken for hung: `usualWatchLimits` by default. */
  readonly watch?: Partial<Omit<WatchLimits, 'memoryCeilingBytes'>>;
}
