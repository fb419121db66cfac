import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { understandQuestion } from '../../preload/contract/reading/reading.ts';
import { isTaught, type ModelTeaching } from '../../preload/contract/teaching.ts';
import type { BenchRow, BenchTable } from './table.ts';

/** What became of the questions of one wording. */
interface Tally {
  all: number;
  refused: number;
  /** Asked as another kind of question than it is. */
  otherKind: number;
  /** Of those refused: offered something else to ask, and offered a question of its own kind. */
  offered: number;
  offeredOwn: number;
}

interface Asked {
  readonly question: string;
  readonly questionType: string;
  readonly wording: string;
}

/** Of a data set's split, every question of these records once. */
async function questionsOf(folder: string, split: string): Promise<Asked[]> {
  const found = new Map<string, Asked>();
  for await (const line of createInterface({ input: createReadStream(join(folder, `${split}.jsonl`)) })) {
    const { question, questionType, wording } = JSON.parse(line) as Asked;
    found.set(`${questionType}\n${question}`, { question, questionType, wording });
  }
  return [...found.values()];
}

/** The kinds that answer a question of this type: where something is can be told by a box, too. */
const ownKinds = ({ kinds }: ModelTeaching, type: string): ModelTeaching['kinds'] =>
  kinds.filter(({ kind }) => kind === type || (type === 'location' && kind === 'grounding'));

const option = (argv: readonly string[], name: string): string | undefined =>
  argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);

/**
 * What the gate before the embedded model does to the questions of a data set of `data build --questions all`: how many that
 * are in scope it refuses or takes for another kind, and how many to be declined it lets through.
 */
export async function run(argv: readonly string[], wanted: boolean): Promise<BenchTable[]> {
  const folder = option(argv, 'data');
  if (folder === undefined) {
    if (wanted)
      throw new Error(
        'The gate is measured on a data set: add --data=FOLDER of data build, and --split=NAME.',
      );
    return [];
  }
  const split = option(argv, 'split') ?? 'validation';
  const manifest = option(argv, 'manifest') ?? new URL('../../models/nano/manifest.json', import.meta.url);
  const teaching: ModelTeaching = CheckpointManifest.parse(
    JSON.parse(await readFile(manifest, 'utf8')),
  ).taught!;
  const show = argv.includes('--show');
  const tallies = new Map<string, Tally>();
  for (const { question, questionType, wording } of await questionsOf(folder, split)) {
    const name = questionType === 'refusal' ? `to be declined, ${wording}` : wording;
    const tally = tallies.get(name) ?? { all: 0, refused: 0, otherKind: 0, offered: 0, offeredOwn: 0 };
    tallies.set(name, tally);
    tally.all++;
    const { taught, reading, rewrites } = understandQuestion(question, teaching);
    const isOwn = (text: string): boolean => isTaught(text, { kinds: ownKinds(teaching, questionType) });
    if (!taught && reading === null) {
      tally.refused++;
      if (rewrites.length > 0) tally.offered++;
      if (rewrites.some(isOwn)) tally.offeredOwn++;
      if (argv.includes('--offers')) console.log(`${name}: ${question} => ${rewrites.join(' | ')}`);
    }
    const own = taught
      ? isOwn(question)
      : reading?.kind === questionType || (questionType === 'location' && reading?.kind === 'grounding');
    if ((taught || reading !== null) && !own) tally.otherKind++;
    if (show && (questionType === 'refusal' ? taught || reading !== null : !own))
      console.log(`${name}: ${question} => ${reading?.asked ?? (taught ? '=' : '-')}`);
  }
  const rows = [...tallies]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, tally]): BenchRow[] =>
      name.startsWith('to be declined')
        ? [
            { name, value: tally.all, unit: 'questions' },
            { name: `${name}: let through`, value: tally.all - tally.refused, unit: 'questions' },
            { name: `${name}: refused, with something offered`, value: tally.offered, unit: 'questions' },
          ]
        : [
            { name, value: tally.all, unit: 'questions' },
            { name: `${name}: refused`, value: tally.refused, unit: 'questions' },
            { name: `${name}: asked as another kind`, value: tally.otherKind, unit: 'questions' },
            { name: `${name}: refused, its own kind offered`, value: tally.offeredOwn, unit: 'questions' },
          ],
    );
  return [{ title: `The gate for questions, ${split} split`, rows }];
}
