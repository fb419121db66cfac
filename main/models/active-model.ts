import type { Catalogue, PreparedModel, PrepareOptions } from '../../models/import/index.ts';
import {
  toErrorReport,
  WorkstationError,
  type ErrorReport,
  type ModelId,
  type ModelState,
  type ModelSummary,
} from '../../preload/contract/index.ts';
import {
  deviceName,
  type AnswerResult,
  type AskRequest,
  type Engine,
  type EngineState,
} from '../inference/index.ts';
import type { AnswerEngine } from '../answering/index.ts';
import type { JobRegistry, RunningJob } from '../jobs/index.ts';

export interface ActiveModelOptions {
  engine: Engine;
  catalogue: Catalogue;
  jobs: JobRegistry;
  /** The model that a person has chosen for all sessions; null: the embedded one. */
  chosen: () => ModelId | null;
  /** The name that a person knows a model by, even if its files can't be read; null if nothing is known of it. */
  nameOf: (modelId: ModelId) => string | null;
  /** Host and port that frames are sent to with the model of this directory; null if they stay on this machine. */
  serverOf: (directory: string) => string | null;
  onState: (state: ModelState) => void;
}

/** `chosen` means the model that the store remembers, or the embedded one if that can't be loaded. */
type Wish = { modelId: ModelId | null } | { folder: string; variant?: string } | 'chosen';

/**
 * Knows which model is wanted and how far it is: prepared at its first use, then loaded by the engine. A model is loaded
 * when a question first needs it, or sooner when a window asks for it.
 */
export class ActiveModel implements AnswerEngine {
  readonly #options: ActiveModelOptions;
  readonly #endListening: () => void;
  #model: ModelSummary | null = null;
  #server: string | null = null;
  #import: { activity: string; progress: number | null } | null = null;
  #failure: unknown = null;
  #loading: Promise<void> | null = null;
  /** The model that the next question is to be answered with, which may not be loaded yet. */
  #wish: Wish = 'chosen';
  /** Why the embedded model answers and not the chosen one. */
  #substitution: ErrorReport | null = null;
  #loaded = false;
  #ended = false;

  constructor(options: ActiveModelOptions) {
    this.#options = options;
    this.#endListening = options.engine.onState(() => options.onState(this.describe()));
  }

