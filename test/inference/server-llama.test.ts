import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Answerer, type AnswerResult, type Engine, type EngineFrame } from '../../main/inference/index.ts';
import { createServerEngine } from '../../main/inference/server/index.ts';
import { describeScene } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import nano from '../../models/nano/manifest.json' with { type: 'json' };
import { iou } from '../../preload/contract/boxes.ts';
import { makeConfigurationFolder, type ConfigurationFolder } from './model-server/configured.ts';
import { recordedModelSha256, startExchangeServer, type ExchangeServer } from './model-server/exchanges.ts';

/**
 * The embedded model on llama-server: what that server answered once is played back, so this is a RECORDED exchange
 * (test/fixtures/server/README.md says how it was made). With LLAMA_SERVER=http://127.0.0.1:8091 the tests run
 * against the real one, and record it anew.
 */
const live = process.env['LLAMA_SERVER'];
const modelSha256 = nano.files['model.safetensors'].sha256;
/** Other weights give other answers: then there is nothing here to compare the recorded ones with. */
const outdated = live === undefined && (await recordedModelSha256()) !== modelSha256;
if (outdated) {
  const remedy = 'Record it anew: test/fixtures/server/README.md.';
  process.stdout.write(
    `SKIPPED: llama-server against the engine here, recorded with other weights than models/nano has now. ${remedy}\n`,
  );
}
let folder: string;
let administrator: ConfigurationFolder;
let answerer: Answerer;
let server: ExchangeServer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'server-llama-'));
  administrator = await makeConfigurationFolder();
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: path.join(folder, 'nano'), dtype: 'fp32' });
  answerer = await Answerer.open({ directory: path.join(folder, 'nano'), device: 'cpu', threads: 1 });
  const { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens } = nano;
  server = await startExchangeServer(live, {
    modelSha256,
    description: { answerFormat, coordinateSpace, coordinateStep, labels, maxNewTokens },
  });
});

afterAll(async () => {
  await server.close();
  await answerer.dispose();
  await administrator.remove();
  await rm(folder, { recursive: true, force: true });
});

async function engineFor(settings: object = {}): Promise<Engine> {
  const configuration = await administrator.read({
    url: `http://127.0.0.1:${server.port}`,
    model: 'nano',
    key: 'a-key',
    ...server.model.description,
    // llama-server gives every picture of this model eight tokens or more.
    minPixels: 8 * 28 * 28,
    maxPixels: 100_352,
    ...settings,
  });
  return createServerEngine(configuration!);
}

const size = { width: 1280, height: 1024 };
function scene(seed: number): EngineFrame {
  const rgba = drawScene(describeScene(seed), size);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { ...size, rgb, hash: `scene-${seed}` };
}

describe(`llama-server, ${live === undefined ? 'recorded' : `live at ${live}`}`, () => {
  describe('asked three questions', () => {
    const asked: [number, string][] = [
      [987_001, 'What organ is being operated?'],
      [987_001, 'What is the state of prograsp_forceps?'],
      [987_009, 'Where is monopolar_curved_scissors located?'],
    ];
    const answers: AnswerResult[] = [];

    beforeAll(async () => {
      const engine = await engineFor();
      expect(await engine.load({ directory: '' })).toMatchObject({ id: 'server:nano', device: 'server' });
      for (const [seed, question] of asked) answers.push(await engine.ask({ frame: scene(seed), question }));
      await engine.dispose();
    });

    test('answers in the model’s form, of a picture of the right size', () => {
      for (const served of answers) {
        expect(served.raw).toMatch(
          /^<think>[^<]+<\/think><answer>\{"label": "[^"]+", "bbox_2d": [^}]+\}<\/answer>$/,
        );
        expect(served).toMatchObject({
          notes: [],
          tokens: { image: 120 },
          modelInput: { width: 336, height: 280 },
        });
      }
      expect(server.unknown).toEqual([]);
    });

    test.skipIf(outdated)('answers as the engine here: label, box and how sure the model was', async () => {
      for (const [index, [seed, question]] of asked.entries()) {
        const served = answers[index]!;
        const own = await answerer.answer({ frame: scene(seed), question, settings: {} });
        expect(served).toMatchObject({
          status: own.status,
          label: own.label,
          modelInput: own.modelInput,
        });
        expect(served.tokens.prompt).toBe(own.tokens.prompt);
        if (own.box === null) expect(served.box).toBeNull();
        else expect(iou(served.box!, own.box)).toBeGreaterThan(0.9);
        expect(served.probability).toBeCloseTo(own.probability!, 2);
        expect(served.evidence!.labelLogProbability).toBeCloseTo(own.evidence!.labelLogProbability!, 2);
        const others = own.evidence!.boxLogProbability;
        if (others === null) expect(served.evidence!.boxLogProbability).toBeNull();
        else expect(Math.abs(served.evidence!.boxLogProbability! - others)).toBeLessThan(0.5);
        expect(served.evidence!.choices[0]).toMatchObject({ label: own.label });
        expect(served.evidence!.entropy).toBeCloseTo(own.evidence!.entropy!, 2);
      }
    });
  });

  test('is found out where it resizes pictures', async () => {
    const engine = await engineFor({ minPixels: 4 * 28 * 28 });
    await expect(engine.load({ directory: '' })).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining(
        'between 56x56 and 308x308 pixels it counts 112 image tokens, where 117',
      ) as unknown,
    });
    expect(server.unknown).toEqual([]);
  });

  test('says what it doesn’t accept: the key, and a prompt that is too long', async () => {
    await expect((await engineFor({ key: 'another-key' })).load({ directory: '' })).rejects.toMatchObject({
      code: 'not-allowed',
    });
    const engine = await engineFor();
    await engine.load({ directory: '' });
    await expect(
      engine.ask({ frame: scene(987_001), question: 'What organ is being operated? '.repeat(400) }),
    ).rejects.toMatchObject({ code: 'prompt-too-long' });
    expect(server.unknown).toEqual([]);
    await engine.dispose();
  });
});
