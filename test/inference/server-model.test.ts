import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Answerer, type AnswerResult, type Engine, type EngineFrame } from '../../main/inference/index.ts';
import { createServerEngine, readServerConfiguration } from '../../main/inference/server/index.ts';
import { describeScene } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import nano from '../../models/nano/manifest.json' with { type: 'json' };
import { startModelServer, tls, type ModelServer } from './model-server/start.ts';

/**
 * The embedded model twice: in this process, and behind an HTTPS server process in vLLM's form (a form written after
 * vLLM's protocol, not vLLM itself). The same frame has to give the same answer by both ways.
 */
let folder: string;
let answerer: Answerer;
let server: ModelServer;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'server-model-'));
  const directory = path.join(folder, 'nano');
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
  answerer = await Answerer.open({ directory, device: 'cpu', threads: 1 });
  server = await startModelServer({ directory, model: 'nano', key: 'a-key', tls });
  const place = path.join(folder, 'server.json');
  const { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens } = nano;
  const settings = { enabled: true, url: `https://localhost:${server.port}`, model: 'nano', key: 'a-key' };
  const described = { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens, minPixels: 3136 };
  await writeFile(
    place,
    JSON.stringify({ ...settings, ...described, maxPixels: 100_352, caFile: tls.certificate }),
    { mode: 0o600 },
  );
  engine = createServerEngine((await readServerConfiguration([place]))!);
  await engine.load({ directory: '' });
});

afterAll(async () => {
  await engine.dispose();
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

test('the server gives the text, label, box and evidence of the engine in this process', async () => {
  for (const seed of [987_001, 987_004]) {
    const frame = scene(seed);
    for (const question of questions) {
      const own = await answerer.answer({ frame, question, settings: {} });
      const streamed: string[] = [];
      const raws: string[] = [];
      const served = await engine.ask({
        frame,
        question,
        onToken: ({ section, text }) => streamed.push(`${section}: ${text}`),
        onRaw: (raw) => raws.push(raw),
      });
      const said = ({ raw, label, box, status, reasoning, modelInput, settings, notes }: AnswerResult) => ({
        ...{ raw, label, box, status, reasoning, modelInput, settings, notes },
      });
      expect(said(served)).toEqual(said(own));
      expect(served.tokens.image).toBe(own.tokens.image);
      expect(served.tokens.prompt).toBe(own.tokens.prompt);
      expect(raws.at(-1)).toBe(served.raw);
      expect(streamed.some((text) => text.startsWith('reasoning: '))).toBe(true);
      expect(served.timings.firstTokenMilliseconds).toBeGreaterThan(0);
      expect(served.timings.totalMilliseconds).toBeGreaterThan(served.timings.firstTokenMilliseconds);

      expect(served.probability).toBeCloseTo(own.probability!, 4);
      expect(served.evidence!.labelLogProbability).toBeCloseTo(own.evidence!.labelLogProbability!, 3);
      if (own.evidence!.boxLogProbability === null) expect(served.evidence!.boxLogProbability).toBeNull();
      else expect(served.evidence!.boxLogProbability).toBeCloseTo(own.evidence!.boxLogProbability, 2);
      expect(served.evidence!.choices[0]?.label).toBe(own.evidence!.choices[0]?.label);
      for (const { label, probability } of own.evidence!.choices) {
        const found = served.evidence!.choices.find((choice) => choice.label === label);
        // Labels below the server's list of likely tokens are left out.
        expect(found?.probability ?? 0).toBeCloseTo(probability, 1);
      }
      expect(served.evidence!.entropy).toBeCloseTo(own.evidence!.entropy!, 0);
    }
  }
});
