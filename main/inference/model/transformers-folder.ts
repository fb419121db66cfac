import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ModelDescription, type ModelFile, type ModelManifest } from '../../../preload/contract/model.ts';
import { ModelId } from '../../../preload/contract/values.ts';
import { ImageProcessorConfig } from '../image/image-processor.ts';
import { readConfiguration } from './model-configuration.ts';
import type { ModelDirectory, OpenModelOptions } from './model-directory.ts';
import {
  checkProcessor,
  fileBytes,
  hashFiles,
  manifestName,
  missing,
  modelSha256,
  pathInModel,
  readJson,
} from './model-files.ts';
import { requireSize } from '../../platform/plain-file.ts';
import { answerFormatOf, readStatement, statementName } from './model-statement.ts';
import { readSkeleton } from '../onnx/onnx-skeleton.ts';
import { chooseVariants, dtypeOf, type ChosenVariants } from './transformers-variants.ts';

export const GenerationConfig = z.object({ repetition_penalty: z.number().positive().optional() });

const UnversionedDescription = ModelDescription.omit({ version: true });

/** Read where present, and part of the model's identity. */
const optionalFiles = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'chat_template.json',
  statementName,
];

/** Transformers wrote the first until version 5, and writes the second since, with the image's part inside. */
const processorFiles = ['preprocessor_config.json', 'processor_config.json'] as const;
const ProcessorConfig = z.union([
  z.object({ image_processor: ImageProcessorConfig }).transform((config) => config.image_processor),
  ImageProcessorConfig,
]);

/** Whether a folder is used as it lies: graphs as for transformers.js with a config.json, not imported by us. */
export function isTransformersFolder(root: string): boolean {
  return (
    ['config.json', 'onnx'].every((name) => existsSync(path.join(root, name))) &&
    !existsSync(path.join(root, manifestName))
  );
}

/** What such a folder says of its model, without its weights being read. */
export interface TransformersFolder {
  readonly manifest: Omit<ModelManifest, 'files' | 'source' | 'version'>;
  /** Of the model; null where the folder names none, and the hash of its files has to do. */
  readonly version: string | null;
  readonly processor: ImageProcessorConfig;
  readonly repetitionPenalty: number;
  /** Which graphs are used, and why. */
  readonly reason: string;
  /** The files that are used, paths relative to the folder, and their sizes. */
  readonly files: readonly (readonly [name: string, bytes: number])[];
}

/**
 * Looks at a folder in the layout of transformers.js: configuration, graphs with their data's places and lengths, and
 * what else it says of its model. Nothing is written to it.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-wrong-architecture`, `model-unsupported`
 *   or `model-mismatch`, naming the file or the value, with what was expected and what was found
 */
export async function readTransformersFolder(
  root: string,
  wish: Pick<OpenModelOptions, 'device' | 'variant'> = {},
): Promise<TransformersFolder> {
  const { architecture, parameters } = await readConfiguration(root, 'in-place');
  const present = optionalFiles.filter((name) => existsSync(path.join(root, name)));
  const processorFile = processorFiles.find((name) => existsSync(path.join(root, name)));
  if (processorFile === undefined) throw missing(root, processorFiles[0]);
  const processor = await readJson(root, processorFile, ProcessorConfig);
  checkProcessor(processorFile, processor, parameters);
  const said = await readStatement(root);
  const variant = wish.variant ?? said.variant;
  const chosen = await chooseVariants(root, { ...wish, ...(variant !== undefined && { variant }) });
  const tokenizer = present.includes('tokenizer.json');
  if (tokenizer && !present.includes('tokenizer_config.json')) {
    throw missing(root, 'tokenizer_config.json');
  }
  const generation = present.includes('generation_config.json')
    ? await readJson(root, 'generation_config.json', GenerationConfig)
    : {};
  const files = ['config.json', processorFile, ...present, ...(await graphFiles(root, chosen))];
  const sizes: [string, number][] = [];
  for (const name of files) {
    const bytes = await fileBytes(root, name);
    // This is checked before hashing, because such a file could not be read in the end.
    if (!name.startsWith('onnx/')) requireSize(name, bytes);
    sizes.push([name, bytes]);
  }
  return {
    manifest: {
      formatVersion: 1,
      kind: 'imported',
      architecture,
      ...UnversionedDescription.parse({
        ...usualDescription(nameOf(root)),
        ...said,
        answerFormat: await answerFormatOf(root, { said: [said], architecture }),
      }),
      dtype: dtypeOf(chosen.variant),
      tokenizer,
      parameters,
      layout: 'transformers',
      graphs: chosen.graphs,
    },
    version: said.version ?? null,
    processor,
    repetitionPenalty: generation.repetition_penalty ?? 1,
    reason: chosen.reason,
    files: sizes,
  };
}

/**
 * Opens a folder as it lies. Its files have no hashes to compare with: the model's identity is that of what was found,
 * hashed anew at every opening, as nothing may be noted in the folder.
 *
 * @throws WorkstationError as `readTransformersFolder`, and `cancelled`
 */
export async function openTransformersFolder(
  root: string,
  options: OpenModelOptions,
): Promise<ModelDirectory> {
  const folder = await readTransformersFolder(root, options);
  const files: Record<string, ModelFile> = {};
  for await (const [name, file] of hashFiles(root, folder.files, options)) files[name] = file;
  const sha256 = modelSha256({ files });
  const version = folder.version ?? sha256.slice(0, 12);
  return {
    directory: root,
    manifest: { ...folder.manifest, version, source: { sha256 }, files },
    sha256,
    processor: folder.processor,
    repetitionPenalty: folder.repetitionPenalty,
    graphBytes: folder.files
      .filter(([name]) => name.startsWith('onnx/'))
      .reduce((sum, [, bytes]) => sum + bytes, 0),
    graphsReason: folder.reason,
  };
}

/** The graphs and the files in which their weights lie, each once, by their names in the folder. */
async function graphFiles(root: string, { graphs }: ChosenVariants): Promise<string[]> {
  const names = new Set<string>();
  for (const graph of Object.values(graphs)) {
    names.add(graph);
    const { weightFiles } = await readSkeleton(pathInModel(root, graph));
    for (const { location } of weightFiles) {
      if (location !== null) names.add(path.posix.join(path.posix.dirname(graph), location));
    }
  }
  return [...names];
}

function usualDescription(name: string): Omit<z.infer<typeof UnversionedDescription>, 'answerFormat'> {
  return {
    id: ModelId.parse(name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 128)),
    name,
    licence: 'not stated; see where the folder came from',
    domain: 'unknown',
    domainNote: 'Used in place from a folder that does not say what the model was taught on.',
    coordinateSpace: 'resized-pixels',
  };
}

/** The folder's name; of one in the cache of Hugging Face's hub, that of its repository. */
function nameOf(root: string): string {
  const [repository, kind] = [
    path.basename(path.dirname(path.dirname(root))),
    path.basename(path.dirname(root)),
  ];
  const cached = kind === 'snapshots' ? /^models--.+?--(.+)$/.exec(repository) : null;
  return cached?.[1] ?? path.basename(root);
}
