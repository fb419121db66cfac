import { samplesTemperature, type Answer, type AnswerSettings } from '../../preload/contract/index.ts';

/** Short enough to be read, and to be typed for the command line's `--seed`. */
export const randomSeed = (): number => 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % 999_999);

type Drawn = Pick<AnswerSettings, 'temperature' | 'seed'>;

/** The settings of an answer once more. */
export const repeated = ({ settings: { temperature, seed } }: Pick<Answer, 'settings'>): Drawn => ({
  temperature,
  seed,
});

/** How many samples are drawn at once, to see how far they agree. */
export const samplesAtOnce = 5;

/**
 * Other seeds, as many as `times` says and none of them used before, at the temperature of before or, where that was greedy, at
 * the one that samples are drawn at.
 */
export function drawnAnew(
  answers: readonly Pick<Answer, 'settings'>[],
  { settings: { temperature } }: Pick<Answer, 'settings'>,
  { times, draw }: { times: number; draw: () => number },
): Drawn[] {
  const used = answers.map(({ settings }) => settings.seed);
  return Array.from({ length: times }, () => {
    let seed = draw();
    while (used.includes(seed)) seed = draw();
    used.push(seed);
    return { temperature: temperature > 0 ? temperature : samplesTemperature, seed };
  });
}
