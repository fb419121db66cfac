import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Answerer, type AnswerRequest } from '../../main/inference/answer/answerer.ts';
import type { AnswerResult } from '../../main/inference/messages.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { argmax } from '../../main/inference/grammar/log-probabilities.ts';
import { ModelTokenizer } from '../../main/inference/model/tokenizer.ts';
import { chooseVariants } from '../../main/inference/model/transformers-variants.ts';
import { openVideo } from '../../main/video/index.ts';
import { attentionOperators, checkGolden, importCheckpoint } from '../../models/import/index.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import { chatTemplate, makeCheckpoint, tokenizerFile } from './askable-model.ts';
import { allCases, goldenFolder, largestDifference, readGolden, readPng, type GoldenCase } from './golden.ts';
import {
  dropLogitsToKeep,
  editJson,
  emptyFiles,
  fingerprintOf,
  halveOutside,
  inlineWeights,
  makeTransformersFolder,
  rewriteGraph,
} from './transformers-models.ts';

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url));
let folder: string;
let askable: string;
/** The embedded model in the workstation's own layout, and what it answers to questions on the bundled clip. */
let embedded: ModelManifest;
let questions: { readonly request: AnswerRequest; readonly expected: AnswerResult }[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'transformers-folder-'));
  const checkpoint = path.join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, tokenizerFile());
  for (const attention of attentionOperators) {
    await makeTransformersFolder(path.join(folder, `tied-${attention}`), { checkpoint, attention });
    await makeTransformersFolder(path.join(folder, `untied-${attention}`), {
      checkpoint: `${goldenFolder}5_untied_bf16_sharded`,
      attention,
    });
  }
  askable = path.join(folder, 'tied-concat');
  const own = path.join(folder, 'nano');
  embedded = await importCheckpoint({ checkpoint: nano, out: own, dtype: 'fp32' });
  questions = await askOfClip(own);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function askOfClip(directory: string): Promise<typeof questions> {
  const video = await openVideo(fileURLToPath(new URL('../../resources/clip/demo.mp4', import.meta.url)));
  await video.buildIndex();
  const answerer = await Answerer.open({ directory, device: 'cpu' });
  const asked: typeof questions = [];
  for (const { at, question } of [
    { at: 20, question: 'What organ is being operated?' },
    { at: 60, question: 'Where is monopolar_curved_scissors located?' },
    { at: 215, question: 'What is the state of stapler?' },
  ]) {
    const { rgb, width, height, hash } = await video.frame(at);
    const request = { frame: { rgb, width, height, hash }, question, settings: {} };
    asked.push({ request, expected: await answerer.answer(request) });
  }
  await answerer.dispose();
  return asked;
}

/** A copy of the good folder with something changed. */
async function altered(
  name: string,
  change: (folder: string) => Promise<unknown>,
  from = askable,
): Promise<string> {
  const copy = path.join(folder, name.replaceAll(/[^a-z0-9]+/g, '-'));
  await cp(from, copy, { recursive: true });
  await change(copy);
  return copy;
}

/** Features, logits of the prompt and 32 greedy tokens of a golden case, and how far they are from the reference. */
async function compare(runner: ModelRunner, golden: GoldenCase) {
  const images = [];
  for (const { file } of golden.images) images.push(runner.prepareImage(await readPng(file)));
  const features = [];
  for (const image of images) features.push(await runner.encodeImage(image));
  const ids = golden.integers('input_ids');
  const positions = runner.positions(
    ids,
    images.map(({ grid }) => grid),
  );
  const embeddings = await runner.embed(ids, features);
  const cache = runner.newCache(ids.length);
  const prompt = { embeddings, positions, from: 0, to: ids.length, cache };
  const logits = await runner.prefill({ ...prompt, keep: 'all', chunk: 40 });
  let next: Float32Array = logits.slice(-runner.model.manifest.parameters.vocabularySize);
  const generated: number[] = [];
  while (generated.length < 32) {
    generated.push(argmax(next));
    next = await runner.decode(generated.at(-1)!, cache, positions.delta);
  }
  return {
    features: golden.tensors.has('image_features')
      ? largestDifference(
          features.flatMap((values) => Array.from(values)),
          golden.floats('image_features'),
        )
      : 0,
    logits: largestDifference(logits, golden.floats('logits')),
    generated,
  };
}

