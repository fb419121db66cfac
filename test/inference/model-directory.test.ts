import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Answerer } from '../../main/inference/answer/answerer.ts';
import { checkGraph, expectedGraphs } from '../../main/inference/graphs/graph-sessions.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { modelSha256, pathInModel } from '../../main/inference/model/model-files.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { ModelTokenizer, StreamingDecoder } from '../../main/inference/model/tokenizer.ts';
import { checkThatModelSees } from '../../main/inference/runner/vision-self-test.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import {
  chatTemplate,
  makeCheckpoint,
  makeTestModels,
  tokenizerFile,
  type TestModels,
} from './askable-model.ts';

let models: TestModels;
beforeAll(async () => {
  models = await makeTestModels();
});
afterAll(() => models.remove());

/** A copy of the good model with one thing changed. */
async function altered(name: string, change: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(models.folder, name);
  await cp(models.askable, folder, { recursive: true });
  await change(folder);
  return folder;
}

async function editManifest(
  folder: string,
  edit: (manifest: Record<string, unknown>) => void,
): Promise<void> {
  const file = path.join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  edit(manifest);
  await writeFile(file, JSON.stringify(manifest));
}

describe('a model folder that is not right is refused by name', () => {
  const cases: [
    name: string,
    change: (folder: string) => Promise<void>,
    expected: { code: string; message: RegExp },
  ][] = [
    [
      'a missing graph',
      (folder) => rm(path.join(folder, 'onnx/decoder.onnx')),
      { code: 'model-missing-file', message: /has no onnx\/decoder\.onnx/ },
    ],
    [
      'a missing tokenizer',
      (folder) => rm(path.join(folder, 'tokenizer.json')),
      { code: 'model-missing-file', message: /has no tokenizer\.json/ },
    ],
    [
      'a truncated graph',
      (folder) => truncate(path.join(folder, 'onnx/decoder.onnx'), 100),
      {
        code: 'model-altered-file',
        message: /onnx\/decoder\.onnx is truncated: expected \d+ bytes, found 100/,
      },
    ],
    [
      'one changed byte',
      async (folder) => {
        const file = path.join(folder, 'config.json');
        const bytes = await readFile(file);
        bytes[bytes.length - 3]! ^= 1;
        await writeFile(file, bytes);
      },
      {
        code: 'model-altered-file',
        message: /config\.json is not the file that was imported: expected SHA-256/,
      },
    ],
    [
      'a manifest that is no JSON',
      (folder) => writeFile(path.join(folder, 'manifest.json'), '{'),
      { code: 'model-altered-file', message: /manifest\.json is not valid JSON/ },
    ],
    [
      'another architecture',
      (folder) => editManifest(folder, (manifest) => (manifest['architecture'] = 'llama')),
      { code: 'model-wrong-architecture', message: /is llama; expected qwen2_5_vl/ },
    ],
    [
      'a newer format',
      (folder) => editManifest(folder, (manifest) => (manifest['formatVersion'] = 2)),
      { code: 'model-unsupported', message: /format version 2/ },
    ],
    [
      'a checkpoint that was not imported',
      (folder) => editManifest(folder, (manifest) => (manifest['kind'] = 'checkpoint')),
      { code: 'model-unsupported', message: /has not been imported/ },
    ],
    [
      'a field of the wrong kind',
      (folder) => editManifest(folder, (manifest) => (manifest['coordinateSpace'] = 'inches')),
      {
        code: 'model-altered-file',
        message: /manifest\.json does not have the expected form at coordinateSpace/,
      },
    ],
    [
      'a file outside the folder',
      (folder) =>
        editManifest(folder, (manifest) => {
          (manifest['files'] as Record<string, unknown>)['../outside'] = { sha256: '0'.repeat(64), bytes: 1 };
        }),
      { code: 'model-altered-file', message: /names a file outside the model's folder: \.\.\/outside/ },
    ],
  ];
  test.each(cases)('%s', async (name, change, expected) => {
    const folder = await altered(name.replaceAll(' ', '-'), change);
    await expect(openModelDirectory(folder)).rejects.toMatchObject({
      code: expected.code,
      message: expect.stringMatching(expected.message) as unknown,
    });
  });

  test('a folder that is not there, and a folder without a manifest', async () => {
    for (const folder of [path.join(models.folder, 'nowhere'), models.folder]) {
      await expect(openModelDirectory(folder)).rejects.toMatchObject({
        code: 'model-missing-file',
        message: expect.stringMatching(/has no manifest\.json/) as unknown,
      });
    }
  });

  test('names that lead out of the folder', () => {
    for (const name of ['..', '../x', '/etc/passwd', '.', 'a/../../x']) {
      expect(() => pathInModel('/models/one', name)).toThrow(/outside/);
    }
    expect(pathInModel('/models/one', 'onnx/a.onnx')).toBe(path.resolve('/models/one/onnx/a.onnx'));
  });
});

test('progress of the check reaches the whole, and a stop is obeyed', async () => {
  const seen: [number, number][] = [];
  const model = await openModelDirectory(models.askable, { onProgress: (...at) => seen.push(at) });
  expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
  expect(model.graphBytes).toBeGreaterThan(100_000);
  const signal = AbortSignal.abort();
  await expect(openModelDirectory(models.askable, { signal })).rejects.toMatchObject({ code: 'cancelled' });
});

test('the identity of a model depends on its files and not on their order', () => {
  const first = { a: { sha256: '1'.repeat(64), bytes: 1 }, b: { sha256: '2'.repeat(64), bytes: 2 } };
  const turned = { b: first.b, a: first.a };
  expect(modelSha256({ files: first })).toBe(modelSha256({ files: turned }));
  expect(modelSha256({ files: { ...first, b: first.a } })).not.toBe(modelSha256({ files: first }));
});

describe('tokenizer and configuration', () => {
  test('token ids that are not the tokenizer’s are named with expected and found', async () => {
    const checkpoint = path.join(models.folder, 'wrong-ids');
    const names = { 500: '<|im_start|>', 501: '<|im_end|>', 502: '<|vision_start|>', 503: '<|vision_end|>' };
    await makeCheckpoint(
      checkpoint,
      tokenizerFile({ ...names, 504: '<|image_pad|>', 505: '<|vision_pad|>' }),
    );
    const refused = async (): Promise<void> => {
      const out = path.join(models.folder, 'wrong-ids-imported');
      await importCheckpoint({ checkpoint, out, dtype: 'fp32' });
      await ModelTokenizer.open(await openModelDirectory(out));
    };
    // Whichever of the two sees it first has to say it.
    await expect(refused()).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringMatching(/505[^]*504|504[^]*505/) as unknown,
    });
  });

  test('the prompt follows the template, with one image token for each unit', async () => {
    const model = await openModelDirectory(models.askable);
    const tokenizer = await ModelTokenizer.open(model);
    const text = tokenizer.render('Where is it?');
    expect(text).toBe(
      '<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Where is it?<|im_end|>\n<|im_start|>assistant\n',
    );
    const prompt = tokenizer.prompt('Where is it?', 6);
    expect(prompt.imageTokens).toBe(6);
    expect(Array.from(prompt.ids).filter((id) => id === 505)).toHaveLength(6);
    expect(prompt.ids[prompt.prefixLength - 1]).toBe(503);
    const rest = tokenizer.decode(Array.from(prompt.ids.slice(prompt.prefixLength)));
    expect(rest).toBe('Where is it?<|im_end|>\n<|im_start|>assistant\n');
    // Everything before the question is the same for every question: that is what is kept.
    const other = tokenizer.prompt('What organ?', 6);
    expect(other.ids.slice(0, other.prefixLength)).toEqual(prompt.ids.slice(0, prompt.prefixLength));
    expect(chatTemplate).toContain('<|image_pad|>');
  });

  test('a character that spans tokens is shown whole', async () => {
    const tokenizer = await ModelTokenizer.open(await openModelDirectory(models.askable));
    const text = 'Größe ≤ 3 mm – 🙂 ok';
    const ids = tokenizer.encode(text);
    expect(ids.length).toBeGreaterThan(text.length);
    const decoder = new StreamingDecoder((some) => tokenizer.decode(some));
    const pieces = ids.map((id) => decoder.push(id));
    expect(pieces.join('')).toBe(text);
    expect(pieces.every((piece) => !piece.includes('\ufffd'))).toBe(true);
  });
});

