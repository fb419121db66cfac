import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { discardInterrupted, runImport, type ImportPlace } from '../../models/import/index.ts';
import {
  toErrorReport,
  WorkstationError,
  type AnswerFormat,
  type ModelId,
  type ModelImport,
  type WeightDtype,
} from '../../preload/contract/index.ts';
import type { StartEngine } from '../inference/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import { byItself, models, type ChangeContext, type ModelRecord, type Store } from '../store/index.ts';

export interface ModelImportsOptions {
  store: Store;
  modelsFolder: string;
  /** Reads what is to be imported, and decides in which folder the model goes. */
  placeOf: (source: { checkpoint: string; base?: string }, dtype: WeightDtype) => Promise<ImportPlace>;
  /** How the import's process is started; Node's fork by default. */
  start?: StartEngine;
  jobs: JobRegistry;
  onChange: (state: ModelImport) => void;
  /** Called when a model is ready to be chosen. */
  onDone: () => void;
  now: () => number;
  log: (line: string) => void;
}

/** What is to be imported, from folders that a person chose. */
export interface ImportSource {
  folder: string;
  /** The checkpoint that `folder` is an adapter for. */
  base: string | null;
  dtype: WeightDtype;
  /** How the model writes its answers; null if its folder says so. */
  answerFormat: AnswerFormat | null;
}

/**
 * Imports checkpoints into the data folder, one at a time and each in a process of its own. The store knows an import from
 * its beginning, so that an interrupted one is offered again after a restart.
 */
export class ModelImports {
  readonly #options: ModelImportsOptions;
  /** Imports of this run, and interrupted ones of earlier runs, in the order in which they were started. */
  readonly #imports = new Map<ModelId, ModelImport>();
  #running: Promise<void> | null = null;

  constructor(options: ModelImportsOptions) {
    this.#options = options;
    for (const record of models.listModels(options.store.database)) {
      if (record.kind === 'imported' && record.state === 'importing') this.#takeUp(record);
    }
  }

  list(): ModelImport[] {
    return [...this.#imports.values()];
  }

  /** Starts an import, and returns once it has begun. Throws what is wrong with the folder, or `busy` if one is under way. */
  async start({ folder, base, dtype, answerFormat }: ImportSource, by: ChangeContext): Promise<ModelImport> {
    this.#requireIdle();
    const { placeOf, store, now } = this.#options;
    const source = { checkpoint: folder, ...(base !== null && { base }) };
    const { id, out } = await placeOf(source, dtype);
    if (existsSync(join(out, 'manifest.json'))) {
      throw new WorkstationError(
        'invalid-input',
        `${basename(folder)} is imported as ${dtype} already.`,
        'Choose it in the list of models, or remove it there first.',
      );
    }
    this.#requireIdle();
    const name = basename(folder);
    models.putModel(store.database, {
      id,
      kind: 'imported',
      state: 'importing',
      name,
      source: folder,
      base,
      dtype,
      answerFormat,
      addedAt: now(),
    });
    const begun: ModelImport = {
      modelId: id,
      jobId: null,
      name,
      source: folder,
      base,
      dtype,
      state: 'running',
      activity: 'Starting',
      done: 0,
      total: null,
      secondsLeft: null,
      error: null,
    };
    return this.#begin(begun, by);
  }

  /** Continues an import that was interrupted or has failed. */
  async resume(modelId: ModelId, by: ChangeContext): Promise<ModelImport> {
    const { source, base, dtype, state } = this.#find(modelId);
    if (state === 'running') return this.#find(modelId);
    const answerFormat = this.#answerFormat(modelId);
    const next = await this.start({ folder: source, base, dtype, answerFormat }, by);
    // Another id means that the folder has changed since, so what was imported of its old content is of no use.
    if (next.modelId !== modelId) await this.#forget(modelId);
    return next;
  }

  /** Removes what an unfinished import has left behind; a finished one is only taken off the list. */
  async discard(modelId: ModelId): Promise<void> {
    const { state } = this.#find(modelId);
    if (state === 'running') {
      throw new WorkstationError('busy', 'This import is under way.', 'Stop it first, then discard it.');
    }
    if (state === 'done') this.#imports.delete(modelId);
    else await this.#forget(modelId);
  }

  /** Waits for an import under way, whose job the caller has asked to stop. */
  async dispose(): Promise<void> {
    await this.#running;
  }

  async #forget(modelId: ModelId): Promise<void> {
    const { store, modelsFolder } = this.#options;
    await discardInterrupted(join(modelsFolder, modelId));
    models.removeModel(store.database, modelId);
    this.#imports.delete(modelId);
  }

