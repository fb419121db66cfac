import { InvalidArgumentError, Option, type Command } from 'commander';
import { act, wholeNumber } from '../command.ts';
import { kindList, kinds, type Kind } from './data-kinds.ts';

interface Options {
  out: string;
  source: string[];
  train: string[];
  validation: string[];
  test: string[];
  reviewed: string[];
  writer?: string;
  splitBySequence?: [number, number, number];
  publishedSplit?: boolean;
  kinds?: Kind[];
  paraphrases: number;
  heldOut: number;
  absent?: number;
  toolStyle: 'mixed' | 'underscores' | 'words';
  questions: 'core' | 'all';
  seed: number;
  strict?: boolean;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function shares(text: string): [number, number, number] {
  const numbers = text.split(',').map(Number);
  const usable = numbers.length === 3 && numbers.every((value) => value >= 0 && value <= 1);
  if (!usable || Math.abs(numbers.reduce((a, b) => a + b, 0) - 1) > 1e-6) {
    throw new InvalidArgumentError('It must be three shares that add up to 1, such as 0.8,0.1,0.1.');
  }
  return numbers as [number, number, number];
}

function rate(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 16)) {
    throw new InvalidArgumentError('It must be a number from 0 to 16.');
  }
  return value;
}

export function addDataBuild(data: Command): void {
  act(
    data
      .command('build')
      .requiredOption('--out <dir>', 'new or empty folder for the data set')
      .option('--source <dir>', 'pictures to be split by sequence; may be given again', collect, [])
      .option('--train <dir>', 'pictures for the train split; may be given again', collect, [])
      .option('--validation <dir>', 'pictures for the validation split; may be given again', collect, [])
      .option('--test <dir>', 'pictures for the test split; may be given again', collect, [])
      .option(
        '--reviewed <dir>',
        'review sheet with verdicts, for the train split; may be given again',
        collect,
        [],
      )
      .addOption(
        new Option('--split-by-sequence <shares>', 'train, validation and test share of every --source')
          .argParser(shares)
          .conflicts('publishedSplit'),
      )
      .option(
        '--published-split',
        'split every --source as EndoVis-18-VQLA is: sequences 1, 5 and 16 are the test',
      )
      .option('--kinds <list>', `of ${kinds.join(', ')}; the last two unless said`, kindList)
      .option('--paraphrases <n>', 'paraphrases of each question', wholeNumber(0), 1)
      .option('--held-out <n>', 'wordings of each question that only the test split has', wholeNumber(0), 1)
      .option(
        '--absent <n>',
        'questions about absent instruments a picture; unless said 1 for scenes, 0 for real pictures',
        rate,
      )
      .addOption(
        new Option('--tool-style <style>', 'spelling of instruments in paraphrases')
          .choices(['mixed', 'underscores', 'words'])
          .default('mixed'),
      )
      .addOption(
        new Option(
          '--questions <which>',
          'core: organ, state, location, grounding; all, of scenes alone: also lists, counts, yes or no, relations, descriptions and what is to be refused',
        )
          .choices(['core', 'all'])
          .default('core'),
      )
      .option('--seed <n>', 'of every draw', wholeNumber(0), 1)
      .option('--writer <module.mjs>', 'exports write(record): own reasoning, or null to keep the grammar’s')
      .option('--strict', 'end at the first line or file that cannot be used as it is')
      .description('build a data set in the style of Surgery-R1-54k from EndoVis-VQLA folders and scenes'),
    async ({ output, signal }, options: Options) => {
      const { buildDataset, loadWriter } = await import('../../../../models/data/index.ts');
      const built = await buildDataset({
        out: options.out,
        sources: [
          ...options.source.map((folder) => ({ folder, split: null })),
          ...(['train', 'validation', 'test'] as const).flatMap((split) =>
            options[split].map((folder) => ({ folder, split })),
          ),
        ],
        ...(options.publishedSplit === true
          ? { sequenceSplit: 'published' as const }
          : options.splitBySequence && { sequenceSplit: options.splitBySequence }),
        ...(options.kinds && { kinds: options.kinds }),
        paraphrases: options.paraphrases,
        heldOut: options.heldOut,
        ...(options.absent !== undefined && { absent: options.absent }),
        reviewed: options.reviewed,
        ...(options.writer !== undefined && { writer: await loadWriter(options.writer) }),
        toolStyle: options.toolStyle,
        questions: options.questions,
        seed: options.seed,
        strict: options.strict === true,
        signal,
        onProgress: ({ done, total }) => output.progress('Reading pictures', done, total),
      });
      for (const [split, { records, frames }] of Object.entries(built.counts)) {
        output.line(`${split.padEnd(12)}${String(records).padStart(8)} records on ${frames} pictures`);
      }
      if (built.problems > 0) {
        output.line(
          `${built.problems} lines or files were left out or corrected; see skipped.jsonl. The first:`,
        );
        for (const { source, file, line, reason } of built.firstProblems.slice(0, 10)) {
          output.line(`  ${source}: ${file}${line === null ? '' : `:${line}`}: ${reason}`);
        }
      }
      output.result({ out: built.out, counts: built.counts, problems: built.problems, blind: built.blind });
    },
  );
}
