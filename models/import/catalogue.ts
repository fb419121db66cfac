import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CheckpointManifest, ModelManifest } from '../../preload/contract/model.ts';
import { WorkstationError, type ModelId, type ModelSummary } from '../../preload/contract/index.ts';
import { importCheckpoint, type ImportProgress } from './index.ts';

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
}

/** The models that this workstation has, and the way from a folder to graphs that run. */
export interface Catalogue {
  /** The embedded model first, then every imported one, by name. Folders without a manifest are left out. */
  list: () => Promise<ModelSummary[]>;
  /** Null: the embedded model. Throws `not-found` for an unknown id. */
  prepare: (modelId: ModelId | null, options?: PrepareOptions) => Promise<PreparedModel>;
  /** Any folder: an imported model, or a checkpoint with a manifest of its own, which is imported first. */
  prepareFolder: (folder: string, options?: PrepareOptions) => Promise<PreparedModel>;
}

export function createCatalogue({ modelsFolder, embeddedFolder }: CatalogueOptions): Catalogue {
  async function importedFolders(): Promise<{ folder: string; manifest: ModelManifest }[]> {
    if (!existsSync(modelsFolder)) return [];
    const found: { folder: string; manifest: ModelManifest }[] = [];
    for (const name of (await readdir(modelsFolder)).sort()) {
      const folder = join(modelsFolder, name);
      const manifest = ModelManifest.safeParse(await readManifest(folder).catch(() => null));
      if (manifest.success) found.push({ folder, manifest: manifest.data });
    }
    return found;
  }

  async function embeddedId(): Promise<string> {
    return CheckpointManifest.parse(await readManifest(embeddedFolder)).id;
  }

  async function prepareFolder(folder: string, options: PrepareOptions = {}): Promise<PreparedModel> {
    const content = await readManifest(folder);
    const imported = ModelManifest.safeParse(content);
    if (imported.success) return { directory: folder, summary: summaryOf(imported.data, false) };

    const checkpoint = CheckpointManifest.safeParse(content);
    if (!checkpoint.success) {
      const issue = (isImported(content) ? imported.error : checkpoint.error).issues[0];
      throw new WorkstationError(
        'model-mismatch',
        `The manifest of the model folder '${basename(folder)}' is not one that this version reads: ` +
          `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
        'Import the checkpoint again with this version of the workstation.',
      );
    }
    const embedded = folder === embeddedFolder;
    const directory = join(modelsFolder, importedName(checkpoint.data));
    if (!existsSync(join(directory, 'manifest.json'))) {
      await importCheckpoint({ checkpoint: folder, out: directory, dtype: 'fp32', ...options });
    }
    return { directory, summary: summaryOf(checkpoint.data, embedded) };
  }

  return {
    prepareFolder,
    async list() {
      const embedded = CheckpointManifest.parse(await readManifest(embeddedFolder));
      const others = (await importedFolders()).filter(({ manifest }) => manifest.id !== embedded.id);
      return [
        summaryOf(embedded, true),
        ...others
          .map(({ manifest }) => summaryOf(manifest, false))
          .sort((left, right) => left.name.localeCompare(right.name)),
      ];
    },
    async prepare(modelId, options) {
      if (modelId === null || modelId === (await embeddedId())) return prepareFolder(embeddedFolder, options);
      const match = (await importedFolders()).find(({ manifest }) => manifest.id === modelId);
      if (!match) {
        throw new WorkstationError(
          'not-found',
          `There is no model '${modelId}' here.`,
          'Choose one of the listed models, or import its checkpoint folder.',
        );
      }
      return { directory: match.folder, summary: summaryOf(match.manifest, false) };
    },
  };
}

/** Reads `manifest.json`, with the errors that a person can act on. */
async function readManifest(folder: string): Promise<unknown> {
  const file = join(folder, 'manifest.json');
  if (!existsSync(folder)) {
    throw new WorkstationError(
      'model-missing-file',
      `There is no model folder '${basename(folder)}' at the place given.`,
      'Check the path, or choose the folder again.',
    );
  }
  if (!existsSync(file)) {
    throw new WorkstationError(
      'model-missing-file',
      `The folder '${basename(folder)}' has no manifest.json.`,
      existsSync(join(folder, 'config.json'))
        ? 'It looks like a checkpoint: import it first with `models import`.'
        : 'Choose a folder that `models import` has written.',
    );
  }
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new WorkstationError(
      'model-altered-file',
      `The manifest.json of '${basename(folder)}' can't be read as JSON.`,
      'Copy the model folder again from its source.',
      { cause: error },
    );
  }
}

function isImported(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'kind' in content && content.kind === 'imported';
}

/** One name for one content: the same checkpoint is imported once, an altered one anew. */
function importedName(manifest: CheckpointManifest): string {
  const digest = createHash('sha256').update(JSON.stringify(manifest.files)).digest('hex').slice(0, 12);
  return `${manifest.id}-${digest}-fp32`;
}

function summaryOf(manifest: CheckpointManifest | ModelManifest, embedded: boolean): ModelSummary {
  const { id, name, version, domain, domainNote, licence } = manifest;
  return { id, name, version, embedded, domain, domainNote, licence };
}
