import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { CheckpointManifest, ModelManifest } from '../../preload/contract/model.ts';
import { WorkstationError, type ModelId, type ModelSummary } from '../../preload/contract/index.ts';
import { readJson } from './configuration.ts';
import { isImported } from './folders.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import type { ImportProgress } from './progress.ts';

export interface CatalogueOptions {
  /** Where imported models are kept: `<data folder>/models`. */
  modelsFolder: string;
  /** The checkpoint folder that comes with the workstation. */
  embeddedFolder: string;
}

export interface PrepareOptions {
  signal?: AbortSignal;
  /** Bytes of weights read so far, when an import is needed first. */
  onProgress?: (progress: ImportProgress) => void;
}

/** A model that the engine can load. */
export interface PreparedModel {
  /** An imported model directory. */
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
   * The embedded model first, then every imported one, by name; of several imports with one id, the first by
   * folder name. Folders without a manifest that can be read are left out.
   */
  list: () => Promise<ModelSummary[]>;
  /** Null: the embedded model. Throws `not-found` for an unknown id. */
  prepare: (modelId: ModelId | null, options?: PrepareOptions) => Promise<PreparedModel>;
  /**
   * Any folder: an imported model, or a checkpoint with a manifest of its own, which is imported first. Throws
   * `model-missing-file`, `model-altered-file`, `model-mismatch` and what `importCheckpoint` does.
   */
  prepareFolder: (folder: string, options?: PrepareOptions) => Promise<PreparedModel>;
}

export function createCatalogue({ modelsFolder, embeddedFolder }: CatalogueOptions): Catalogue {
  async function importedFolders(): Promise<{ folder: string; manifest: ModelManifest }[]> {
    const found = new Map<ModelId, { folder: string; manifest: ModelManifest }>();
    for (const name of (await namesIn(modelsFolder)).sort()) {
      const folder = join(modelsFolder, name);
      const manifest = ModelManifest.safeParse(await readManifest(folder).catch(() => null));
      if (manifest.success && !found.has(manifest.data.id)) {
        found.set(manifest.data.id, { folder, manifest: manifest.data });
      }
    }
    return [...found.values()];
  }

  async function embeddedManifest(): Promise<CheckpointManifest> {
    return readAs(CheckpointManifest, embeddedFolder, await readManifest(embeddedFolder));
  }

  async function prepareFolder(folder: string, options: PrepareOptions = {}): Promise<PreparedModel> {
    const content = await readManifest(folder);
    if (isImported(content)) {
      const manifest = readAs(ModelManifest, folder, content);
      return { directory: folder, summary: summaryOf(manifest, false), importAgain: null };
    }
    const checkpoint = readAs(CheckpointManifest, folder, content);
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
    async list() {
      const embedded = await embeddedManifest();
      const others = (await importedFolders()).filter(({ manifest }) => manifest.id !== embedded.id);
      return [
        summaryOf(embedded, true),
        ...others
          .map(({ manifest }) => summaryOf(manifest, false))
          .sort((left, right) => left.name.localeCompare(right.name)),
      ];
    },
    async prepare(modelId, options) {
      if (modelId === null || modelId === (await embeddedManifest()).id) {
        return prepareFolder(embeddedFolder, options);
      }
      const match = (await importedFolders()).find(({ manifest }) => manifest.id === modelId);
      if (!match) {
        throw new WorkstationError(
          'not-found',
          `There is no model '${modelId}' here.`,
          'Choose one of the listed models, or import its checkpoint folder.',
        );
      }
      return { directory: match.folder, summary: summaryOf(match.manifest, false), importAgain: null };
    },
  };
}

/** The import writes the manifest last. */
const isWhole = (directory: string): boolean => existsSync(join(directory, 'manifest.json'));

async function importInto(directory: string, checkpoint: string, options: PrepareOptions): Promise<void> {
  try {
    // The embedded model answers as well with 8-bit weights as with 32 (docs/RESULTS.md), from a third of the memory.
    await importCheckpoint({ checkpoint, out: directory, dtype: 'q8', ...options });
  } catch (error) {
    // Another window or command made the same model meanwhile: its directory is as good as ours.
    if (!isWhole(directory)) throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new WorkstationError(
      'file-unreadable',
      `The folder '${basename(folder)}' of the data folder, which keeps imported models, cannot be read (${code}).`,
      'Give your account permission to read it, or move what stands in its place away.',
      { cause: error },
    );
  }
}

/** Reads `manifest.json`, with the errors that a person can act on. */
async function readManifest(folder: string): Promise<unknown> {
  const name = basename(folder);
  if (!existsSync(folder)) {
    throw new WorkstationError(
      'model-missing-file',
      `There is no model folder '${name}' at the place given.`,
      'Check the path, or choose the folder again.',
    );
  }
  const content = await readJson(join(folder, 'manifest.json'));
  if (content !== null) return content;
  throw new WorkstationError(
    'model-missing-file',
    `The folder '${name}' has no manifest.json.`,
    existsSync(join(folder, 'config.json'))
      ? 'It looks like a checkpoint: import it first with `models import`.'
      : 'Choose a folder that `models import` has written.',
  );
}

function readAs<T>(schema: z.ZodType<T>, folder: string, content: unknown): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new WorkstationError(
    'model-mismatch',
    `The manifest of the model folder '${basename(folder)}' is not one that this version reads ` +
      `(${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}).`,
    'Import the checkpoint again with this version of the workstation.',
  );
}

/**
 * One name for one content: the same checkpoint is imported once, an altered one anew, and one whose manifest
 * says something else of the same weights too, since the import carries what it says.
 */
function importedName(manifest: CheckpointManifest): string {
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 12);
  return `${manifest.id}-${digest}-fp32`;
}

function summaryOf(manifest: CheckpointManifest | ModelManifest, embedded: boolean): ModelSummary {
  const { id, name, version, domain, domainNote, licence } = manifest;
  return { id, name, version, embedded, domain, domainNote, licence };
}
