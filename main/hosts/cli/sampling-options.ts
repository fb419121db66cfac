import { InvalidArgumentError, Option, type Command } from 'commander';
import { AnswerSettings, samplesTemperature } from '../../../preload/contract/index.ts';

/** How the next token is chosen, as far as a person says so; the rest is the model's own choice. */
export type SamplingOptions = Partial<
  Pick<AnswerSettings, 'temperature' | 'topK' | 'topP' | 'repetitionPenalty' | 'seed'>
>;

const options: readonly (readonly [keyof SamplingOptions, flags: string, meaning: string, form: string])[] = [
  ['temperature', '--temperature <t>', '0 takes the likeliest token, the default', 'a number from 0 to 2'],
  ['topK', '--top-k <n>', 'draw among the n likeliest tokens; 0 for all', 'a whole number up to 1000'],
  ['topP', '--top-p <p>', 'draw among the likeliest that together have this share', 'above 0, at most 1'],
  ['repetitionPenalty', '--repetition-penalty <r>', 'above 1, repeats less', 'a number from 0.5 to 2'],
  ['seed', '--seed <n>', 'of the draws: the same seed gives the same text', 'a whole number below 2^32'],
];

/** Adds the options of sampling to a command that asks. */
export function addSampling(command: Command): Command {
  for (const [name, flags, meaning, form] of options) {
    const schema = AnswerSettings.shape[name];
    command.addOption(
      new Option(flags, meaning).argParser((text) => {
        const parsed = schema.safeParse(text.trim() === '' ? text : Number(text));
        if (!parsed.success) throw new InvalidArgumentError(`It must be ${form}.`);
        return parsed.data;
      }),
    );
  }
  return command;
}

/** What of the options was given. */
export function samplingOf(given: SamplingOptions): SamplingOptions {
  return Object.fromEntries(
    options.flatMap(([name]) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
}

/** Most answers to one question. */
export const mostSamples = 64;

/** The settings of each of several samples: the given ones, and seeds that count up. */
export function settingsOfSamples(given: SamplingOptions, samples: number): SamplingOptions[] {
  if (samples === 1) return [given];
  const seed = given.seed ?? 0;
  return Array.from({ length: samples }, (_, index) => ({
    temperature: samplesTemperature,
    ...given,
    seed: (seed + index) % 2 ** 32,
  }));
}
