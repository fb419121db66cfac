import { basename } from 'node:path';
import { placeId, type Catalogue, type CatalogueModel } from '../../models/import/index.ts';
import { ModelId, toErrorReport, WorkstationError, type ModelEntry } from '../../preload/contract/index.ts';
import { models, settings, type ChangeContext, type ModelRecord, type Store } from '../store/index.ts';
import type { ActiveModel } from './active-model.ts';

export interface ModelListOptions {
  store: Store;
  catalogue: Catalogue;
  /** Host and port that frames are sent to when the server's model is chosen; null without a server. */
  serverPlace: string | null;
  activeModel: () => ActiveModel;
  /** Called when the list, or the choice from it, has changed. */
  onChange: () => void;
  now: () => number;
}

/** The models that a person can choose among: those that the catalogue finds, with what the store knows of each. */
export class ModelList {
  readonly #options: ModelListOptions;

  constructor(options: ModelListOptions) {
    this.#options = options;
  }

  /** The model that a person has chosen; null for the embedded one. */
  get chosen(): ModelId | null {
    const chosen = ModelId.nullable().safeParse(this.#setting());
    return chosen.success ? chosen.data : null;
  }

  /** A choice that can't be read counts as none, so that the embedded model answers. */
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
   * Loads a model and remembers the choice. If it can't be loaded, the model before is loaded again and the reason thrown.
   */
  async choose(modelId: ModelId, by: ChangeContext): Promise<void> {
    const { store, onChange } = this.#options;
    const activeModel = this.#options.activeModel();
    const before = activeModel.wish;
    const chosen = (await this.#options.catalogue.list()).find(({ id }) => id === modelId);
    try {
      await activeModel.load({ modelId });
    } catch (error) {
      // If the model before can't be loaded again either, its state says so to every window.
      if (activeModel.wish !== before) activeModel.load(before).catch(() => undefined);
      throw error;
    }
    store.database.transaction(() => {
      settings.writeSetting(store.database, 'model', chosen?.kind === 'embedded' ? null : modelId);
      store.record.mention(by, 'model.choose', { what: 'model', id: modelId, name: chosen?.name ?? null });
    });
    onChange();
  }

  /** Adds a model that is used in its own folder, without a copy. Throws what is wrong with it. */
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

  /** Deletes an imported model, or forgets one in its own folder. If it is in use, the embedded model replaces it first. */
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