describe('graphs', () => {
  test('a graph whose inputs are not those of the format is refused by name', async () => {
    const model = await openModelDirectory(models.askable);
    const { decoder } = expectedGraphs(model.manifest.parameters);
    const value = (name: string, type: string, shape: (number | string)[]) => ({
      name,
      isTensor: true as const,
      type: type as 'float32',
      shape,
    });
    const good = {
      inputMetadata: decoder.inputs.map(([name, type, shape]) =>
        value(
          name,
          type,
          shape.map((size) => size ?? 'n'),
        ),
      ),
      outputMetadata: decoder.outputs.map(([name, type, shape]) =>
        value(
          name,
          type,
          shape.map((size) => size ?? 'n'),
        ),
      ),
    };
    expect(() => checkGraph('decoder', good, decoder)).not.toThrow();
    const without = { ...good, inputMetadata: good.inputMetadata.slice(1) };
    expect(() => checkGraph('decoder', without, decoder)).toThrow(/input inputs_embeds is missing/);
    const extra = { ...good, outputMetadata: [...good.outputMetadata, value('more', 'float32', [])] };
    expect(() => checkGraph('decoder', extra, decoder)).toThrow(/output more is not known/);
    const wider = {
      ...good,
      inputMetadata: good.inputMetadata.map((entry) =>
        entry.name === 'rotary_cos' ? { ...entry, shape: ['n', 99] } : entry,
      ),
    };
    expect(() => checkGraph('decoder', wider, decoder)).toThrow(
      /rotary_cos: expected shape \[\?, 16\], found/,
    );
    const half = {
      ...good,
      inputMetadata: good.inputMetadata.map((entry) =>
        entry.name === 'rotary_cos' ? value('rotary_cos', 'float16', ['n', 16]) : entry,
      ),
    };
    expect(() => checkGraph('decoder', half, decoder)).toThrow(/rotary_cos: expected float32, found float16/);
  });

  test('a model that does not see is refused', async () => {
    const runner = await ModelRunner.open(await openModelDirectory(models.askable), { device: 'cpu' });
    await expect(checkThatModelSees(runner)).resolves.toBeUndefined();
    const hidden = runner.model.manifest.parameters.hiddenSize;
    runner.encodeImage = (image) => Promise.resolve(new Float32Array(runner.units(image.grid) * hidden));
    await expect(checkThatModelSees(runner)).rejects.toThrow(/does not see/);
    runner.encodeImage = (image) =>
      Promise.resolve(new Float32Array(runner.units(image.grid) * hidden).fill(NaN));
    await expect(checkThatModelSees(runner)).rejects.toThrow(/no numbers/);
    await runner.dispose();
  });
});

test('a stop before the first look is an answer without text', async () => {
  const answerer = await Answerer.open({ directory: models.askable, device: 'cpu' });
  const frame = { rgb: new Uint8Array(56 * 56 * 3), width: 56, height: 56, hash: 'black' };
  const result = await answerer.answer(
    { frame, question: 'Where?', settings: {} },
    { signal: AbortSignal.abort() },
  );
  expect(result).toMatchObject({ status: 'stopped', raw: '', box: null, modelInput: null });
  await answerer.dispose();
});
