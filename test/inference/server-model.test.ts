import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Answerer, type AnswerResult, type Engine, type EngineFrame } from '../../main/inference/index.ts';
import { createServerEngine } from '../../main/inference/server/index.ts';
import type { Box } from '../../preload/contract/values.ts';
import { describeScene } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import nano from '../../models/nano/manifest.json' with { type: 'json' };
import { makeConfigurationFolder, type ConfigurationFolder } from './model-server/configured.ts';
import { startModelServer, tls, type ModelServer } from './model-server/start.ts';

/**
 * The embedded model twice: in this process, and behind an HTTPS server process in vLLM's form (a form written after
 * vLLM's protocol, not vLLM itself). The same frame has to give the same answer by both ways.
 */
let folder: string;
let answerer: Answerer;
let server: ModelServer;
let administrator: ConfigurationFolder;
/** Held to the answer format, and not. */
let held: Engine;
let free: Engine;
let engineWith: (structuredOutput: string, more?: object) => Promise<Engine>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'server-model-'));
  const directory = path.join(folder, 'nano');
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
  answerer = await Answerer.open({ directory, device: 'cpu', threads: 1 });
  server = await startModelServer({ directory, model: 'nano', key: 'a-key', tls });
  administrator = await makeConfigurationFolder();
  const { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens } = nano;
  engineWith = async (structuredOutput, more = {}) => {
    const configuration = await administrator.read({
      url: `https://localhost:${server.port}`,
      model: 'nano',
      key: 'a-key',
      caFile: tls.certificate,
      ...{ answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens, structuredOutput },
      ...more,
      minPixels: 3136,
      maxPixels: 100_352,
    });
    const engine = createServerEngine(configuration!);
    await engine.load({ directory: '' });
    return engine;
  };
  held = await engineWith('auto');
  free = await engineWith('none');
});

afterAll(async () => {
  await held.dispose();
  await free.dispose();
  await administrator.remove();
  await server.stop();
  await answerer.dispose();
  await rm(folder, { recursive: true, force: true });
});

function scene(seed: number, size = { width: 1280, height: 1024 }): EngineFrame {
  const rgba = drawScene(describeScene(seed), size);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { ...size, rgb, hash: `scene-${seed}` };
}

const questions = [
  'What organ is being operated?',
  'What is the state of prograsp_forceps?',
  'Where is monopolar_curved_scissors located?',
];

const said = ({ raw, label, box, status, reasoning, modelInput, settings }: AnswerResult): object => ({
  ...{ raw, label, box, status, reasoning, modelInput, settings },
});

test('the server gives the text, label and box of the engine in this process', async () => {
  const frame = scene(987_001);
  for (const question of questions) {
    const own = await answerer.answer({ frame, question, settings: {} });
    const streamed: string[] = [];
    const raws: string[] = [];
    const served = await held.ask({
      frame,
      question,
      onToken: ({ section, text }) => streamed.push(`${section}: ${text}`),
      onRaw: (raw) => raws.push(raw),
    });
    expect(said(served)).toEqual(said(own));
    expect(served.tokens).toMatchObject({ image: own.tokens.image, prompt: own.tokens.prompt });
    expect(raws.at(-1)).toBe(served.raw);
    expect(streamed.some((text) => text.startsWith('reasoning: '))).toBe(true);
    expect(served.timings.firstTokenMilliseconds).toBeGreaterThan(0);
    expect(served.timings.totalMilliseconds).toBeGreaterThan(served.timings.firstTokenMilliseconds);
    // Among fewer texts nothing is less likely, and it is said.
    expect(served.notes).toEqual([expect.stringContaining('among the answers that the format allows')]);
    expect(served.probability).toBeGreaterThan(own.probability! - 1e-6);
    expectChoices(served, own);
  }
});

test('not held to the format, it gives the evidence too', async () => {
  const frame = scene(987_004);
  for (const question of questions) {
    const own = await answerer.answer({ frame, question, settings: {} });
    const served = await free.ask({ frame, question });
    expect(said(served)).toEqual(said(own));
    expect(served.notes).toEqual([]);
    expect(served.probability).toBeCloseTo(own.probability!, 4);
    expect(served.evidence!.labelLogProbability).toBeCloseTo(own.evidence!.labelLogProbability!, 3);
    expect(served.evidence!.reasoningLogProbability).toBeCloseTo(own.evidence!.reasoningLogProbability!, 2);
    if (own.evidence!.boxLogProbability === null) expect(served.evidence!.boxLogProbability).toBeNull();
    else expect(served.evidence!.boxLogProbability).toBeCloseTo(own.evidence!.boxLogProbability, 2);
    expectChoices(served, own);
  }
});

test('about a region, both pictures go to the server in the words of the engine in this process', async () => {
  const checkpoint = path.join(folder, 'beside');
  await cp(fileURLToPath(new URL('../../models/nano', import.meta.url)), checkpoint, { recursive: true });
  const manifest = path.join(checkpoint, 'manifest.json');
  const stated = { ...(JSON.parse(await readFile(manifest, 'utf8')) as object), regions: 'beside' };
  await writeFile(manifest, JSON.stringify(stated));
  const directory = path.join(folder, 'beside-graphs');
  await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
  const own = await Answerer.open({ directory, device: 'cpu', threads: 1 });
  const engine = await engineWith('none', { regions: 'beside' });
  try {
    const frame = scene(987_007);
    const region = { ...part(frame, [200, 300, 500, 560]), region: [200, 300, 500, 560] as Box };
    const question = 'What organ is being operated?';
    const expected = await own.answer({ frame, region, question, settings: {}, constrained: 'no' });
    expect(expected.region).toMatchObject({ given: 'beside', input: { width: 336, height: 280 } });
    const served = await engine.ask({ frame, region, question });
    expect(said(served)).toEqual(said(expected));
    expect(served.region).toEqual(expected.region);
    expect(served.tokens).toMatchObject({ image: expected.tokens.image, prompt: expected.tokens.prompt });
    // A server that nobody set up for two pictures gets the region alone, as before there were two ways.
    const alone = await held.ask({ frame, region, question });
    expect(alone.region).toEqual({ given: 'alone' });
  } finally {
    await engine.dispose();
    await own.dispose();
  }
});

function part({ rgb, width, hash }: EngineFrame, [x1, y1, x2, y2]: Box): EngineFrame {
  const size = { width: x2 - x1, height: y2 - y1 };
  const rows = Array.from({ length: size.height }, (_, row) => ((y1 + row) * width + x1) * 3);
  const cut = rows.map((at) => rgb.subarray(at, at + size.width * 3));
  return { ...size, rgb: Buffer.concat(cut), hash: `${hash}-part` };
}

function expectChoices(served: AnswerResult, own: AnswerResult): void {
  expect(served.evidence!.choices[0]?.label).toBe(own.evidence!.choices[0]?.label);
  for (const { label, probability } of own.evidence!.choices) {
    // Labels below the server's list of likely tokens are left out.
    const found = served.evidence!.choices.find((choice) => choice.label === label);
    expect(found?.probability ?? 0).toBeCloseTo(probability, 2);
  }
  expect(served.evidence!.entropy).toBeCloseTo(own.evidence!.entropy!, 2);
}
