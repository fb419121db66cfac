import { readFile } from 'node:fs/promises';
import { realpathSync } from 'node:fs';
import { basename, extname, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { isMissing } from '../../../main/platform/file-errors.ts';
import { ENDOVIS_18_SPLIT, openEndoVis } from '../endovis.ts';
import type { EndoVisFolder, LabelFile } from '../endovis.ts';
import { Random } from '../scenes/random.ts';
import type { World } from './grammar.ts';
import { SPLITS } from './record.ts';
import type { SourceEntry, Split } from './record.ts';

/** A folder of pictures and labels; with a split it goes there as a whole, else it is split by sequence. */
export interface SourceWish {
  folder: string;
  split: Split | null;
}

/** Shares of train, validation and test, or the sequences that EndoVis-18-VQLA publishes. */
export type SequenceSplit = readonly [number, number, number] | 'published';

export interface OpenSource {
  entry: SourceEntry;
  world: World;
  files: EndoVisFolder;
  sequenceOf: (label: Pick<LabelFile, 'path' | 'sequence'>) => string;
  /** What can be asked for; the instruments of EndoVis where it is left out. */
  subjects?: readonly string[];
}

const ScenesRun = z.object({ run: z.object({ generator: z.string(), seed: z.int() }) });

/** Who drew the pictures of a folder of synthetic scenes, or null for pictures that nobody drew. */
async function drawnBy(folder: string): Promise<{ generator: string; seed: number } | null> {
  let text: string;
  try {
    text = await readFile(join(folder, 'scenes.json'), 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    return ScenesRun.parse(JSON.parse(text)).run;
  } catch (error) {
    throw new WorkstationError(
      'data-malformed',
      `${join(folder, 'scenes.json')} does not say how its scenes were drawn.`,
      'Draw the scenes again with the command `scenes`, or take the file away to read the folder as EndoVis-VQLA.',
      { cause: error },
    );
  }
}

/** EndoVis-17-VQLA is flat: its sequence is the beginning of the picture's name, `seq8_frame014`. */
const FLAT_SEQUENCE = /^(seq(?:uence)?[_-]?\d+)[_-]/i;

export const sequenceOf = ({ path, sequence }: Pick<LabelFile, 'path' | 'sequence'>): string =>
  sequence ?? FLAT_SEQUENCE.exec(basename(path, extname(path)))?.[1] ?? 'whole';

/**
 * Find the files of every source and give each a name of its own.
 *
 * @throws WorkstationError `invalid-input` when a folder is given twice or lies in another one, or when two hold scenes
 * of one seed.
 */
export async function openSources(
  wishes: readonly SourceWish[],
  signal?: AbortSignal,
): Promise<OpenSource[]> {
  refuseOverlap(wishes.map(({ folder }) => folder));
  const names = new Set<string>();
  const sources: OpenSource[] = [];
  for (const { folder } of wishes) {
    const root = resolve(folder);
    const files = await openEndoVis(root, signal ? { signal } : {});
    const run = await drawnBy(root);
    const name = takeName(basename(root), names);
    sources.push({
      entry: { name, root, layout: run ? 'scenes' : 'endovis', ...run },
      world: run ? 'synthetic' : 'real',
      files,
      sequenceOf,
    });
  }
  refuseSameScenes(sources);
  return sources;
}

/** Frame n of a seed shows the same scene in whatever size and format it was drawn. */
function refuseSameScenes(sources: readonly OpenSource[]): void {
  const bySeed = new Map<number, string>();
  for (const { entry } of sources) {
    if (entry.seed === undefined) continue;
    const before = bySeed.get(entry.seed);
    if (before !== undefined) {
      throw new WorkstationError(
        'invalid-input',
        `The scenes of ${before} and ${entry.root} were drawn with the same seed, ${entry.seed}: the same scenes could come to lie in two splits.`,
        'Draw the scenes of each split with a seed of its own.',
      );
    }
    bySeed.set(entry.seed, entry.root);
  }
}

/** A name for a source that no other has, after its folder's. */
export function takeName(folder: string, taken: Set<string>): string {
  const plain = folder.replaceAll(/[^A-Za-z0-9._-]+/g, '-') || 'source';
  let name = plain;
  for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`;
  taken.add(name);
  return name;
}

function refuseOverlap(folders: readonly string[]): void {
  const real = folders.map((folder) => {
    try {
      return realpathSync(folder);
    } catch {
      // openEndoVis names a folder that is not there.
      return resolve(folder);
    }
  });
  for (const [i, first] of real.entries()) {
    for (const [j, second] of real.entries()) {
      if (i >= j) continue;
      if (!`${first}${sep}`.startsWith(`${second}${sep}`) && !`${second}${sep}`.startsWith(`${first}${sep}`))
        continue;
      throw new WorkstationError(
        'invalid-input',
        `The sources ${folders[i]} and ${folders[j]} share pictures, which could come to lie in two splits.`,
        'Give every folder once.',
      );
    }
  }
}

/** The splits that will have records if the sources hold what was asked of them. */
export function askedSplits(wishes: readonly SourceWish[], rule: SequenceSplit): Split[] {
  return SPLITS.filter((split, i) =>
    wishes.some((wish) => {
      if (wish.split !== null) return wish.split === split;
      return rule === 'published' ? split !== 'validation' : (rule[i] ?? 0) > 0;
    }),
  );
}

/**
 * The split of every sequence of a source. By shares: sequences in an order drawn from the seed, one to each split
 * that is asked for, then each to the split that is furthest from its share of the pictures.
 *
 * @throws WorkstationError `invalid-input` when there are fewer sequences than splits, or one that the published
 * split does not name.
 */
export function splitSequences(
  source: OpenSource,
  rule: SequenceSplit,
  seed: number,
): (sequence: string) => Split {
  const pictures = new Map<string, number>();
  for (const label of source.files.labels) {
    const sequence = source.sequenceOf(label);
    pictures.set(sequence, (pictures.get(sequence) ?? 0) + 1);
  }
  const names = [...pictures.keys()];
  const splits = rule === 'published' ? published(source, names) : byShares(source, pictures, rule, seed);
  return (sequence) => {
    const split = splits.get(sequence);
    if (!split) throw new RangeError(`sequence ${sequence} of ${source.entry.name} has no split`);
    return split;
  };
}

function published(source: OpenSource, names: readonly string[]): Map<string, Split> {
  const number = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? Number.NaN);
  return new Map(
    names.map((name) => {
      const split = (['train', 'test'] as const).find((part) =>
        (ENDOVIS_18_SPLIT[part] as readonly number[]).includes(number(name)),
      );
      if (!split) {
        throw new WorkstationError(
          'invalid-input',
          `${source.entry.root}: sequence ${name} is in neither part of the published split of EndoVis-18-VQLA.`,
          `Its sequences are ${ENDOVIS_18_SPLIT.train.join(', ')} (train) and ${ENDOVIS_18_SPLIT.test.join(', ')} (test); split other data by shares.`,
        );
      }
      return [name, split];
    }),
  );
}

function byShares(
  source: OpenSource,
  pictures: ReadonlyMap<string, number>,
  shares: readonly [number, number, number],
  seed: number,
): Map<string, Split> {
  const asked = SPLITS.map((split, i) => ({ split, share: shares[i] ?? 0, pictures: 0 })).filter(
    ({ share }) => share > 0,
  );
  if (pictures.size < asked.length) {
    throw new WorkstationError(
      'invalid-input',
      `${source.entry.root} has ${pictures.size} sequence(s), too few for ${asked.length} splits: frames of one sequence never lie in two.`,
      'Give the folder to one split with --train, --validation or --test, or add sequences.',
    );
  }
  const random = new Random(seed);
  const order = [...pictures.keys()]
    .map((name) => ({ name, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => name);
  const total = [...pictures.values()].reduce((sum, count) => sum + count, 0);
  const whole = asked.reduce((sum, { share }) => sum + share, 0);
  const splits = new Map<string, Split>();
  for (const [i, name] of order.entries()) {
    const lack = (part: (typeof asked)[number]): number => (part.share / whole) * total - part.pictures;
    const part = asked[i] ?? asked.reduce((best, other) => (lack(other) > lack(best) ? other : best));
    part.pictures += pictures.get(name) ?? 0;
    splits.set(name, part.split);
  }
  return splits;
}
