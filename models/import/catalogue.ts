import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CheckpointManifest, ModelManifest } from '../../preload/contract/model.ts';
import { ModelId, toErrorReport, WorkstationError, type ModelSummary } from '../../preload/contract/index.ts';
import { reasonInWords, refusalOf } from '../../main/platform/file-errors.ts';
import { readStatement } from '../../main/inference/model/index.ts';
import { noVariants } from '../../main/inference/model/index.ts';
import {
  bytesOf,
  describeImported,
  readAs,
  readManifest,
  summaryOf,
  type CatalogueModel,
} from './catalogue-model.ts';
import { hasGraphs, isImported } from './folders.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import { describeInPlace, placeId, type FolderInPlace } from './in-place-model.ts';
import type { ImportProgress } from './progress.ts';

export interface CatalogueOptions {
  /** Where imported models are kept: `<data folder>/models`. */
  modelsFolder: string;
  /** The checkpoint folder that comes with the workstation. */
  embeddedFolder: string;
  /** Folders elsewhere that a person has added, to be used where they lie. */
  inPlace?: () => readonly FolderInPlace[];
  /**
   * Looks at a folder that is used where it lies; in this process by default. The workstation does it in another one,
   * since nobody knows what such a folder holds. `again`: also where an earlier look took too much.
   */
  look?: (place: FolderInPlace, again: boolean) => Promise<CatalogueModel>;
}

/** The weights of the embedded model: as good with 8 bits as with 32 (docs/RESULTS.md), from a third of the memory. */
const embeddedDtype = 'q8';

export interface PrepareOptions {
  /** Which graphs, of a folder with several; for a model with one set it is refused. */
  variant?: string;
  signal?: AbortSignal;
  /** Bytes of weights read so far, when an import is needed first. */
  onProgress?: (progress: ImportProgress) => void;
}

/** A model that the engine can load. */
export interface PreparedModel {
  /** A folder that the engine opens. */
  directory: string;
  summary: ModelSummary;
  /**
   * Removes the directory and imports its checkpoint once more: for one whose files turn out to be missing or
   * altered. Null where the directory is all there is of the model.
   */
  importAgain: ((options?: PrepareOptions) => Promise<PreparedModel>) | null;
}

/** The models that this workstation has, and the way from a folder to graphs that run. */
export interface Catalogue {
  /**
   * The embedded model first, then every other by name: imported ones by the name of their folder, those in place
   * by the id that they were added with. Folders without a manifest that can be read are left out.
   */
  list: () => Promise<CatalogueModel[]>;
  /** What a folder that is to be used where it lies holds. Throws what is wrong with it. */
  describeInPlace: (place: FolderInPlace) => Promise<CatalogueModel>;
  /** Null: the embedded model. Throws `not-found` for an unknown id. */
  prepare: (modelId: ModelId | null, options?: PrepareOptions) => Promise<PreparedModel>;
  /**
   * Any folder: an imported model, one with graphs for transformers.js, or a checkpoint with a manifest of its own,
   * which is imported first. Throws `model-missing-file`, `model-altered-file`, `model-mismatch` and what
   * `importCheckpoint` does.
   */
  prepareFolder: (folder: string, options?: PrepareOptions) => Promise<PreparedModel>;
  /**
   * Deletes an imported model's folder, in the models' folder and nowhere else. Throws `not-allowed` for the embedded
   * model, `not-found` for any other that was not imported, `file-unreadable` where the system refuses.
   */
  remove: (modelId: ModelId) => Promise<void>;
}