  #begin(state: ModelImport, by: ChangeContext): ModelImport {
    const { modelId, name, source, base, dtype } = state;
    const { modelsFolder, start, log, onDone } = this.#options;
    const job = this.#options.jobs.start('import', `Importing ${name}`);
    this.#imports.delete(modelId);
    const answerFormat = this.#answerFormat(modelId);
    const begun = this.#set({ ...state, jobId: job.id });
    const run = async (): Promise<void> => {
      try {
        await runImport(
          {
            ...{ checkpoint: source, out: join(modelsFolder, modelId), dtype },
            ...(base !== null && { base }),
            ...(answerFormat !== null && { answerFormat }),
          },
          {
            ...(start && { start }),
            log,
            signal: job.signal,
            onProgress: ({ done, total, secondsLeft, activity }) => {
              job.progress(done, total);
              this.#change(modelId, { done, total, secondsLeft, activity });
            },
          },
        );
        this.#isReady(modelId, by);
        job.finish();
        this.#change(modelId, { state: 'done', activity: null, secondsLeft: 0 });
        onDone();
      } catch (error) {
        const stopped = job.signal.aborted;
        if (stopped) job.cancelled();
        else job.fail(error);
        this.#change(modelId, {
          state: stopped ? 'interrupted' : 'failed',
          activity: null,
          secondsLeft: null,
          error: stopped ? null : toErrorReport(error),
        });
      } finally {
        this.#running = null;
      }
    };
    this.#running = run();
    return begun;
  }

  /** Marks a model as ready to be chosen, and records who imported it. */
  #isReady(modelId: ModelId, by: ChangeContext): void {
    const { database, record } = this.#options.store;
    const found = models.findModel(database, modelId);
    if (found === null) return;
    database.transaction(() => {
      models.putModel(database, { ...found, state: 'ready' });
      record.mention(by, 'model.import', { what: 'model', id: modelId, name: found.name });
    });
  }

  #answerFormat(modelId: ModelId): AnswerFormat | null {
    return models.findModel(this.#options.store.database, modelId)?.answerFormat ?? null;
  }

  #takeUp({ id, name, source, base, dtype }: ModelRecord): void {
    const { modelsFolder } = this.#options;
    if (existsSync(join(modelsFolder, id, 'manifest.json'))) {
      // The import was finished, but the workstation ended before it could store that.
      this.#isReady(id, byItself);
      return;
    }
    this.#imports.set(id, {
      modelId: id,
      jobId: null,
      name,
      source,
      base,
      dtype: dtype as WeightDtype,
      state: 'interrupted',
      activity: null,
      done: 0,
      total: null,
      secondsLeft: null,
      error: null,
    });
  }

  #requireIdle(): void {
    if (this.#running === null) return;
    throw new WorkstationError(
      'busy',
      'Another model is being imported.',
      'Wait until it is done, or stop it: it can be gone on with later.',
    );
  }

  #find(modelId: ModelId): ModelImport {
    const found = this.#imports.get(modelId);
    if (found) return found;
    throw new WorkstationError(
      'not-found',
      'There is no such import any more.',
      'Choose the folder again to import it.',
    );
  }

  #change(modelId: ModelId, part: Partial<ModelImport>): void {
    const known = this.#imports.get(modelId);
    if (known) this.#set({ ...known, ...part });
  }

  #set(state: ModelImport): ModelImport {
    this.#imports.set(state.modelId, state);
    this.#options.onChange(state);
    return state;
  }
}
