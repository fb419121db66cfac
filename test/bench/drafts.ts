import type { AnswerResult } from '../../main/inference/index.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { drawnScene, withEmbedded } from './embedded.ts';
import { median, type BenchTable } from './table.ts';

const scenes = 40;

/**
 * What guessing the next tokens from earlier answers saves: milliseconds and runs of the decoder from the first token to
 * the last of an answer, over a session of frames that are seen for the first time. Each question with and without, in
 * turn; only those with drafts are remembered.
 */
export async function run(): Promise<BenchTable> {
  let runs = 0;
  const onPhase = (phase: string): void => {
    if (phase === 'decode') runs += 1;
  };
  const taken = { with: [] as Taken[], without: [] as Taken[] };
  await withEmbedded(
    async (answerer) => {
      for (let scene = 0; scene < scenes; scene += 1) {
        const { frame, tool } = drawnScene(987_600 + scene);
        for (const question of [
          questionText.organ(),
          questionText.state(tool),
          questionText.location(tool),
        ]) {
          const answers: AnswerResult[] = [];
          for (const drafts of scene % 2 === 0 ? [true, false] : [false, true]) {
            const before = runs;
            const answer = await answerer.answer({ frame, question, settings: {}, drafts });
            answers.push(answer);
            taken[drafts ? 'with' : 'without'].push({
              milliseconds: answer.timings.decodeMilliseconds,
              runs: runs - before,
              tokens: answer.tokens.generated,
            });
          }
          if (answers[0]!.raw !== answers[1]!.raw) throw new Error(`two answers to ${question}`);
        }
      }
    },
    { onPhase },
  );
  const middle = (side: keyof typeof taken, of: keyof Taken): number =>
    median(taken[side].map((one) => one[of]));
  const ratio = (of: keyof Taken): number =>
    median(taken.without.map((one, index) => one[of] / taken.with[index]![of]));
  return {
    title: 'Next tokens guessed from earlier answers',
    rows: [
      { name: 'tokens of an answer', value: middle('with', 'tokens'), unit: 'tokens' },
      { name: 'runs of the decoder, without', value: middle('without', 'runs'), unit: 'runs' },
      { name: 'runs of the decoder, with', value: middle('with', 'runs'), unit: 'runs' },
      { name: 'decode, without', value: middle('without', 'milliseconds'), unit: 'ms' },
      { name: 'decode, with', value: middle('with', 'milliseconds'), unit: 'ms' },
      { name: 'fewer runs (median of pairs)', value: ratio('runs'), unit: 'x' },
      { name: 'sooner (median of pairs)', value: ratio('milliseconds'), unit: 'x' },
    ],
  };
}

interface Taken {
  readonly milliseconds: number;
  readonly runs: number;
  readonly tokens: number;
}
