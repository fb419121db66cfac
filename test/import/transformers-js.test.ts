import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Answerer, ImageProcessor, ImageProcessorConfig } from '../../main/inference/index.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { attentionOperators, importCheckpoint } from '../../models/import/index.ts';
import type { AttentionOperator, WeightType } from '../../models/import/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { TransformersPeer } from './transformers-peer.ts';

/** transformers.js and the engine, each with its own graphs of the embedded model, on the same pixels. */
const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
const processor = new ImageProcessor(
  ImageProcessorConfig.parse(JSON.parse(readFileSync(join(checkpoint, 'preprocessor_config.json'), 'utf8'))),
);
const sizes = [
  { width: 640, height: 512 },
  { width: 720, height: 576 },
  { width: 512, height: 640 },
];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'transformers-js-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// With 8 bits the products round their inputs too, so that a sum in another order may move a coordinate by a step.
const kinds: [WeightType, AttentionOperator, same: 'tokens' | 'words'][] = [
  ...attentionOperators.map((attention): (typeof kinds)[number] => ['fp32', attention, 'tokens']),
  ['fp16', 'concat', 'tokens'],
  ['q8', 'concat', 'words'],
];
const words = (text: string): string => text.replaceAll(/\d+/g, '0');

describe.each(kinds)('transformers.js on an export as %s with %s attention', (dtype, attention, same) => {
  it(`writes the ${same} that the engine writes`, async () => {
    const name = `${dtype}-${attention}`;
    await importCheckpoint({ checkpoint, out: join(folder, `own-${name}`), dtype });
    await importCheckpoint({ checkpoint, out: join(folder, name), dtype, layout: 'transformers', attention });
    const answerer = await Answerer.open({ directory: join(folder, `own-${name}`), device: 'cpu' });
    const peer = await TransformersPeer.open(join(folder, name), dtype);
    const texts = new Set<string>();
    try {
      for (const [index, size] of sizes.entries()) {
        const described = describeScene(987_300 + index);
        const rgba = drawScene(described, size);
        const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, at) => {
          return rgba[Math.floor(at / 3) * 4 + (at % 3)]!;
        });
        const frame = { ...size, rgb, hash: `${index}` };
        const image = processor.prepare(frame);
        const tool = sceneTruth(described, size).instruments[0]?.tool ?? 'stapler';
        for (const question of [
          questionText.organ(),
          questionText.location(tool),
          questionText.state(tool),
        ]) {
          const own = await answerer.answer({ frame, question, settings: {}, constrained: 'no' });
          const found = await peer.answer(question, image, answerer.info.maxNewTokens);
          expect(found.promptTokens).toBe(own.tokens.prompt);
          if (same === 'words') {
            expect(words(found.text)).toBe(words(own.raw));
          } else {
            expect(found.text).toBe(own.raw);
            // The engine leaves the token that ends an answer out of its count.
            expect(found.ids.length - 1).toBe(own.tokens.generated);
          }
          texts.add(found.text);
        }
      }
    } finally {
      await answerer.dispose();
      await peer.close();
    }
    // Nine questions with some answers that differ: not one text that anything would have led to.
    expect(texts.size).toBeGreaterThan(4);
  });
});
