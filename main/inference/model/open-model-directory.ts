import path from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { ModelManifest } from '../../../preload/contract/model.ts';
import { ImageProcessorConfig } from '../image/image-processor.ts';
import {
  checkProcessor,
  fileBytes,
  hashFiles,
  importHint,
  manifestName,
  modelSha256,
  readJson,
  type HashOptions,
} from './model-files.ts';
import { GenerationConfig, isTransformersFolder, openTransformersFolder } from './transformers-folder.ts';
import type { ModelDirectory, OpenModelOptions } from './model-directory.ts';
import { noVariants } from './transformers-variants.ts';

/**
 * Opens an imported model's folder and verifies every file: presence, length and SHA-256. A folder with graphs as for
 * transformers.js and no manifest of ours is used as it lies (see `openTransformersFolder`).
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-wrong-architecture`,
 *   `model-mismatch`, each naming the file or the value, with what was expected and what was found.
 */
export async function openModelDirectory(
  directory: string,
  options: OpenModelOptions = {},
): Promise<ModelDirectory> {
  const root = path.resolve(directory);
  if (isTransformersFolder(root)) return openTransformersFolder(root, options);
  const manifest = await readManifest(root);
  if (options.variant !== undefined) throw noVariants(root);
  const graphFiles = Object.values(manifest.graphs).filter((name) => name !== undefined);
  for (const name of [...graphFiles, ...requiredFiles(manifest)]) {
    if (!(name in manifest.files)) {
      throw new WorkstationError('model-missing-file', `The manifest does not list ${name}.`, importHint);
    }
  }
  await verifyFiles(root, manifest, options);
  const processor = await readJson(root, 'preprocessor_config.json', ImageProcessorConfig);
  checkProcessor('preprocessor_config.json', processor, manifest.parameters);
  const generation =
    'generation_config.json' in manifest.files
      ? await readJson(root, 'generation_config.json', GenerationConfig)
      : {};
  return {
    directory: root,
    manifest,
    sha256: modelSha256(manifest),
    processor,
    repetitionPenalty: generation.repetition_penalty ?? 1,
    graphBytes: Object.entries(manifest.files)
      .filter(([name]) => name.startsWith('onnx/') || graphFiles.includes(name))
      .reduce((sum, [, file]) => sum + file.bytes, 0),
  };
}

function requiredFiles(manifest: ModelManifest): string[] {
  const names = ['preprocessor_config.json'];
  return manifest.tokenizer ? [...names, 'tokenizer.json', 'tokenizer_config.json'] : names;
}

const Preview = z.object({ architecture: z.unknown(), kind: z.unknown(), formatVersion: z.unknown() });

async function readManifest(root: string): Promise<ModelManifest> {
  const preview = await readJson(root, manifestName, Preview);
  if (preview.architecture !== 'qwen2_5_vl') {
    throw new WorkstationError(
      'model-wrong-architecture',
      `The model's architecture is ${String(preview.architecture)}; expected qwen2_5_vl.`,
      'Choose a model of the Qwen2.5-VL family.',
    );
  }
  if (preview.formatVersion !== 1) {
    throw new WorkstationError(
      'model-unsupported',
      `The model folder has format version ${String(preview.formatVersion)}; this program reads version 1.`,
      importHint,
    );
  }
  if (preview.kind !== 'imported') {
    throw new WorkstationError(
      'model-unsupported',
      'This folder holds a checkpoint that has not been imported yet.',
      importHint,
    );
  }
  return readJson(root, manifestName, ModelManifest);
}

/** Presence, length and hash of every file. */
async function verifyFiles(root: string, manifest: ModelManifest, options: HashOptions): Promise<void> {
  // Presence and length are checked first: that is cheap, and names a truncated copy before gigabytes are hashed.
  for (const [name, file] of Object.entries(manifest.files)) {
    const found = await fileBytes(root, name);
    if (found !== file.bytes) {
      throw new WorkstationError(
        'model-altered-file',
        `${name} is ${found < file.bytes ? 'truncated' : 'altered'}: expected ${file.bytes} bytes, found ${found}.`,
        'Copy the model folder again, or import it again.',
      );
    }
  }
  const files = Object.entries(manifest.files).map(([name, { bytes }]) => [name, bytes] as const);
  for await (const [name, found] of hashFiles(root, files, options)) {
    const expected = manifest.files[name]!.sha256;
    if (found.sha256 !== expected) {
      throw new WorkstationError(
        'model-altered-file',
        `${name} is not the file that was imported: expected SHA-256 ${expected}, found ${found.sha256}.`,
        'Copy the model folder again, or import it again.',
      );
    }
  }
}
