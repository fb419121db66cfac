import { Tensor, type InferenceSession } from '../onnx-runtime.ts';
import { floatsOf } from '../onnx/float-tensors.ts';
import type { EmbeddingGraph } from './model-graphs.ts';

/** `embed_tokens`: `input_ids` i64 [1, s] -> `inputs_embeds` f32 or f16 [1, s, hidden]. */
export class SessionEmbedder implements EmbeddingGraph {
  readonly #session: InferenceSession;

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  async embed(ids: ArrayLike<number>): Promise<Float32Array> {
    const input = BigInt64Array.from({ length: ids.length }, (_, index) => BigInt(ids[index]!));
    const outputs = await this.#session.run({ input_ids: new Tensor('int64', input, [1, ids.length]) });
    return floatsOf(outputs['inputs_embeds']!);
  }
}
