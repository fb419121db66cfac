import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Answerer, type AnswerRequest } from '../../main/inference/index.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { median, type BenchTable } from './table.ts';

const scenes = 12;
const size = { width: 640, height: 512 };
type Way = NonNullable<AnswerRequest['constrained']>;

/**
 * What feeding forced tokens together saves: milliseconds and draws from the end of the reasoning to the end of
 * the answer, with the embedded model in 32 bits on the CPU. The same questions one way and the other, in turn.
 */
export async function run(): Promise<BenchTable> {
  const folder = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-'));
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out: join(folder, 'nano'), dtype: 'fp32' });
  const answerer = await Answerer.open({ directory: join(folder, 'nano'), device: 'cpu' });
  const ways: readonly Way[] = ['jump-forward', 'token-by-token', 'no'];
  const times: Record<Way, number[]> = { 'jump-forward': [], 'token-by-token': [], no: [] };
  const draws: Record<Way, number[]> = { 'jump-forward': [], 'token-by-token': [], no: [] };
  try {
    for (let seed = 1; seed <= scenes; seed += 1) {
      const described = describeScene(987_200 + seed);
      const rgba = drawScene(described, size);
      const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, at) => {
        return rgba[Math.floor(at / 3) * 4 + (at % 3)]!;
      });
      const frame = { ...size, rgb, hash: `bench-${seed}` };
      const tool = sceneTruth(described, size).instruments[0]?.tool ?? 'stapler';
      for (const question of [questionText.organ(), questionText.state(tool), questionText.location(tool)]) {
        // The first look at a frame, the first masks of a grammar: they count for no side.
        await answerer.answer({ frame, question, settings: {} });
        const inTurn = seed % 2 === 0 ? ways : [...ways].reverse();
        const parts = new Map<Way, { milliseconds: number; draws: number } | null>();
        for (const constrained of inTurn) {
          parts.set(constrained, await answerPart(answerer, { frame, question, settings: {}, constrained }));
        }
        if ([...parts.values()].includes(null)) continue;
        for (const [way, part] of parts) {
          times[way].push(part!.milliseconds);
          draws[way].push(part!.draws);
        }
      }
    }
  } finally {
    await answerer.dispose();
    await rm(folder, { recursive: true, force: true });
  }
  const against = (way: Way): number =>
    median(times['jump-forward'].map((value, index) => (times[way][index] ?? Number.NaN) / value));
  return {
    title: 'Forced tokens of an answer fed together',
    rows: [
      ...ways.flatMap((way) => [
        { name: `answer part, ${way}`, value: median(times[way]), unit: 'ms' },
        { name: `draws in it, ${way}`, value: median(draws[way]), unit: 'draws' },
      ]),
      { name: 'one by one against together (median of pairs)', value: against('token-by-token'), unit: 'x' },
      { name: 'without grammar against together (median of pairs)', value: against('no'), unit: 'x' },
    ],
  };
}

/** From the first text after the reasoning to the last; null where the reasoning was never ended. */
async function answerPart(
  answerer: Answerer,
  request: AnswerRequest,
): Promise<{ milliseconds: number; draws: number } | null> {
  let raw = '';
  let from: number | null = null;
  let to = 0;
  let draws = 0;
  await answerer.answer(request, {
    onText: (text) => {
      raw += text;
      to = performance.now();
      if (from !== null) draws += 1;
      else if (raw.includes('</think>')) from = to;
    },
  });
  return from === null ? null : { milliseconds: to - from, draws };
}