  /** The state of the model as windows show it. */
  describe(): ModelState {
    const { state } = this.#options.engine;
    const { model } = state;
    const error = this.#failure === null ? state.error : toErrorReport(this.#failure);
    return {
      phase: this.#phase(),
      model: this.#model,
      sha256: model?.sha256 ?? null,
      dtype: model?.dtype ?? null,
      device: model ? deviceName(model) : null,
      ...(this.#server === null ? {} : { server: this.#server }),
      deviceReason: model?.deviceReason ?? null,
      deviceFallback: model?.deviceFallback ?? false,
      memoryBytes: state.phase === 'unloaded' ? null : (state.residentBytes ?? model?.memoryBytes ?? null),
      memoryExpectedBytes: state.estimate === null ? null : Math.round(state.estimate.needed),
      memoryCeilingBytes: state.ceilingBytes === null ? null : Math.round(state.ceilingBytes),
      threads: model?.threads?.reason ?? null,
      unloadedReason: state.unloadedReason,
      activity: this.#import?.activity ?? state.activity,
      progress: this.#import?.progress ?? state.progress,
      error,
      substitution: this.#substitution,
    };
  }

  /** A model that is still being found and checked counts as loading, although the engine does not know of it yet. */
  #phase(): ModelState['phase'] {
    const { phase } = this.#options.engine.state;
    if (this.#import) return 'loading';
    if (this.#failure !== null) return 'failed';
    return phase === 'unloaded' && this.#loading !== null ? 'loading' : phase;
  }

  /** The model that is wanted now, so that a failed choice can return to it. */
  get wish(): Wish {
    return this.#wish;
  }

  /**
   * Replaces the model, and throws what is wrong with the new one. The model in use stays in use if its successor can't be
   * found or prepared; if it fails later, the state says so, too.
   */
  load(wish: Wish): Promise<void> {
    const before = this.#loading ?? Promise.resolve();
    const loading = before
      .catch(() => undefined)
      .then(() => this.#loadAsWished(wish))
      .finally(() => {
        if (this.#loading === loading) this.#loading = null;
      });
    this.#loading = loading;
    this.#options.onState(this.describe());
    return loading;
  }

  get state(): EngineState {
    return this.#options.engine.state;
  }

  get loading(): Promise<void> | null {
    return this.#loading;
  }

  /** Asks the wanted model, and loads it first if it is not loaded yet. */
  async ask(request: AskRequest): Promise<AnswerResult> {
    if (!this.#loaded || this.#loading) {
      await unlessStopped(this.#loading ?? this.load(this.#wish), request.signal);
    }
    return this.#options.engine.ask(request);
  }

  /** Waits for a model that is being loaded, whose job the caller has asked to stop, and loads no other afterwards. */
  async dispose(): Promise<void> {
    this.#ended = true;
    this.#endListening();
    // A failure has reached whoever asked for the model.
    await this.#loading?.catch(() => undefined);
  }

  async #loadAsWished(wish: Wish): Promise<void> {
    this.#substitution = null;
    if (wish !== 'chosen') return this.#load(wish);
    const modelId = this.#options.chosen();
    try {
      await this.#load({ modelId });
    } catch (error) {
      if (modelId === null || toErrorReport(error).code === 'cancelled') throw error;
      const { code, message, hint } = toErrorReport(error);
      const known = this.#model?.id === modelId ? this.#model.name : this.#options.nameOf(modelId);
      const name = known === null ? 'The chosen model' : `The chosen model, ${known},`;
      const told = `${name} could not be loaded, so the embedded model answers. ${message}`;
      this.#substitution = {
        code,
        message: told,
        hint: `${hint} Another model can be chosen in the list of models.`,
      };
      await this.#load({ modelId: null });
    } finally {
      if (this.#loaded) this.#wish = 'chosen';
    }
  }

  async #load(wish: Exclude<Wish, 'chosen'>): Promise<void> {
    if (this.#ended) {
      throw new WorkstationError(
        'cancelled',
        'The workstation is closing.',
        'Start it again, then load a model.',
      );
    }
    const inUse = this.#loaded;
    let prepared: PreparedModel | null = null;
    this.#failure = null;
    try {
      await this.#options.jobs.run('model', 'Loading the model', async (job) => {
        const options = this.#importOptions(job);
        prepared = await this.#prepare(wish, options);
        await this.#bring(wish, prepared, job.signal).catch(async (error: unknown) => {
          if (prepared?.importAgain == null || !isDamage(error)) throw error;
          await this.#bring(wish, await prepared.importAgain(options), job.signal);
        });
      });
      this.#loaded = true;
    } catch (error) {
      if (!inUse || prepared !== null) {
        this.#wish = wish;
        this.#failure = error;
      }
      throw error;
    } finally {
      this.#tell(null);
    }
  }

  async #bring(
    wish: Exclude<Wish, 'chosen'>,
    { directory, summary }: PreparedModel,
    signal: AbortSignal,
  ): Promise<void> {
    this.#wish = wish;
    this.#loaded = false;
    this.#model = summary;
    this.#server = this.#options.serverOf(directory);
    this.#tell(null);
    const variant = 'folder' in wish && wish.variant !== undefined ? { variant: wish.variant } : {};
    await this.#options.engine.load({ directory, ...variant, signal });
  }

  #prepare(wish: Exclude<Wish, 'chosen'>, options: PrepareOptions): Promise<PreparedModel> {
    const { catalogue } = this.#options;
    return 'folder' in wish
      ? catalogue.prepareFolder(wish.folder, {
          ...options,
          ...(wish.variant !== undefined && { variant: wish.variant }),
        })
      : catalogue.prepare(wish.modelId, options);
  }

  #importOptions(job: RunningJob): PrepareOptions {
    return {
      signal: job.signal,
      onProgress: ({ done, total }) => {
        job.progress(done, total);
        this.#tell({
          activity: 'Preparing the model for its first use',
          progress: done / Math.max(1, total),
        });
      },
    };
  }

  #tell(importing: { activity: string; progress: number | null } | null): void {
    this.#import = importing;
    this.#options.onState(this.describe());
  }
}

/** Whether a model's files are no longer those that were imported, which importing it again may mend. */
const isDamage = (error: unknown): boolean =>
  error instanceof WorkstationError &&
  (error.code === 'model-missing-file' || error.code === 'model-altered-file');

/** Waits for the work, but no longer than until the signal aborts. The work itself goes on, as others may wait for it. */
async function unlessStopped(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  const stopped = Promise.withResolvers<void>();
  const stop = (): void => stopped.resolve();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
