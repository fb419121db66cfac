import { join } from 'node:path';
import { InferenceSession, Tensor } from '../../main/inference/onnx-runtime.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';

const graphs = ['visionEncoder', 'embedTokens', 'decoder'] as const;
export type GraphSessions = Record<(typeof graphs)[number], InferenceSession>;

/** Opens the graphs of a model folder, each with one thread. */
export async function openGraphs(folder: string, manifest: ModelManifest): Promise<GraphSessions> {
  const open = async (name: (typeof graphs)[number]): Promise<[string, InferenceSession]> => [
    name,
    await InferenceSession.create(join(folder, manifest.graphs[name]), {
      intraOpNumThreads: 1,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    }),
  ];
  return Object.fromEntries(await Promise.all(graphs.map(open))) as GraphSessions;
}

export async function closeGraphs(sessions: GraphSessions): Promise<void> {
  for (const session of Object.values(sessions)) await session.release();
}

/** [s, hidden], with image features in the place of image tokens. */
export async function embedTokens(
  { embedTokens: session }: GraphSessions,
  { parameters: { hiddenSize, tokens } }: ModelManifest,
  ids: number[],
  features?: Float32Array,
): Promise<Float32Array> {
  const { inputs_embeds: output } = await session.run({ input_ids: integers(ids, [1, ids.length]) });
  const embeds = Float32Array.from(output!.data as Float32Array);
  let unit = 0;
  ids.forEach((id, index) => {
    if (id !== tokens.image || !features) return;
    embeds.set(features.subarray(unit * hiddenSize, (unit + 1) * hiddenSize), index * hiddenSize);
    unit += 1;
  });
  return embeds;
}

export function integers(values: number[], shape: number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}