async function openRunner(place: string): Promise<ModelRunner> {
  return ModelRunner.open(await openModelDirectory(place), { device: 'cpu' });
}

describe.each(attentionOperators)('a folder with %s graphs, in place', (attention) => {
  test('gives what Hugging Face gives on the golden cases, and stays as it was', async () => {
    for (const kind of ['tied', 'untied']) {
      const place = path.join(folder, `${kind}-${attention}`);
      const before = await fingerprintOf(place);
      const runner = await openRunner(place);
      for (const name of allCases.filter((one) => one.startsWith('5_') === (kind === 'untied'))) {
        const golden = readGolden(name);
        const found = await compare(runner, golden);
        expect(found.features, name).toBeLessThan(1e-3);
        expect(found.logits, name).toBeLessThan(2e-3);
        expect(found.generated, name).toEqual(golden.integers('generated_ids'));
      }
      await runner.dispose();
      expect(await fingerprintOf(place)).toEqual(before);
    }
    const [model, golden] = [path.join(folder, `tied-${attention}`), `${goldenFolder}4_two_images`];
    expect(await checkGolden({ model, golden })).toMatchObject({ integersEqual: true, tokensEqual: true });
  });

  test('answers as the same model does in the layout of the workstation', async () => {
    const { labels, coordinateSpace, coordinateStep, answerFormat } = embedded;
    const place = await makeTransformersFolder(path.join(folder, `nano-${attention}`), {
      checkpoint: nano,
      attention,
    });
    const said = { labels, coordinateSpace, coordinateStep, answerFormat, name: 'Nano in place' };
    await writeFile(path.join(place, 'surgery-r1.json'), JSON.stringify(said));
    const before = await fingerprintOf(place);
    const answerer = await Answerer.open({ directory: place, device: 'cpu' });
    expect(answerer.info).toMatchObject({
      name: 'Nano in place',
      domain: 'unknown',
      canAsk: true,
      device: 'cpu',
    });
    expect(answerer.info.deviceReason).toMatch(/The folder's fp32 graphs are used: the only ones there\./);
    for (const { request, expected } of questions) {
      const found = await answerer.answer(request);
      expect(found.raw).toBe(expected.raw);
      expect(found.label).toBe(expected.label);
      expect(found.box).toEqual(expected.box);
      expect(found.probability).toBeCloseTo(expected.probability!, 3);
      expect(found.evidence?.choices.map(({ label }) => label)).toEqual(
        expected.evidence?.choices.map(({ label }) => label),
      );
    }
    await answerer.dispose();
    expect(await fingerprintOf(place)).toEqual(before);
  });

  test('takes weights within the graph, half floats outside, and logits of all rows', async () => {
    const golden = readGolden('1_tied_200x150');
    const from = path.join(folder, `tied-${attention}`);
    const graphs = ['vision_encoder', 'embed_tokens', 'decoder_model_merged'];
    const files = (copy: string): string[] => graphs.map((name) => path.join(copy, 'onnx', `${name}.onnx`));
    const inline = await altered(
      `inline-${attention}`,
      async (copy) => {
        for (const file of files(copy)) await inlineWeights(file);
        await dropLogitsToKeep(files(copy)[2]!);
      },
      from,
    );
    const halved = await altered(
      `halved-${attention}`,
      async (copy) => {
        for (const file of files(copy)) await halveOutside(file);
      },
      from,
    );
    for (const [place, tolerance] of [
      [inline, 2e-3],
      [halved, 0.2],
    ] as const) {
      const runner = await openRunner(place);
      const found = await compare(runner, golden);
      expect(found.logits).toBeLessThan(tolerance);
      expect(found.generated).toEqual(golden.integers('generated_ids'));
      await runner.dispose();
    }
  });
});

test('a folder of links, as in the cache of the hub, opens and is named after its repository', async () => {
  const cache = path.join(folder, 'models--onnx-community--Tiny-VL-ONNX');
  const blobs = path.join(cache, 'blobs');
  const place = path.join(cache, 'snapshots', 'a1b2c3');
  await mkdir(path.join(place, 'onnx'), { recursive: true });
  await mkdir(blobs);
  let blob = 0;
  for (const [name, content] of Object.entries(await fingerprintOf(askable))) {
    if (content.startsWith('folder')) continue;
    blob += 1;
    await cp(path.join(askable, name), path.join(blobs, `blob${blob}`));
    const up = path.dirname(name) === '.' ? '../..' : '../../..';
    await symlink(`${up}/blobs/blob${blob}`, path.join(place, name));
  }
  const runner = await openRunner(place);
  expect(runner.model.manifest).toMatchObject({ name: 'Tiny-VL-ONNX', id: 'Tiny-VL-ONNX' });
  const golden = readGolden('3_text_only');
  expect((await compare(runner, golden)).generated).toEqual(golden.integers('generated_ids'));
  await runner.dispose();
});

describe('what such a folder says of its model', () => {
  test('is what can be said without being told', async () => {
    const { manifest, sha256, graphBytes } = await openModelDirectory(askable);
    expect(manifest).toMatchObject({
      id: 'tied-concat',
      layout: 'transformers',
      architecture: 'qwen2_5_vl',
      dtype: 'fp32',
      domain: 'unknown',
      answerFormat: 'qwen-bbox-list',
      coordinateSpace: 'resized-pixels',
      tokenizer: true,
      version: sha256.slice(0, 12),
      source: { sha256 },
    });
    expect(Object.keys(manifest.files)).toContain('onnx/decoder_model_merged.onnx_data');
    expect(graphBytes).toBeGreaterThan(100_000);
    // The identity is that of the content: the same elsewhere, another with one byte changed.
    const moved = await altered('moved', () => Promise.resolve());
    expect((await openModelDirectory(moved)).sha256).toBe(sha256);
    const file = path.join(moved, 'onnx/decoder_model_merged.onnx_data');
    const bytes = await readFile(file);
    bytes[bytes.length - 2]! ^= 1;
    await writeFile(file, bytes);
    expect((await openModelDirectory(moved)).sha256).not.toBe(sha256);
  });

  test('is what surgery-r1.json says, and the format that the chat template speaks of', async () => {
    const told = await altered('told', async (copy) => {
      await writeFile(
        path.join(copy, 'surgery-r1.json'),
        JSON.stringify({
          name: 'Told',
          version: '3',
          domain: 'surgical',
          answerFormat: 'json',
          maxNewTokens: 9,
        }),
      );
    });
    expect((await openModelDirectory(told)).manifest).toMatchObject({
      name: 'Told',
      version: '3',
      domain: 'surgical',
      // The usual note says that nobody knows.
      domainNote: '',
      answerFormat: 'json',
      maxNewTokens: 9,
    });
    const tagged = await altered('tagged', (copy) =>
      writeFile(path.join(copy, 'chat_template.jinja'), `${chatTemplate}{# <think> </think><answer> #}`),
    );
    const model = await openModelDirectory(tagged);
    expect(model.manifest.answerFormat).toBe('think-answer-json');
    expect((await ModelTokenizer.open(model)).render('Where?')).toContain('Where?');
  });

  test('may come from processor_config.json, as transformers 5 writes it', async () => {
    const place = await altered('processor', async (copy) => {
      const processor = JSON.parse(
        await readFile(path.join(copy, 'preprocessor_config.json'), 'utf8'),
      ) as object;
      await rm(path.join(copy, 'preprocessor_config.json'));
      await writeFile(
        path.join(copy, 'processor_config.json'),
        JSON.stringify({ processor_class: 'Qwen2_5_VLProcessor', image_processor: processor }),
      );
    });
    expect((await openModelDirectory(place)).processor).toEqual(
      (await openModelDirectory(askable)).processor,
    );
  });

  test('may be Qwen2-VL, whose graphs take grid_thw', async () => {
    const place = await altered('qwen2-vl', async (copy) => {
      await editJson(path.join(copy, 'config.json'), (config) => {
        const vision = config['vision_config'] as Record<string, unknown>;
        config['model_type'] = 'qwen2_vl';
        config['architectures'] = ['Qwen2VLForConditionalGeneration'];
        config['vision_config'] = {
          ...{ depth: vision['depth'], embed_dim: vision['hidden_size'], num_heads: vision['num_heads'] },
          ...{ hidden_size: vision['out_hidden_size'], patch_size: 14, spatial_merge_size: 2 },
        };
      });
      await rewriteGraph(path.join(copy, 'onnx/vision_encoder.onnx'), (graph) => {
        for (const input of graph.input!) if (input.name === 'image_grid_thw') input.name = 'grid_thw';
        for (const node of graph.node!) {
          node.input = node.input!.map((name) => (name === 'image_grid_thw' ? 'grid_thw' : name));
        }
      });
    });
    const runner = await openRunner(place);
    expect(runner.model.manifest).toMatchObject({ architecture: 'qwen2_vl', answerFormat: 'none' });
    const golden = readGolden('1_tied_200x150');
    expect((await compare(runner, golden)).generated).toEqual(golden.integers('generated_ids'));
    await runner.dispose();
  });
});

describe('of several graphs', () => {
  const graph = (name: string, bytes: number) => ({
    [`embed_tokens${name}.onnx`]: bytes,
    [`vision_encoder${name}.onnx`]: bytes,
    [`decoder_model_merged${name}.onnx`]: 10,
    [`decoder_model_merged${name}.onnx_data`]: bytes,
  });

  test('the smallest is used that the device runs well, and it is said why', async () => {
    const place = path.join(folder, 'variants');
    await emptyFiles(place, {
      ...graph('', 4000),
      ...graph('_fp16', 2000),
      ...graph('_q4', 700),
      ...graph('_q4f16', 600),
      ...graph('_bnb4', 500),
    });
    const cpu = await chooseVariants(place, { device: 'auto' });
    expect(cpu.graphs).toEqual({
      embedTokens: 'onnx/embed_tokens_bnb4.onnx',
      visionEncoder: 'onnx/vision_encoder_q4.onnx',
      decoder: 'onnx/decoder_model_merged_q4.onnx',
    });
    expect(cpu.reason).toBe(
      "The folder's q4 is used of the decoder, q4 of the vision encoder, bnb4 of the embeddings: the smallest that a CPU runs well, of fp32, fp16, q4, q4f16, bnb4.",
    );
    expect((await chooseVariants(place, { device: 'webgpu' })).variant).toBe('_q4f16');
    const asked = await chooseVariants(place, { variant: '_fp16' });
    expect(asked.graphs.embedTokens).toBe('onnx/embed_tokens_fp16.onnx');
    expect(asked.reason).toBe("The folder's fp16 graphs are used: as was asked for.");
    // By the name of transformers.js as well as by the end of the files' names.
    expect(await chooseVariants(place, { variant: 'fp16' })).toEqual(asked);
    expect((await chooseVariants(place, { variant: 'fp32' })).graphs.decoder).toBe(
      'onnx/decoder_model_merged.onnx',
    );
    await expect(chooseVariants(place, { variant: '_int8' })).rejects.toThrow(
      /has no onnx\/embed_tokens_int8\.onnx; it has embed_tokens\.onnx, embed_tokens_fp16\.onnx/,
    );
  });

  test('one that no device runs well is better than none', async () => {
    const place = path.join(folder, 'half');
    await emptyFiles(place, graph('_fp16', 10));
    expect((await chooseVariants(place, {})).reason).toMatch(/fp16 graphs are used: the only ones there/);
    await emptyFiles(place, graph('_bnb4', 4));
    expect((await chooseVariants(place, {})).reason).toMatch(
      /bnb4 graphs are used: the smallest of fp16, bnb4, none of which a CPU runs well/,
    );
  });

  test('the wish in surgery-r1.json is heard', async () => {
    const place = await altered('wish', async (copy) => {
      await writeFile(path.join(copy, 'surgery-r1.json'), JSON.stringify({ variant: '_q4' }));
    });
    await expect(openModelDirectory(place)).rejects.toThrow(/has no onnx\/embed_tokens_q4\.onnx; it has/);
  });
});
