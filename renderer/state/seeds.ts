import { samplesTemperature, type Answer, type AnswerSettings } from '../../preload/contract/index.ts';

/** Short enough to be read, and to be typed for the command line's `--seed`. */
export const randomSeed = (): number => 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % 999_999);

/** A seed that none of these answers was drawn with. */
function otherSeed(answers: readonly Pick<Answer, 'settings'>[], draw: () => number): number {
  const used = answers.map(({ settings }) => settings.seed);
  let seed = draw();
  while (used.includes(seed)) seed = draw();
  return seed;
}

type Drawn = Pick<AnswerSettings, 'temperature' | 'seed'>;

/** The settings of an answer once more. */
export const repeated = ({ settings: { temperature, seed } }: Pick<Answer, 'settings'>): Drawn => ({
  temperature,
  seed,
});

/** Another seed, at the temperature of before or, where that was greedy, at the one that samples are drawn at. */
export const drawnAnew = (
  answers: readonly Pick<Answer, 'settings'>[],
  { settings: { temperature } }: Pick<Answer, 'settings'>,
  draw: () => number,
): Drawn => ({
  temperature: temperature > 0 ? temperature : samplesTemperature,
  seed: otherSeed(answers, draw),
});
