import { cp, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { makeCheckpoint, tokenizerFile } from './askable-model.ts';
import { editJson, inlineWeights, makeTransformersFolder, rewriteGraph } from './transformers-models.ts';

let folder: string;
let good: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bad-transformers-'));
  const checkpoint = path.join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, tokenizerFile());
  good = await makeTransformersFolder(path.join(folder, 'good'), { checkpoint, attention: 'concat' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the good folder with something changed. */
async function altered(name: string, change: (folder: string) => Promise<unknown>): Promise<string> {
  const copy = path.join(folder, name.replaceAll(/[^a-z0-9]+/g, '-'));
  await cp(good, copy, { recursive: true });
  await change(copy);
  return copy;
}

async function openRunner(place: string): Promise<ModelRunner> {
  return ModelRunner.open(await openModelDirectory(place), { device: 'cpu' });
}

describe('a folder that is not right is refused by name', () => {
  const decoder = 'onnx/decoder_model_merged.onnx';
  const config = (edit: (content: Record<string, unknown>) => void) => (copy: string) =>
    editJson(path.join(copy, 'config.json'), edit);
  const textConfig = (edit: (content: Record<string, unknown>) => void) =>
    config((content) => edit(content['text_config'] as Record<string, unknown>));
  const cases: [name: string, change: (copy: string) => Promise<unknown>, code: string, message: RegExp][] = [
    [
      'a missing graph',
      (copy) => rm(path.join(copy, 'onnx/vision_encoder.onnx')),
      'model-missing-file',
      /has no onnx\/vision_encoder\.onnx\./,
    ],
    [
      'missing data',
      (copy) => rm(path.join(copy, `${decoder}_data`)),
      'model-missing-file',
      /has no decoder_model_merged\.onnx_data, in which the weights of decoder_model_merged\.onnx lie/,
    ],
    [
      'truncated data',
      (copy) => truncate(path.join(copy, `${decoder}_data`), 5000),
      'model-altered-file',
      /decoder_model_merged\.onnx_data is truncated: decoder_model_merged\.onnx needs \d+ bytes of it, found 5000/,
    ],
    [
      'a truncated graph',
      (copy) => truncate(path.join(copy, decoder), 3000),
      'model-altered-file',
      /decoder_model_merged\.onnx is truncated: expected \d+ bytes or more, found 3000/,
    ],
    [
      'a truncated graph with its weights',
      async (copy) => {
        await inlineWeights(path.join(copy, decoder));
        await truncate(path.join(copy, decoder), 100_000);
      },
      'model-altered-file',
      /decoder_model_merged\.onnx is truncated: expected \d+ bytes or more, found 100000/,
    ],
    [
      'no graph at all',
      (copy) => writeFile(path.join(copy, decoder), 'version https://git-lfs.github.com/spec/v1\n'),
      'model-altered-file',
      /decoder_model_merged\.onnx is not an ONNX graph, or is damaged|is truncated/,
    ],
    [
      'data outside the folder',
      (copy) =>
        rewriteGraph(path.join(copy, decoder), (graph) => {
          const tensor = graph.initializer!.find(({ externalData }) => (externalData?.length ?? 0) > 0)!;
          tensor.externalData!.find(({ key }) => key === 'location')!.value = '../../../secret';
        }),
      'model-altered-file',
      /names data outside the model's folder: \.\.\/\.\.\/\.\.\/secret/,
    ],
    [
      'another architecture',
      config((content) => (content['model_type'] = 'llava')),
      'model-wrong-architecture',
      /is of type llava .*, not qwen2_5_vl or qwen2_vl/,
    ],
    [
      'a configuration without a value that is needed',
      textConfig((content) => delete content['num_key_value_heads']),
      'model-mismatch',
      /config\.json: text_config\.num_key_value_heads/,
    ],
    [
      'a configuration with more layers than the graph',
      textConfig((content) => (content['num_hidden_layers'] = 4)),
      'model-mismatch',
      /decoder_model_merged\.onnx does not fit config\.json: input past_key_values\.3\.key is missing/,
    ],
    [
      'a configuration with other heads than the graph',
      textConfig((content) => (content['num_key_value_heads'] = 4)),
      'model-mismatch',
      /input past_key_values\.0\.key: expected shape \[\?, 4, \?, 16\], found \[batch_size, 2, past_sequence_length, 16\]/,
    ],
    [
      'positions on one axis',
      (copy) =>
        rewriteGraph(path.join(copy, decoder), (graph) => {
          const value = graph.input!.find(({ name }) => name === 'position_ids')!;
          value.type!.tensorType!.shape!.dim!.shift();
        }),
      'model-mismatch',
      /input position_ids: expected shape \[3, \?, \?\], found \[batch_size, sequence_length\]/,
    ],
    [
      'an input that is not known',
      (copy) =>
        rewriteGraph(path.join(copy, decoder), (graph) => {
          graph.input!.push({
            name: 'use_cache_branch',
            type: { tensorType: { elemType: 9, shape: { dim: [] } } },
          });
        }),
      'model-mismatch',
      /input use_cache_branch is not known/,
    ],
    [
      'no image processor',
      (copy) => rm(path.join(copy, 'preprocessor_config.json')),
      'model-missing-file',
      /has no preprocessor_config\.json/,
    ],
    [
      'an image processor with other patches',
      (copy) =>
        editJson(path.join(copy, 'preprocessor_config.json'), (content) => (content['patch_size'] = 16)),
      'model-mismatch',
      /preprocessor_config\.json has patch_size 16; the model's vision encoder expects 14/,
    ],
    [
      'half a tokenizer',
      (copy) => rm(path.join(copy, 'tokenizer_config.json')),
      'model-missing-file',
      /has no tokenizer_config\.json/,
    ],
    [
      'a word in surgery-r1.json that means nothing',
      (copy) => writeFile(path.join(copy, 'surgery-r1.json'), JSON.stringify({ labls: {} })),
      'model-altered-file',
      /surgery-r1\.json does not have the expected form.*labls/,
    ],
  ];
  test.each(cases)('%s', async (name, change, code, message) => {
    const place = await altered(`bad ${name}`, change);
    const found = await openRunner(place).then(
      () => null,
      (error: unknown) => error,
    );
    expect(found).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });

  test('a folder without onnx/ is a checkpoint that is not imported yet', async () => {
    const place = await altered('bad-checkpoint', (copy) =>
      rename(path.join(copy, 'onnx'), path.join(copy, 'graphs')),
    );
    await expect(openModelDirectory(place)).rejects.toThrow(/has no manifest\.json/);
  });
});
