import type { Answerer, AnswerRequest } from '../../main/inference/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { drawnScene, withEmbedded } from './embedded.ts';
import { median, type BenchTable } from './table.ts';

const scenes = 12;
type Way = NonNullable<AnswerRequest['constrained']>;

/**
 * What feeding forced tokens together saves: milliseconds and draws from the end of the reasoning to the end of
 * the answer, with the embedded model in 32 bits on the CPU. The same questions one way and the other, in turn.
 */
export async function run(): Promise<BenchTable> {
  const ways: readonly Way[] = ['jump-forward', 'token-by-token', 'no'];
  const times: Record<Way, number[]> = { 'jump-forward': [], 'token-by-token': [], no: [] };
  const draws: Record<Way, number[]> = { 'jump-forward': [], 'token-by-token': [], no: [] };
  await withEmbedded(async (answerer) => {
    for (let seed = 1; seed <= scenes; seed += 1) {
      const { frame, tool } = drawnScene(987_200 + seed);
      for (const question of [questionText.organ(), questionText.state(tool), questionText.location(tool)]) {
        const asked = { frame, question, settings: {}, drafts: false };
        // The first look at a frame, the first masks of a grammar: they count for no side.
        await answerer.answer(asked);
        const inTurn = seed % 2 === 0 ? ways : [...ways].reverse();
        const parts = new Map<Way, { milliseconds: number; draws: number } | null>();
        for (const constrained of inTurn) {
          parts.set(constrained, await answerPart(answerer, { ...asked, constrained }));
        }
        if ([...parts.values()].includes(null)) continue;
        for (const [way, part] of parts) {
          times[way].push(part!.milliseconds);
          draws[way].push(part!.draws);
        }
      }
    }
  });
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
