import { WorkstationError } from '../../preload/contract/errors.ts';
import type { Configuration } from './configuration.ts';
import { floatType } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';

/** A checkpoint's tensors under one set of names, whichever prefixes its file uses. All present, shapes right. */
export interface CheckpointTensors {
  /** A tensor of the vision part, such as `blocks.0.norm1.weight`. */
  vision(name: string): StoredTensor;
  /** A tensor of the language model, such as `layers.0.mlp.up_proj.weight`. */
  text(name: string): StoredTensor;
  /** The output matrix [vocabulary, hidden]: the embeddings themselves where they are tied. */
  head: StoredTensor;
}

/** Until transformers 4.51, and since. */
const layouts = [
  { vision: 'visual.', text: 'model.' },
  { vision: 'model.visual.', text: 'model.language_model.' },
];

/** A tensor's name as transformers wrote it until 4.51, whichever version wrote this one. */
export function plainName(name: string): string {
  const { vision, text } = layouts[1]!;
  if (name.startsWith(vision)) return layouts[0]!.vision + name.slice(vision.length);
  if (name.startsWith(text)) return layouts[0]!.text + name.slice(text.length);
  return name;
}

/** Buffers that some checkpoints carry and nothing reads. */
const ignored = /(^|\.)rotary_(pos_)?emb\.(original_)?inv_freq$/;
/** Names listed in a message; more than these help nobody. */
const namesListed = 8;

/**
 * Matches a checkpoint's tensors with those that its configuration asks for.
 *
 * @throws WorkstationError `model-mismatch` naming the tensors that are missing, of another shape, or unknown;
 *   `model-unsupported` for a type that can't be imported
 */
export function matchTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  configuration: Configuration,
): CheckpointTensors {
  // Each layer has tensors of its own: a claim that the files cannot hold is refused before anything follows it.
  const layers = configuration.text.layers + configuration.vision.layers;
  if (layers > tensors.size) {
    throw mismatch(`config.json asks for ${layers} layers, and the files hold ${tensors.size} tensors.`);
  }
  const layout = layouts.find(({ text }) => tensors.has(`${text}embed_tokens.weight`)) ?? layouts[0]!;
  const expected = new Map<string, number[]>();
  for (const [name, shape] of visionShapes(configuration)) expected.set(layout.vision + name, shape);
  for (const [name, shape] of textShapes(configuration)) expected.set(layout.text + name, shape);
  const { hidden, vocabulary } = configuration.text;
  if (!configuration.tied) expected.set('lm_head.weight', [vocabulary, hidden]);

  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) throw mismatch(`The checkpoint has no ${list(missing)}.`);
  for (const [name, shape] of expected) {
    const found = tensors.get(name)!;
    if (found.shape.join() !== shape.join()) {
      throw mismatch(
        `${name} has the shape [${found.shape.join(', ')}]; config.json asks for [${shape.join(', ')}].`,
      );
    }
    floatType(found);
  }
  // With tied embeddings Hugging Face uses the embeddings and passes over an output matrix in the file.
  const passedOver = (name: string) =>
    ignored.test(name) || (configuration.tied && name === 'lm_head.weight');
  const unknown = [...tensors.keys()].filter((name) => !expected.has(name) && !passedOver(name));
  if (unknown.length > 0)
    throw mismatch(`The checkpoint has tensors that Qwen2.5-VL doesn't: ${list(unknown)}.`);

  const get = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (!tensor || !expected.has(name)) throw new Error(`${name} is no tensor of this architecture`);
    return tensor;
  };
  return {
    vision: (name) => get(layout.vision + name),
    text: (name) => get(layout.text + name),
    head: get(configuration.tied ? `${layout.text}embed_tokens.weight` : 'lm_head.weight'),
  };
}

function* visionShapes({ vision }: Configuration): Generator<[string, number[]]> {
  const { hidden, intermediate, outHidden, mergeSize } = vision;
  const merged = hidden * mergeSize ** 2;
  yield ['patch_embed.proj.weight', [hidden, ...vision.patchShape]];
  for (let layer = 0; layer < vision.layers; layer++) {
    const block = `blocks.${layer}`;
    yield [`${block}.norm1.weight`, [hidden]];
    yield [`${block}.norm2.weight`, [hidden]];
    yield* layerShapes(`${block}.attn.qkv`, 3 * hidden, hidden, true);
    yield* layerShapes(`${block}.attn.proj`, hidden, hidden, true);
    yield* layerShapes(`${block}.mlp.gate_proj`, intermediate, hidden, true);
    yield* layerShapes(`${block}.mlp.up_proj`, intermediate, hidden, true);
    yield* layerShapes(`${block}.mlp.down_proj`, hidden, intermediate, true);
  }
  yield ['merger.ln_q.weight', [hidden]];
  yield* layerShapes('merger.mlp.0', merged, merged, true);
  yield* layerShapes('merger.mlp.2', outHidden, merged, true);
}

function* textShapes({ text }: Configuration): Generator<[string, number[]]> {
  const { hidden, intermediate, headSize, vocabulary } = text;
  yield ['embed_tokens.weight', [vocabulary, hidden]];
  for (let layer = 0; layer < text.layers; layer++) {
    const prefix = `layers.${layer}`;
    yield [`${prefix}.input_layernorm.weight`, [hidden]];
    yield [`${prefix}.post_attention_layernorm.weight`, [hidden]];
    yield* layerShapes(`${prefix}.self_attn.q_proj`, text.heads * headSize, hidden, true);
    yield* layerShapes(`${prefix}.self_attn.k_proj`, text.keyValueHeads * headSize, hidden, true);
    yield* layerShapes(`${prefix}.self_attn.v_proj`, text.keyValueHeads * headSize, hidden, true);
    yield* layerShapes(`${prefix}.self_attn.o_proj`, hidden, text.heads * headSize, false);
    yield* layerShapes(`${prefix}.mlp.gate_proj`, intermediate, hidden, false);
    yield* layerShapes(`${prefix}.mlp.up_proj`, intermediate, hidden, false);
    yield* layerShapes(`${prefix}.mlp.down_proj`, hidden, intermediate, false);
  }
  yield ['norm.weight', [hidden]];
}

function* layerShapes(name: string, out: number, into: number, bias: boolean): Generator<[string, number[]]> {
  yield [`${name}.weight`, [out, into]];
  if (bias) yield [`${name}.bias`, [out]];
}

/** Names for a message, the first few of them. */
export function list(names: string[]): string {
  const more = names.length - namesListed;
  return names.slice(0, namesListed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function mismatch(message: string): WorkstationError {
  return new WorkstationError(
    'model-mismatch',
    message,
    'The weights and config.json have to be of the same Qwen2.5-VL model, whole. Adapters are given beside it (--adapter).',
  );
}
