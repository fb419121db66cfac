import { Tensor } from '../../main/inference/onnx-runtime.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import type { GoldenCase } from '../inference/golden.ts';
import { closeGraphs, embedTokens, openGraphs, type GraphSessions } from './graph-sessions.ts';

/**
 * Runs imported graphs on a golden case's own tensors (pixel values, window order, positions), without any of
 * the engine's code, so that a failure here is a failure of the graphs.
 */
export class GraphRunner {
  readonly manifest: ModelManifest;
  private readonly sessions: GraphSessions;
  private past: { key: Float32Array; value: Float32Array }[][] = [];
  private pastLength = 0;

  private constructor(manifest: ModelManifest, sessions: GraphSessions) {
    this.manifest = manifest;
    this.sessions = sessions;
    this.reset();
  }

  static async open(folder: string, manifest: ModelManifest): Promise<GraphRunner> {
    return new GraphRunner(manifest, await openGraphs(folder, manifest));
  }

  close(): Promise<void> {
    return closeGraphs(this.sessions);
  }

  reset(): void {
    const { layers, keyValueHeads } = this.manifest.parameters;
    const empty = () => ({ key: new Float32Array(0), value: new Float32Array(0) });
    this.past = Array.from({ length: layers }, () => Array.from({ length: keyValueHeads }, empty));
    this.pastLength = 0;
  }

  /** [units, hidden] of all images, in raster order. @param padding what stands where no patch does */
  async imageFeatures(golden: GoldenCase, padding = 0): Promise<Float32Array> {
    const { hiddenSize, vision } = this.manifest.parameters;
    const unitRows = vision.mergeSize ** 2;
    const windowUnits = vision.windowRows / unitRows;
    const pixels = pixelValues(golden);
    const row = pixels.length / golden.integers('vision_pos_ids').length / 0.5;
    const [order, ends] = [golden.integers('window_index'), golden.integers('cu_window_seqlens')];
    const features = new Float32Array(order.length * hiddenSize);
    let firstUnit = 0;
    for (const [, height, width] of triples(golden.integers('image_grid_thw'))) {
      const units = (height * width) / unitRows;
      const windows: number[][] = [];
      for (let i = 0; i + 1 < ends.length; i++) {
        const places = range(ends[i]! / unitRows, ends[i + 1]! / unitRows);
        if (places[0]! >= firstUnit && places[0]! < firstUnit + units) windows.push(places);
      }
      const rows = windows.length * vision.windowRows;
      const laidOut = new Float32Array(rows * row).fill(padding);
      const cos = new Float32Array(rows * vision.headSize).fill(1);
      const sin = new Float32Array(rows * vision.headSize);
      const bias = new Float32Array(rows).fill(-1e9);
      const copy = (target: Float32Array, to: number, source: Float32Array, from: number, width: number) =>
        target.set(
          source.subarray(from * unitRows * width, (from + 1) * unitRows * width),
          to * unitRows * width,
        );
      windows.forEach((places, window) =>
        places.forEach((place, index) => {
          const to = window * windowUnits + index;
          copy(laidOut, to, pixels, order[place]!, row);
          copy(cos, to, golden.floats('vision_cos'), place, vision.headSize);
          copy(sin, to, golden.floats('vision_sin'), place, vision.headSize);
          bias.fill(0, to * unitRows, (to + 1) * unitRows);
        }),
      );
      const { image_features: output } = await this.sessions.visionEncoder.run({
        pixel_values: new Tensor('float32', laidOut, [rows, row]),
        rotary_cos: new Tensor('float32', cos, [rows, vision.headSize]),
        rotary_sin: new Tensor('float32', sin, [rows, vision.headSize]),
        key_bias: new Tensor('float32', bias, [windows.length, vision.windowRows]),
      });
      const found = output!.data as Float32Array;
      windows.forEach((places, window) =>
        places.forEach((place, index) => {
          const from = (window * windowUnits + index) * hiddenSize;
          features.set(found.subarray(from, from + hiddenSize), order[place]! * hiddenSize);
        }),
      );
      firstUnit += units;
    }
    return features;
  }

  /** [s, hidden], with image features in the place of image tokens. */
  embed(ids: number[], features?: Float32Array): Promise<Float32Array> {
    return embedTokens(this.sessions, this.manifest, ids, features);
  }

