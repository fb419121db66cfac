import { Tensor } from '../../main/inference/onnx-runtime.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import type { GoldenCase } from '../inference/golden.ts';
import { pixelValues } from './graph-runner.ts';
import { closeGraphs, embedTokens, integers, openGraphs, type GraphSessions } from './graph-sessions.ts';

/** One sequence of a batch: rows of embeddings with a [time, height, width] each, and padding before them. */
export interface Sequence {
  embeds: Float32Array;
  positions: number[][];
  padding: number;
}

/** Runs graphs of the transformers.js layout as that library does: all keys and values go in and come out. */
export class TransformersRunner {
  readonly manifest: ModelManifest;
  private readonly sessions: GraphSessions;
  private past: Record<string, Tensor> = {};
  private mask: number[][] = [];

  private constructor(manifest: ModelManifest, sessions: GraphSessions) {
    this.manifest = manifest;
    this.sessions = sessions;
  }

  static async open(folder: string, manifest: ModelManifest): Promise<TransformersRunner> {
    return new TransformersRunner(manifest, await openGraphs(folder, manifest));
  }

  close(): Promise<void> {
    return closeGraphs(this.sessions);
  }

  /** [units, hidden]. @param grid patches along time, height and width of each image */
  async encode(pixels: Float32Array, grid: number[]): Promise<Float32Array> {
    const { channels, temporalPatchSize, patchSize } = this.manifest.parameters.vision;
    const row = channels * temporalPatchSize * patchSize ** 2;
    const outputs = await this.sessions.visionEncoder.run({
      pixel_values: new Tensor('float32', pixels, [pixels.length / row, row]),
      image_grid_thw: integers(grid, [grid.length / 3, 3]),
    });
    return outputs['image_features']!.data as Float32Array;
  }

  async imageFeatures(golden: GoldenCase): Promise<Float32Array> {
    return this.encode(pixelValues(golden), golden.integers('image_grid_thw'));
  }

  /** [s, hidden], with image features in the place of image tokens. */
  embed(ids: number[], features?: Float32Array): Promise<Float32Array> {
    return embedTokens(this.sessions, this.manifest, ids, features);
  }

  /** Embeddings and positions of a case's prompt. */
  async prompt(golden: GoldenCase, features?: Float32Array): Promise<Sequence> {
    const ids = golden.integers('input_ids');
    const axes = golden.integers('position_ids');
    return {
      embeds: await this.embed(ids, features),
      positions: ids.map((_, row) => [0, 1, 2].map((axis) => axes[axis * ids.length + row]!)),
      padding: 0,
    };
  }

  reset(): void {
    this.past = {};
    this.mask = [];
  }

  /**
   * Runs the decoder on rows that follow those run before, of several sequences at once; all are as long as
   * another, with their padding.
   *
   * @param keep `num_logits_to_keep`
   * @returns [batch, rows kept, vocabulary]
   */
  async decode(batch: Sequence[], keep: number): Promise<Tensor> {
    const { hiddenSize, layers, keyValueHeads, headSize } = this.manifest.parameters;
    const length = batch[0]!.padding + batch[0]!.positions.length;
    const embeds = new Float32Array(batch.length * length * hiddenSize);
    const positions = [0, 1, 2].flatMap((axis) =>
      batch.flatMap((sequence) => [
        ...Array<number>(sequence.padding).fill(1),
        ...sequence.positions.map((position) => position[axis]!),
      ]),
    );
    batch.forEach((sequence, index) => {
      embeds.set(sequence.embeds, (index * length + sequence.padding) * hiddenSize);
      const row = (this.mask[index] ??= []);
      row.push(...Array<number>(sequence.padding).fill(0), ...sequence.positions.map(() => 1));
    });
    if (Object.keys(this.past).length === 0) {
      for (let layer = 0; layer < layers; layer++) {
        for (const kind of ['key', 'value']) {
          const shape = [batch.length, keyValueHeads, 0, headSize];
          this.past[`past_key_values.${layer}.${kind}`] = new Tensor('float32', new Float32Array(0), shape);
        }
      }
    }
    const outputs = await this.sessions.decoder.run({
      inputs_embeds: new Tensor('float32', embeds, [batch.length, length, hiddenSize]),
      attention_mask: integers(this.mask.flat(), [batch.length, this.mask[0]!.length]),
      position_ids: integers(positions, [3, batch.length, length]),
      num_logits_to_keep: integers([keep], []),
      ...this.past,
    });
    for (const [name, tensor] of Object.entries(outputs)) {
      if (name.startsWith('present')) this.past[name.replace('present', 'past_key_values')] = tensor;
    }
    return outputs['logits']!;
  }

  /** Greedy tokens of a batch after its prefill. @param first position of each sequence's first new token */
  async generate(last: Tensor, first: number[], count: number): Promise<number[][]> {
    const { vocabularySize } = this.manifest.parameters;
    const ids: number[][] = first.map(() => []);
    let logits = last;
    for (let index = 0; index < count; index++) {
      const kept = logits.dims[1]!;
      const batch = await Promise.all(
        first.map(async (position, row) => {
          const end = (row + 1) * kept * vocabularySize;
          const values = (logits.data as Float32Array).subarray(end - vocabularySize, end);
          const id = values.indexOf(values.reduce((largest, value) => Math.max(largest, value)));
          ids[row]!.push(id);
          const at = position + index;
          return { embeds: await this.embed([id]), positions: [[at, at, at]], padding: 0 };
        }),
      );
      logits = await this.decode(batch, 1);
    }
    return ids;
  }
}
