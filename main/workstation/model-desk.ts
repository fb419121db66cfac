import type { Catalogue, PreparedModel } from '../../models/import/catalogue.ts';
import {
  toErrorReport,
  type ModelId,
  type ModelState,
  type ModelSummary,
} from '../../preload/contract/index.ts';
import type { AnswerResult, AskRequest, Engine, EngineState } from '../inference/index.ts';
import { deviceName, type AnswerEngine, type JobRegistry } from '../review/index.ts';

export interface ModelDeskOptions {
  engine: Engine;
  catalogue: Catalogue;
  /** The review's registry; asked for late, because the review is built on this desk. */
  jobs: () => JobRegistry;
  onState: (state: ModelState) => void;
}

type Wish = { modelId: ModelId | null } | { folder: string };

/**
 * Which model is wanted, and what has become of it: an import at first use, then the engine's own states. The
 * engine is loaded when it is first needed, or sooner when a window asks for it.
 */
export class ModelDesk implements AnswerEngine {
  readonly #options: ModelDeskOptions;
  readonly #endListening: () => void;
  #model: ModelSummary | null = null;
  #import: { activity: string; progress: number | null } | null = null;
  #failure: unknown = null;
  #loading: Promise<void> | null = null;
  #loaded = false;

  constructor(options: ModelDeskOptions) {
    this.#options = options;
    this.#endListening = options.engine.onState(() => options.onState(this.describe()));
  }

  /** For the window. */
  describe(): ModelState {
    const { state } = this.#options.engine;
    const { model } = state;
    const error = this.#failure === null ? state.error : toErrorReport(this.#failure);
    return {
      phase: this.#import ? 'loading' : this.#failure === null ? state.phase : 'failed',
      model: this.#model,
      sha256: model?.sha256 ?? null,
      dtype: model?.dtype ?? null,
      device: model ? deviceName(model.device) : null,
      deviceReason: model?.deviceReason ?? null,
      memoryBytes: state.residentBytes ?? model?.memoryBytes ?? null,
      activity: this.#import?.activity ?? state.activity,
      progress: this.#import?.progress ?? state.progress,
      error,
    };
  }

  /** Replaces the model. Throws what is wrong with it; the state says the same. */
  load(wish: Wish): Promise<void> {
    const before = this.#loading ?? Promise.resolve();
    const loading = before
      .catch(() => undefined)
      .then(() => this.#load(wish))
      .finally(() => {
        if (this.#loading === loading) this.#loading = null;
      });
    this.#loading = loading;
    return loading;
  }

  get state(): EngineState {
    return this.#options.engine.state;
  }

  /** Loads the embedded model first where none was asked for yet. */
  async ask(request: AskRequest): Promise<AnswerResult> {
    if (this.#loading) await this.#loading;
    else if (!this.#loaded) await this.load({ modelId: null });
    return this.#options.engine.ask(request);
  }

  dispose(): void {
    this.#endListening();
  }

  async #load(wish: Wish): Promise<void> {
    const { engine } = this.#options;
    const jobs = this.#options.jobs();
    this.#failure = null;
    this.#loaded = false;
    try {
      await jobs.run('model', 'Loading the model', async (job) => {
        const prepared = await this.#prepare(wish, job.signal, (done, total) => job.progress(done, total));
        this.#model = prepared.summary;
        this.#tell(null);
        await engine.load({ directory: prepared.directory, signal: job.signal });
      });
      this.#loaded = true;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#tell(null);
    }
  }

  #prepare(
    wish: Wish,
    signal: AbortSignal,
    onJobProgress: (done: number, total: number) => void,
  ): Promise<PreparedModel> {
    const { catalogue } = this.#options;
    const options = {
      signal,
      onProgress: ({ done, total }: { done: number; total: number }) => {
        onJobProgress(done, total);
        this.#tell({
          activity: 'Preparing the model for its first use',
          progress: done / Math.max(1, total),
        });
      },
    };
    return 'folder' in wish
      ? catalogue.prepareFolder(wish.folder, options)
      : catalogue.prepare(wish.modelId, options);
  }

  #tell(importing: { activity: string; progress: number | null } | null): void {
    this.#import = importing;
    this.#options.onState(this.describe());
  }
}