export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { modelsFolder, embeddedFolder, inPlace = () => [], look = describeInPlace } = options;

  /** Without imports of the embedded model, this version's or an earlier one's: those are not for choosing. */
  async function importedModels(): Promise<CatalogueModel[]> {
    const embedded = await embeddedManifest();
    const found: CatalogueModel[] = [];
    for (const name of (await namesIn(modelsFolder)).sort()) {
      const directory = join(modelsFolder, name);
      const id = ModelId.safeParse(name);
      const manifest = ModelManifest.safeParse(await readManifest(directory).catch(() => null));
      if (!manifest.success || !id.success) continue;
      if (manifest.data.id === embedded.id && isImportOfManifest(name)) continue;
      found.push(describeImported(id.data, directory, manifest.data, 'imported'));
    }
    return found;
  }

  async function embeddedManifest(): Promise<CheckpointManifest> {
    return readAs(CheckpointManifest, embeddedFolder, await readManifest(embeddedFolder));
  }

  async function describeEmbedded(): Promise<CatalogueModel> {
    const manifest = await embeddedManifest();
    const directory = join(modelsFolder, importedName(manifest));
    const imported = ModelManifest.safeParse(await readManifest(directory).catch(() => null));
    return {
      ...summaryOf(manifest, true),
      kind: 'embedded',
      dtype: imported.success ? imported.data.dtype : embeddedDtype,
      bytes: bytesOf(imported.success ? imported.data : manifest),
      sourceSha256: imported.success ? imported.data.source.sha256 : null,
      canAsk: true,
      problem: null,
      directory: imported.success ? directory : null,
    };
  }

  async function prepareFolder(folder: string, options: PrepareOptions = {}): Promise<PreparedModel> {
    const content = await readManifest(folder).catch(async (error: unknown) => {
      if (await hasGraphs(folder)) return null;
      throw error;
    });
    if (content === null) {
      const variant = options.variant === undefined ? {} : { variant: options.variant };
      const { directory: _place, ...model } = await look({ id: placeId(folder), folder, ...variant }, true);
      return { directory: folder, summary: model, importAgain: null };
    }
    if (options.variant !== undefined) throw noVariants(folder);
    if (isImported(content)) {
      const manifest = readAs(ModelManifest, folder, content);
      return { directory: folder, summary: summaryOf(manifest, false), importAgain: null };
    }
    const checkpoint = CheckpointManifest.parse({
      ...readAs(CheckpointManifest, folder, content),
      ...(await readStatement(folder)),
    });
    const directory = join(modelsFolder, importedName(checkpoint));
    if (!isWhole(directory)) await importInto(directory, folder, options);
    return {
      directory,
      summary: summaryOf(checkpoint, folder === embeddedFolder),
      importAgain: async (again = {}) => {
        await rm(directory, { recursive: true, force: true });
        return prepareFolder(folder, again);
      },
    };
  }

  return {
    prepareFolder,
    describeInPlace: (place) => look(place, true),
    async list() {
      const places = inPlace().map((place) =>
        look(place, false).catch((error: unknown) => describeLost(place, error)),
      );
      const others = [...(await importedModels()), ...(await Promise.all(places))];
      others.sort((one, other) => one.name.localeCompare(other.name) || one.id.localeCompare(other.id));
      return [await describeEmbedded(), ...others];
    },
    async prepare(modelId, options) {
      if (modelId === null || modelId === (await embeddedManifest()).id) {
        return prepareFolder(embeddedFolder, options);
      }
      const place = inPlace().find(({ id }) => id === modelId);
      const match = place
        ? await look(place, true)
        : (await importedModels()).find(({ id }) => id === modelId);
      if (!match?.directory) throw unknown(modelId);
      const { directory, ...summary } = match;
      return { directory, summary, importAgain: null };
    },
    async remove(modelId) {
      if (modelId === (await embeddedManifest()).id) {
        throw new WorkstationError(
          'not-allowed',
          'The embedded model comes with the workstation and stays.',
          'Choose another model to answer; this one is there when you want it back.',
        );
      }
      const match = (await importedModels()).find(({ id }) => id === modelId);
      if (!match?.directory) throw unknown(modelId);
      try {
        await rm(match.directory, { recursive: true, force: true });
      } catch (error) {
        throw new WorkstationError(
          'file-unreadable',
          `The folder of the model '${modelId}' cannot be deleted (${(error as NodeJS.ErrnoException).code}).`,
          'Close what else uses it, and check that your account may change the data folder.',
          { cause: error },
        );
      }
    },
  };
}

function unknown(modelId: ModelId): WorkstationError {
  return new WorkstationError(
    'not-found',
    `There is no model '${modelId}' here.`,
    'Choose one of the listed models, or import its checkpoint folder.',
  );
}

/** A folder that was added and can't be read now. */
const describeLost = ({ id, folder }: FolderInPlace, error: unknown): CatalogueModel => ({
  id,
  name: basename(resolve(folder)),
  version: '',
  embedded: false,
  domain: 'unknown',
  domainNote: '',
  licence: '',
  kind: 'in-place',
  dtype: null,
  bytes: null,
  sourceSha256: null,
  canAsk: false,
  problem: toErrorReport(error),
  directory: null,
});

/** The import writes the manifest last. */
const isWhole = (directory: string): boolean => existsSync(join(directory, 'manifest.json'));

async function importInto(directory: string, checkpoint: string, options: PrepareOptions): Promise<void> {
  try {
    await importCheckpoint({ checkpoint, out: directory, dtype: embeddedDtype, ...options });
  } catch (error) {
    // Another window or command made the same model meanwhile: its directory is as good as ours.
    if (!isWhole(directory)) throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (refusalOf(error) === 'missing') return [];
    throw new WorkstationError(
      'file-unreadable',
      `The folder '${basename(folder)}' of the data folder, which keeps imported models, cannot be read (${reasonInWords(error)}).`,
      'Give your account permission to read it, or move what stands in its place away.',
      { cause: error },
    );
  }
}

/**
 * One name for one content: the same checkpoint is imported once, an altered one anew, and one whose manifest
 * says something else of the same weights too, since the import carries what it says.
 */
function importedName(manifest: CheckpointManifest): string {
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 12);
  return `${manifest.id}-${digest}-${embeddedDtype}`;
}

/** Whether a folder has a name of `importedName`, of this version or an earlier one; what a person imports is named otherwise. */
const isImportOfManifest = (name: string): boolean => /-[0-9a-f]{12}-(?:q8|fp32)$/.test(name);
