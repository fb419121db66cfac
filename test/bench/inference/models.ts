import { rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelTokenizer, openModelDirectory } from '../../../main/inference/index.ts';
import { importCheckpoint } from '../../../models/import/index.ts';
import type {
  AttentionOperator,
  BlockSize,
  ImportOptions,
  WeightType,
} from '../../../models/import/index.ts';
import { writeRandomCheckpoint } from '../random-checkpoint.ts';
import type { RandomCheckpoint } from '../random-checkpoint.ts';

/** The same weights for both sides, in the graphs that each wants. */
export interface ModelPair {
  own: string;
  peer: string;
  dtype: WeightType;
}

export const layersShape: RandomCheckpoint = { depth: 8, visionDepth: 8, vocabulary: 32_768 };
const embeddedCheckpoint = fileURLToPath(new URL('../../../models/nano', import.meta.url));

/**
 * Models of random weights with the 3B model's layer shapes, in 4 bits. Folders that are there already are used
 * again.
 */
export async function layersModels(
  folder: string,
  shape: RandomCheckpoint,
  { attention, blockSize }: { attention: AttentionOperator; blockSize: BlockSize },
): Promise<ModelPair> {
  const name = `layers-${shape.depth}-${shape.visionDepth}-blocks-${blockSize}`;
  const pair: ModelPair = {
    own: join(folder, `${name}-own`),
    peer: join(folder, `${name}-${attention}`),
    dtype: 'int4',
  };
  if (existsSync(pair.own) && existsSync(pair.peer)) return pair;
  const checkpoint = join(folder, `${name}-checkpoint`);
  await writeRandomCheckpoint(checkpoint, shape);
  await importPair(checkpoint, pair, attention, blockSize);
  await rm(checkpoint, { recursive: true });
  return pair;
}

/** The embedded model as the program runs it. */
export async function embeddedModels(folder: string, attention: AttentionOperator): Promise<ModelPair> {
  const pair: ModelPair = {
    own: join(folder, 'embedded-own'),
    peer: join(folder, `embedded-${attention}`),
    dtype: 'q8',
  };
  await importPair(embeddedCheckpoint, pair, attention);
  return pair;
}

async function importPair(
  checkpoint: string,
  pair: ModelPair,
  attention: AttentionOperator,
  blockSize: BlockSize = 32,
): Promise<void> {
  const options = { checkpoint, dtype: pair.dtype, blockSize };
  const each: ImportOptions[] = [
    { ...options, out: pair.own },
    { ...options, out: pair.peer, layout: 'transformers', attention },
  ];
  for (const one of each) if (!existsSync(one.out)) await importCheckpoint(one);
}

/** A question that makes a prompt of this many tokens, behind a frame of `units` tokens. */
export async function questionOfLength(embedded: string, units: number, tokens: number): Promise<string> {
  const tokenizer = await ModelTokenizer.open(await openModelDirectory(embedded));
  let question = 'Where is the stapler located?';
  while (tokenizer.prompt(question, units).ids.length < tokens) question += ' And where is the clip applier?';
  return question;
}

/** Bytes that decoding a token reads: the decoder's weights, and the cached keys and values behind it. */
export async function bytesPerToken(
  pair: ModelPair,
  shape: RandomCheckpoint,
  context: number,
): Promise<number> {
  const { manifest } = await openModelDirectory(pair.own);
  const { layers, keyValueHeads, headSize } = manifest.parameters;
  // The vocabulary's matrix is tied: it lies in the embeddings' file, and the decoder multiplies with all of it.
  const weights = ['onnx/decoder.onnx_data', 'onnx/embed_tokens.onnx_data'];
  let bytes = 0;
  for (const name of weights) bytes += (await stat(join(pair.own, name))).size;
  return bytes + 2 * layers * keyValueHeads * headSize * 4 * context;
}
