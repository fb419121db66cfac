import { basename } from 'node:path';
import { placeId, type Catalogue, type CatalogueModel } from '../../models/import/index.ts';
import { ModelId, toErrorReport, WorkstationError, type ModelEntry } from '../../preload/contract/index.ts';
import { models, settings, type ChangeContext, type ModelRecord, type Store } from '../store/index.ts';
import type { ActiveModel } from './active-model.ts';

export interface ModelListOptions {
  store: Store;
  catalogue: Catalogue;
  /** Where frames go when the server's model is chosen; null without a server. */
  serverPlace: string | null;
  activeModel: () => ActiveModel;
  /** The list, or what is chosen of it, has changed. */
  onChange: () => void;
  now: () => number;
}

/** The models that a person can choose among: what the catalogue finds, with what the store remembers of it. */
export class ModelList {
  readonly #options: ModelListOptions;

  constructor(options: ModelListOptions) {
    this.#options = options;
  }

  /** The model that questions go to; null: the embedded one. */
  get chosen(): ModelId | null {
    const chosen = ModelId.nullable().safeParse(this.#setting());
    return chosen.success ? chosen.data : null;
  }

  /** Null also for one that something else wrote into the database: the embedded model answers then. */
  #setting(): string | null {
    try {
      return settings.readSetting(this.#options.store.database, 'model');
    } catch (error) {
      if (toErrorReport(error).code === 'store-corrupt') return null;
      throw error;
    }
  }

  async list(): Promise<ModelEntry[]> {
    const found = await this.#options.catalogue.list();
    const { chosen } = this;
    const records = new Map(this.#records().map((record) => [record.id, record]));
    return found.map((model) => {
      const entry = entryOf(model, records.get(model.id) ?? null, chosen);
      return model.kind === 'server' ? { ...entry, source: this.#options.serverPlace } : entry;
    });
  }

  /**
   * Loads a model and remembers it. Where it can't be loaded, the one before comes back, and the reason is thrown.
   */
  async choose(modelId: ModelId, by: ChangeContext): Promise<void> {
    const { store, onChange } = this.#options;
    const activeModel = this.#options.activeModel();
    const before = activeModel.wish;
    const chosen = (await this.#options.catalogue.list()).find(({ id }) => id === modelId);
    try {
      await activeModel.load({ modelId });
    } catch (error) {
      // Whether the one before can be loaded again is told by the state.
      if (activeModel.wish !== before) activeModel.load(before).catch(() => undefined);
      throw error;
    }
    store.database.transaction(() => {
      settings.writeSetting(store.database, 'model', chosen?.kind === 'embedded' ? null : modelId);
      store.record.mention(by, 'model.choose', { what: 'model', id: modelId, name: chosen?.name ?? null });
    });
    onChange();
  }

  /** Adds a folder that is used where it lies. Throws what is wrong with it. */
  async add(folder: string, by: ChangeContext): Promise<ModelEntry> {
    const { catalogue, store, onChange, now } = this.#options;
    const id = placeId(folder);
    const model = await catalogue.describeInPlace({ id, folder });
    const record: ModelRecord = {
      id,
      kind: 'in-place',
      state: 'ready',
      name: basename(folder),
      source: folder,
      base: null,
      dtype: null,
      answerFormat: null,
      addedAt: now(),
    };
    store.database.transaction(() => {
      models.putModel(store.database, record);
      store.record.mention(by, 'model.add', { what: 'model', id, name: record.name });
    });
    onChange();
    return entryOf(model, record, this.chosen);
  }

  /** Deletes an imported model, or forgets one in place. One in use gives way to the embedded model first. */
  async remove(modelId: ModelId, by: ChangeContext): Promise<void> {
    const { catalogue, store, onChange } = this.#options;
    const model = (await catalogue.list()).find(({ id }) => id === modelId);
    if (!model) {
      throw new WorkstationError(
        'not-found',
        'There is no such model any more.',
        'Nothing needs to be done: it is off the list already.',
      );
    }
    const activeModel = this.#options.activeModel();
    if (this.chosen === modelId) settings.writeSetting(store.database, 'model', null);
    if (model.kind !== 'embedded' && activeModel.describe().model?.id === modelId) {
      await activeModel.load('chosen');
    }
    if (model.kind !== 'in-place') await catalogue.remove(modelId);
    store.database.transaction(() => {
      models.removeModel(store.database, modelId);
      store.record.mention(by, 'model.remove', { what: 'model', id: modelId, name: model.name });
    });
    onChange();
  }

  #records(): ModelRecord[] {
    return models.listModels(this.#options.store.database);
  }
}

function entryOf(model: CatalogueModel, record: ModelRecord | null, chosen: ModelId | null): ModelEntry {
  const { directory: _directory, ...entry } = model;
  return {
    ...entry,
    source: record?.source ?? null,
    addedAt: record?.addedAt ?? null,
    chosen: chosen === null ? model.kind === 'embedded' : chosen === model.id,
  };
}
