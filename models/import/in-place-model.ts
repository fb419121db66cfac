import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ModelManifest } from '../../preload/contract/model.ts';
import { ModelId } from '../../preload/contract/values.ts';
import { readTransformersFolder } from '../../main/inference/model/index.ts';
import { describeImported, readAs, readManifest, summaryOf, type CatalogueModel } from './catalogue-model.ts';
import { hasGraphs } from './folders.ts';

export interface FolderInPlace {
  id: ModelId;
  folder: string;
  /** Which graphs, of a folder with several. */
  variant?: string;
}

/** The id of a folder that is used where it lies: the same for the same place. */
export function placeId(folder: string): ModelId {
  const digest = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16);
  return ModelId.parse(`in-place-${digest}`);
}

/** What a folder that is to be used where it lies holds. Throws what is wrong with it. */
export async function describeInPlace({ id, folder, variant }: FolderInPlace): Promise<CatalogueModel> {
  if (!(await hasGraphs(folder))) {
    const manifest = readAs(ModelManifest, folder, await readManifest(folder));
    return describeImported(id, folder, manifest, 'in-place');
  }
  const wish = variant === undefined ? {} : { variant };
  const { manifest, version, files } = await readTransformersFolder(resolve(folder), wish);
  return {
    ...summaryOf({ ...manifest, version: version ?? 'used in place' }, false),
    id,
    kind: 'in-place',
    dtype: manifest.dtype,
    bytes: files.reduce((sum, [, bytes]) => sum + bytes, 0),
    sourceSha256: null,
    canAsk: manifest.tokenizer,
    problem: null,
    directory: folder,
  };
}
