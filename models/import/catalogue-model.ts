import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { WorkstationError, type ModelId, type ModelSummary } from '../../preload/contract/index.ts';
import { regionWayOf, type ModelManifest } from '../../preload/contract/model.ts';
import { ModelEntry } from '../../preload/contract/models.ts';
import { readJson } from './configuration.ts';

/** A model of the catalogue, without what only the workstation knows of it. */
export const CatalogueModel = ModelEntry.omit({ source: true, addedAt: true, chosen: true }).extend({
  /** Null for an embedded model that was never used yet. */
  directory: z.string().nullable(),
});
export type CatalogueModel = z.infer<typeof CatalogueModel>;

export function describeImported(
  id: ModelId,
  directory: string,
  manifest: ModelManifest,
  kind: 'imported' | 'in-place',
): CatalogueModel {
  return {
    ...summaryOf(manifest, false),
    id,
    kind,
    dtype: manifest.dtype,
    bytes: bytesOf(manifest),
    sourceSha256: manifest.source.sha256,
    canAsk: manifest.tokenizer,
    problem: null,
    directory,
  };
}

export const bytesOf = ({ files }: Pick<ModelManifest, 'files'>): number =>
  Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);

export function summaryOf(manifest: Omit<ModelSummary, 'embedded'>, embedded: boolean): ModelSummary {
  const { id, name, version, domain, domainNote, licence, taught } = manifest;
  const regions = regionWayOf(manifest);
  return { id, name, version, embedded, domain, domainNote, licence, regions, ...(taught && { taught }) };
}

/** Reads `manifest.json`, with the errors that a person can act on. */
export async function readManifest(folder: string): Promise<unknown> {
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

export function readAs<T>(schema: z.ZodType<T>, folder: string, content: unknown): T {
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
