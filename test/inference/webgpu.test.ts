import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
import { ModelManifest } from '../../preload/contract/model.ts';
import { makeCheckpoint, tokenizerFile } from './askable-model.ts';
import { findSwiftShader } from './swiftshader.ts';
import { onWebgpu } from './webgpu-process.ts';

/**
 * The engine on WebGPU without a GPU, by Chromium's driver that computes on the CPU. `WEBGPU_QUESTIONS=20` asks the
 * embedded model its questions on whole frames with their reasoning, in place of small frames with little of it.
 */
const gpu = await findSwiftShader();
const environment = typeof gpu === 'string' ? {} : gpu.environment;
const why = typeof gpu === 'string' ? ` - LEFT OUT: ${gpu}` : '';
const questions = Number(process.env['WEBGPU_QUESTIONS'] ?? 0);
const patience = questions > 0 ? 7_200_000 : 600_000;

let folder: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'webgpu-'));
  if (typeof gpu === 'string') return;
  await makeCheckpoint(at('checkpoint'), tokenizerFile());
  await importCheckpoint({ checkpoint: at('checkpoint'), out: at('askable'), dtype: 'fp32' });
  const embedded = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint: embedded, out: at('embedded'), dtype: 'fp32' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(typeof gpu === 'string')(`WebGPU by SwiftShader${why}`, { timeout: patience }, () => {
  test('features, logits and tokens of a golden case equal the reference, keys and values in place', async ({
    signal,
  }) => {
    const found = await onWebgpu({ environment, signal }, 'golden', at('askable'), '1_tied_200x150');
    expect(found.device).toBe('webgpu');
    // Subgroups of 4, which the attention of onnxruntime 1.30 does not compute rightly over many rows.
    expect(found.reason).toBe(
      'WebGPU was asked for. Its driver gets attention right up to 31 tokens in a run: longer prompts go in pieces.',
    );
    expect(found.features).toBeLessThan(1e-3);
    expect(found.logits).toBeLessThan(2e-3);
    expect(found.tokens).toEqual(found.expected);
  });

  test('a model that was imported before there was an in-place decoder gives the same, by way of the CPU', async ({
    signal,
  }) => {
    await cp(at('askable'), at('older'), { recursive: true });
    const manifest = ModelManifest.parse(JSON.parse(await readFile(at('older/manifest.json'), 'utf8')));
    const inPlace = manifest.graphs.decoderInPlace!;
    delete manifest.graphs.decoderInPlace;
    delete manifest.files[inPlace];
    await rm(at(`older/${inPlace}`));
    await writeFile(at('older/manifest.json'), JSON.stringify(manifest));
    const found = await onWebgpu({ environment, signal }, 'golden', at('older'), '1_tied_200x150');
    expect(found.reason).toBe('WebGPU was asked for.');
    expect(found.logits).toBeLessThan(2e-3);
    expect(found.tokens).toEqual(found.expected);
  });

  test('a folder for transformers.js with grouped-query attention keeps them in place too', async ({
    signal,
  }) => {
    const out = at('grouped');
    await importCheckpoint({
      ...{ checkpoint: at('checkpoint'), out, dtype: 'fp32', layout: 'transformers', attention: 'gqa' },
    });
    const found = await onWebgpu({ environment, signal }, 'golden', out, '1_tied_200x150');
    expect(found.reason).toMatch(/right up to 31 tokens/);
    // These graphs work out sines and cosines themselves, which a GPU does less exactly than JavaScript.
    expect(found.features).toBeLessThan(5e-3);
    expect(found.logits).toBeLessThan(5e-2);
    expect(found.tokens).toEqual(found.expected);
  });

  test('a question branches from the kept frame, fails without harm, and leaves nothing on the device', async ({
    signal,
  }) => {
    const found = await onWebgpu({ environment, signal }, 'branches', at('askable'), '1_tied_200x150');
    expect(found.behindPrefix).toBeLessThan(2e-3);
    expect(found.again).toBe(0);
    expect(found.tree).toBeLessThan(2e-3);
    expect(found.failure).not.toBe('none');
    expect(found.lengthAfterFailure).toBe(0);
    expect(found.afterFailure).toBeLessThan(2e-3);
    expect(found.afterDispose).toMatch(/another decoder|disposed/);
    expect(found.tensors).toEqual([4 * found.layers, 2 * found.layers, 0]);
  });

  test('what is held on the device does not grow over 50 questions, stopped ones included', async ({
    signal,
  }) => {
    const { held, afterDispose, layers } = await onWebgpu(
      { environment, signal },
      'manyQuestions',
      at('askable'),
      50,
    );
    expect(held).toHaveLength(50);
    // The kept frames: more than one, and far fewer than the ten that were asked about.
    const frames = held.map(({ tensors }) => tensors / (2 * layers));
    expect(frames.every(Number.isInteger)).toBe(true);
    expect(Math.max(...frames)).toBeGreaterThan(1);
    expect(Math.max(...frames)).toBeLessThan(6);
    const most = (part: typeof held): number => Math.max(...part.map(({ bytes }) => bytes));
    expect(most(held.slice(25))).toBeLessThanOrEqual(most(held.slice(0, 25)));
    expect(afterDispose).toEqual({ tensors: 0, bytes: 0 });
  });

  test('label and box are those of the CPU, and a further question starts from the kept frame', async ({
    signal,
  }) => {
    const asked =
      questions > 0
        ? { scenes: Math.ceil(questions / 4), questions: 4, size: { width: 1280, height: 1024 } }
        : { scenes: 3, questions: 4, size: { width: 168, height: 140 }, maxNewTokens: 26 };
    const options = { directory: at('embedded'), ...asked };
    const webgpu = await onWebgpu({ environment, signal }, 'answers', { ...options, device: 'webgpu' });
    const cpu = await onWebgpu({ environment: {}, signal }, 'answers', { ...options, device: 'cpu' });
    expect(webgpu.reason).toMatch(/^WebGPU was asked for/);
    expect(cpu.reason).toBe('The CPU was asked for.');
    expect(webgpu.asked.length).toBeGreaterThanOrEqual(questions > 0 ? questions : 12);
    const said = ({ asked }: typeof cpu) =>
      asked.map(({ question, label, box }) => ({ question, label, box }));
    expect(said(webgpu)).toEqual(said(cpu));
    expect(webgpu.asked.every(({ label }) => label !== null)).toBe(true);
    // Shaders are made on the first frame; after it, one pass over the question against one over frame and question.
    const [first, ...further] = webgpu.asked.slice(asked.questions, 2 * asked.questions);
    expect(first!.seenBefore).toBe(false);
    expect(further.every(({ seenBefore }) => seenBefore)).toBe(true);
    expect(Math.min(...further.map((one) => one.prefillMilliseconds))).toBeLessThan(
      first!.prefillMilliseconds,
    );
  });
});