  /**
   * Runs the decoder on rows that follow those run before.
   *
   * @param positions one [time, height, width] for each row
   * @param keep rows of logits wanted, from the end
   */
  async decode(embeds: Float32Array, positions: number[][], keep: number): Promise<Float32Array> {
    const { hiddenSize, headSize, keyValueHeads, ropeTheta, mropeSection } = this.manifest.parameters;
    const length = positions.length;
    const cos = new Float32Array(length * headSize);
    const sin = new Float32Array(length * headSize);
    const axes = mropeSection.flatMap((size, axis) => Array<number>(size).fill(axis));
    positions.forEach((position, row) =>
      axes.forEach((axis, pair) => {
        const angle = position[axis]! * ropeTheta ** ((-2 * pair) / headSize);
        for (const half of [pair, pair + headSize / 2]) {
          cos[row * headSize + half] = Math.cos(angle);
          sin[row * headSize + half] = Math.sin(angle);
        }
      }),
    );
    const total = this.pastLength + length;
    const bias = new Float32Array(length * total);
    for (let row = 0; row < length; row++)
      bias.fill(-1e9, row * total + this.pastLength + row + 1, (row + 1) * total);
    const feeds: Record<string, Tensor> = {
      inputs_embeds: new Tensor('float32', embeds, [1, length, hiddenSize]),
      rotary_cos: new Tensor('float32', cos, [length, headSize]),
      rotary_sin: new Tensor('float32', sin, [length, headSize]),
      attention_bias: new Tensor('float32', bias, [length, total]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(keep)), []),
    };
    this.past.forEach((heads, layer) =>
      heads.forEach(({ key, value }, head) => {
        feeds[`past_key.${layer}.${head}`] = new Tensor('float32', key, [this.pastLength, headSize]);
        feeds[`past_value.${layer}.${head}`] = new Tensor('float32', value, [this.pastLength, headSize]);
      }),
    );
    const outputs = await this.sessions.decoder.run(feeds);
    const rows = length * headSize;
    this.past = this.past.map((heads, layer) =>
      heads.map(({ key, value }, head) => {
        const part = (name: string) =>
          (outputs[`${name}.${layer}`]!.data as Float32Array).subarray(head * rows, (head + 1) * rows);
        return { key: joined(key, part('new_key')), value: joined(value, part('new_value')) };
      }),
    );
    if (outputs['new_key.0']!.dims.join() !== [keyValueHeads, length, headSize].join()) {
      throw new Error(`new_key.0 has the shape ${outputs['new_key.0']!.dims.join()}`);
    }
    this.pastLength = total;
    return outputs['logits']!.data as Float32Array;
  }

  /** A case's prompt through the graphs, in chunks; logits of all rows [s, vocabulary]. */
  async prefill(golden: GoldenCase, features?: Float32Array, chunk = Infinity): Promise<Float32Array> {
    this.reset();
    const { hiddenSize, vocabularySize } = this.manifest.parameters;
    const ids = golden.integers('input_ids');
    const embeds = await this.embed(ids, features);
    const axes = golden.integers('position_ids');
    const positions = ids.map((_, row) => [0, 1, 2].map((axis) => axes[axis * ids.length + row]!));
    const logits = new Float32Array(ids.length * vocabularySize);
    for (let first = 0; first < ids.length; first += chunk) {
      const last = Math.min(ids.length, first + chunk);
      const rows = embeds.subarray(first * hiddenSize, last * hiddenSize);
      const found = await this.decode(rows, positions.slice(first, last), last - first);
      logits.set(found, first * vocabularySize);
    }
    return logits;
  }

  /** Greedy tokens after a prefill, and the logits that each was chosen from. */
  async generate(golden: GoldenCase, prefilled: Float32Array, count: number) {
    const { vocabularySize } = this.manifest.parameters;
    const ids: number[] = [];
    const logits: Float32Array[] = [];
    let last = prefilled.subarray(-vocabularySize);
    for (let index = 0; index < count; index++) {
      const id = last.indexOf(last.reduce((largest, value) => Math.max(largest, value)));
      ids.push(id);
      logits.push(last);
      const position = golden.firstDecodePosition + index;
      last = await this.decode(await this.embed([id]), [[position, position, position]], 1);
    }
    return { ids, logits: Float32Array.from(logits.flatMap((row) => Array.from(row))) };
  }
}

/** [patches, channels * frames * patch * patch] as Hugging Face's processor gives it. */
export function pixelValues(golden: GoldenCase): Float32Array {
  if (golden.tensors.has('pixel_values')) return golden.floats('pixel_values');
  const { data, shape } = golden.tensors.get('pixel_values_u8')!;
  const table = golden.floats('pixel_lut');
  const area = shape[2]! * shape[3]!;
  const values = new Float32Array(data.length * 2);
  for (let i = 0; i < data.length; i++) {
    const plane = Math.floor(i / area);
    const value = table[(plane % 3) * 256 + Number(data[i])]!;
    values[plane * 2 * area + (i % area)] = value;
    values[(plane * 2 + 1) * area + (i % area)] = value;
  }
  return values;
}

function* triples(values: number[]): Generator<[number, number, number]> {
  for (let i = 0; i < values.length; i += 3) yield [values[i]!, values[i + 1]!, values[i + 2]!];
}

const range = (begin: number, end: number): number[] =>
  Array.from({ length: end - begin }, (_, index) => begin + index);

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
