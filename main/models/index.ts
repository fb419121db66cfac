import { join } from 'node:path';
import { createCatalogue, FolderInspector } from '../../models/import/index.ts';
import type {
  GrantId,
  ModelFolderReport,
  ModelId,
  WorkstationCalls,
  WorkstationEvent,
} from '../../preload/contract/index.ts';
import type { Engine, StartEngine } from '../inference/index.ts';
import { serverAddress, serverDirectory, type ServerConfiguration } from '../inference/server/index.ts';
import type { GrantRegistry } from '../files/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import { models, type Store } from '../store/index.ts';
import { ActiveModel } from './active-model.ts';
import { ModelImports } from './model-imports.ts';
import { ModelList } from './model-list.ts';
import { catalogueWithServer } from './server-model.ts';

export { readEngineSettings, type EngineSettings } from './engine-settings.ts';
export { checkServer, engineWithServer, readServerSetting, type ServerSetting } from './server-model.ts';

export interface ModelsOptions {
  store: Store;
  engine: Engine;
  embeddedFolder: string;
  /** The hospital's server, if an administrator has set one up; `engine` must be made with the same. */
  server: ServerConfiguration | null;
  startEngine?: StartEngine;
  jobs: JobRegistry;
  /** Resolves the folders that a person picked, which windows know by their grants alone. */
  grants: GrantRegistry;
  emit: (event: WorkstationEvent) => void;
  now: () => number;
  log: (line: string) => void;
}

/** The calls of the contract about models. */
type ModelCall =
  | 'listModels'
  | 'getModelState'
  | 'loadModel'
  | 'loadChosenModel'
  | 'chooseModel'
  | 'removeModel'
  | 'inspectModelFolder'
  | 'importModel'
  | 'listModelImports'
  | 'resumeModelImport'
  | 'discardModelImport'
  | 'addModelFolder';

export interface Models {
  readonly calls: Pick<WorkstationCalls, ModelCall>;
  readonly activeModel: ActiveModel;
  /** Looks at a folder by its path; see `inspectModelFolder`. */
  inspect: (folder: string, base: string | null, signal?: AbortSignal) => Promise<ModelFolderReport>;
  /** Where a listed model's files lie. */
  folderOf: (modelId: ModelId, signal?: AbortSignal) => Promise<string>;
  readonly modelList: ModelList;
  readonly imports: ModelImports;
  dispose: () => Promise<void>;
}

/** Connects everything about models: the list of them, the one that answers, and imports of others. */
export function createModels(options: ModelsOptions): Models {
  const { store, engine, emit, now, grants, jobs, log } = options;
  const pathOf = (id: GrantId): string => grants.path(id);
  const modelsFolder = join(store.layout.home, 'models');
  const inspector = new FolderInspector({
    ...(options.startEngine && { start: options.startEngine }),
    log,
  });
  const imported = createCatalogue({
    modelsFolder,
    look: (place, again) => inspector.inPlace(place, again),
    embeddedFolder: options.embeddedFolder,
    inPlace: () =>
      models
        .listModels(store.database)
        .filter(({ kind }) => kind === 'in-place')
        .map(({ id, source }) => ({ id, folder: source })),
  });
  const catalogue = catalogueWithServer(imported, options.server);
  const serverPlace = options.server && serverAddress(options.server);
  const onChange = (): void => emit({ type: 'models' });
  const modelList: ModelList = new ModelList({
    store,
    catalogue,
    serverPlace,
    activeModel: () => activeModel,
    onChange,
    now,
  });
  const activeModel = new ActiveModel({
    engine,
    catalogue,
    jobs,
    chosen: () => modelList.chosen,
    nameOf: (modelId) => models.findModel(store.database, modelId)?.name ?? null,
    serverOf: (directory) => (directory === serverDirectory ? serverPlace : null),
    onState: (state) => emit({ type: 'model', state }),
  });
  const imports = new ModelImports({
    store,
    modelsFolder,
    placeOf: (source, dtype) => inspector.place(source, modelsFolder, dtype),
    ...(options.startEngine && { start: options.startEngine }),
    jobs,
    onChange: (state) => emit({ type: 'model-import', import: state }),
    onDone: onChange,
    now,
    log,
  });
  const inspect: Models['inspect'] = (folder, base, signal) =>
    inspector.report({ folder, base, modelsFolder }, signal);
  const basePath = (id: GrantId | null): string | null => (id === null ? null : pathOf(id));

  return {
    activeModel,
    modelList,
    imports,
    inspect,
    folderOf: async (modelId, signal) =>
      (await catalogue.prepare(modelId, signal ? { signal } : {})).directory,
    calls: {
      listModels: () => modelList.list(),
      getModelState: async () => activeModel.describe(),
      loadModel: async ({ modelId }) => {
        await activeModel.load({ modelId });
        return activeModel.describe();
      },
      loadChosenModel: async () => {
        await activeModel.load('chosen');
        return activeModel.describe();
      },
      chooseModel: async ({ modelId }, by) => {
        await modelList.choose(modelId, by);
        return activeModel.describe();
      },
      removeModel: async ({ modelId }, by) => {
        await modelList.remove(modelId, by);
        return {};
      },
      inspectModelFolder: async ({ folderId, baseId }, { signal }) =>
        inspect(pathOf(folderId), basePath(baseId), signal),
      importModel: async ({ folderId, baseId, dtype, answerFormat = null }, by) =>
        imports.start({ folder: pathOf(folderId), base: basePath(baseId), dtype, answerFormat }, by),
      listModelImports: async () => imports.list(),
      resumeModelImport: async ({ modelId }, by) => imports.resume(modelId, by),
      discardModelImport: async ({ modelId }) => {
        await imports.discard(modelId);
        return {};
      },
      addModelFolder: async ({ folderId }, by) => modelList.add(pathOf(folderId), by),
    },
    dispose: async () => {
      inspector.dispose();
      await imports.dispose();
      await activeModel.dispose();
    },
  };
}
