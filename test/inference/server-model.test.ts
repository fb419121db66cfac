import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Answerer, type AnswerResult, type Engine, type EngineFrame } from '../../main/inference/index.ts';
import { createServerEngine } from '../../main/inference/server/index.ts';
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

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'server-model-'));
  const directory = path.join(folder, 'nano');
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
  answerer = await Answerer.open({ directory, device: 'cpu', threads: 1 });
  server = await startModelServer({ directory, model: 'nano', key: 'a-key', tls });
  administrator = await makeConfigurationFolder();
  const { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens } = nano;
  const engineWith = async (structuredOutput: string): Promise<Engine> => {
    const configuration = await administrator.read({
      url: `https://localhost:${server.port}`,
      model: 'nano',
      key: 'a-key',
      caFile: tls.certificate,
      ...{ answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens, structuredOutput },
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

function expectChoices(served: AnswerResult, own: AnswerResult): void {
  expect(served.evidence!.choices[0]?.label).toBe(own.evidence!.choices[0]?.label);
  for (const { label, probability } of own.evidence!.choices) {
    // Labels below the server's list of likely tokens are left out.
    const found = served.evidence!.choices.find((choice) => choice.label === label);
    expect(found?.probability ?? 0).toBeCloseTo(probability, 2);
  }
  expect(served.evidence!.entropy).toBeCloseTo(own.evidence!.entropy!, 2);
}
