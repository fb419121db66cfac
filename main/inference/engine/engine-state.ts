import type { ErrorReport } from '../../../preload/contract/errors.ts';
import type { MemoryEstimate, ModelInfo } from '../messages.ts';

export type EnginePhase = 'unloaded' | 'loading' | 'ready' | 'failed' | 'restarting';

/** What a person may see of the engine. */
export interface EngineState {
  readonly phase: EnginePhase;
  /** The loaded model; while restarting, or after being unloaded while idle, the one that was loaded. */
  readonly model: ModelInfo | null;
  /** While loading or restarting: what it is doing, and the part that is done, 0..1. */
  readonly activity: string | null;
  readonly progress: number | null;
  /** Why it failed, or why it restarts. */
  readonly error: ErrorReport | null;
  /** Why it was unloaded by itself: the next question loads it again. */
  readonly unloadedReason: string | null;
  /** Resident memory of the engine's process, as last heard. */
  readonly residentBytes: number | null;
  /** What the model was expected to take, once its folder is read. */
  readonly estimate: MemoryEstimate | null;
  /** Resident memory at which the process is ended; null without a process. */
  readonly ceilingBytes: number | null;
}

export function emptyState(phase: EnginePhase): EngineState {
  return {
    phase,
    model: null,
    activity: null,
    progress: null,
    error: null,
    unloadedReason: null,
    residentBytes: null,
    estimate: null,
    ceilingBytes: null,
  };
}

/** Holds the state of the engine and tells subscribers about every change. */
export class EngineStates {
  readonly #listeners = new Set<(state: EngineState) => void>();
  #state: EngineState = emptyState('unloaded');

  get current(): EngineState {
    return this.#state;
  }

  set(state: EngineState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  change(part: Partial<EngineState>): void {
    this.set({ ...this.#state, ...part });
  }

  /** Returns a function that ends the subscription. */
  subscribe(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  endSubscriptions(): void {
    this.#listeners.clear();
  }
}
