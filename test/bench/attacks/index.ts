import type { BenchRow, BenchTable } from '../table.ts';
import { attackCalls } from './calls.ts';
import { attackByKills } from './kills.ts';
import { attackModelFolders } from './model-folders.ts';
import { attackPaths } from './paths.ts';
import { Tally, wrongs, type Finding } from './tally.ts';
import { attackVideos } from './videos.ts';

type Attack = (tally: Tally, seed: number, first: number, count: number) => Promise<void>;

/** Each attack with its part of the inputs. Kills are counted for themselves, since each of them takes seconds. */
export const attacks: Readonly<Record<string, { readonly attack: Attack; readonly part: number }>> = {
  calls: { attack: attackCalls, part: 0.795 },
  paths: { attack: attackPaths, part: 0.12 },
  'model-folders': { attack: attackModelFolders, part: 0.07 },
  videos: { attack: attackVideos, part: 0.015 },
  kills: { attack: attackByKills, part: 0 },
};

export const usualSeed = 20_261_126;

export interface AttackOptions {
  readonly seed: number;
  /** In all; of the named attack alone where there is one. */
  readonly inputs: number;
  readonly kills: number;
  readonly only?: string;
  /** Where to begin, to make one input again. */
  readonly first?: number;
}

/** Runs the attacks; what was wrong is in the tallies, and each finding can be made again by seed and number. */
export async function runAttacks(options: AttackOptions): Promise<Tally[]> {
  const { seed, inputs, kills, only, first = 0 } = options;
  const tallies: Tally[] = [];
  let current: Tally | null = null;
  const crash = (error: unknown): void => current?.add(-1, 'crashed', error);
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  try {
    for (const [name, { attack, part }] of Object.entries(attacks)) {
      if (only !== undefined && only !== name) continue;
      const count =
        name === 'kills' && only === undefined
          ? kills
          : only === undefined
            ? Math.round(inputs * part)
            : inputs;
      current = new Tally(name);
      tallies.push(current);
      await attack(current, seed, first, count);
    }
  } finally {
    process.off('uncaughtException', crash);
    process.off('unhandledRejection', crash);
  }
  return tallies;
}

export const sayFinding = (seed: number, { attack, input, wrong, what }: Finding): string =>
  `${wrong}: input ${input} of ${attack}: ${what}\n` +
  `  again: npm run bench -- attacks --seed=${seed} --only=${attack} --first=${attack === 'calls' ? 0 : input} ` +
  `--inputs=${attack === 'calls' ? input + 1 : 1}`;

/**
 * `npm run bench -- attacks [--seed=N] [--inputs=N] [--kills=N] [--only=NAME] [--first=N]`: 20,000 inputs and 70 kills by
 * default, 2,000 and 5 among the other benches.
 */
export async function run(args: readonly string[], named: boolean): Promise<BenchTable[]> {
  const option = (name: string): string | undefined =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const number = (name: string, usual: number): number => Number(option(name) ?? usual);
  const seed = number('seed', usualSeed);
  const only = option('only');
  console.log(`attacks: seed ${seed}`);
  const tallies = await runAttacks({
    seed,
    inputs: number('inputs', named ? 20_000 : 2000),
    kills: number('kills', named ? 70 : 5),
    first: number('first', 0),
    ...(only !== undefined && { only }),
  });
  for (const finding of tallies.flatMap(({ findings }) => findings)) console.log(sayFinding(seed, finding));
  const rowsOf = ({ attack, inputs, findings }: Tally): BenchRow[] => [
    { name: `${attack}: inputs`, value: inputs, unit: '' },
    ...wrongs.map((wrong) => ({
      name: `${attack}: ${wrong}`,
      value: findings.filter((finding) => finding.wrong === wrong).length,
      unit: '',
      atMost: 0,
    })),
  ];
  return [{ title: `Attacks, seed ${seed}`, rows: tallies.flatMap(rowsOf) }];
}
