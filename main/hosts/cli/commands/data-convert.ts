import { Option, type Command } from 'commander';
import type { ConvertOptions } from '../../../../models/data/index.ts';
import { act, wholeNumber } from '../command.ts';
import { kindList, kinds, type Kind } from './data-kinds.ts';

const formats: ConvertOptions['format'][] = [
  'llamafactory-sharegpt',
  'ms-swift',
  'ms-swift-grpo',
  'trl-grpo',
  'verl',
];

interface Options {
  format: ConvertOptions['format'];
  out: string;
  maxPixels?: number;
  minPixels?: number;
  space: 'resized' | 'per-mille';
  instructions?: boolean;
  objects?: boolean;
  kinds?: Kind[];
}

export function addDataConvert(data: Command): void {
  act(
    data
      .command('convert')
      .argument('<dir>', 'folder that `data build` wrote')
      .addOption(
        new Option('--format <format>', 'of the trainer that is to read it')
          .choices(formats)
          .makeOptionMandatory(),
      )
      .requiredOption('--out <dir>', 'new or empty folder')
      .option('--max-pixels <n>', 'largest area of a picture as the model sees it; 1003520', wholeNumber(1))
      .option('--min-pixels <n>', 'smallest; 3136', wholeNumber(1))
      .addOption(
        new Option('--space <space>', 'of boxes: pixels of the resized picture, or 0 to 1000')
          .choices(['resized', 'per-mille'])
          .default('resized'),
      )
      .option('--instructions', "say the answer's format behind each question, for a model not taught it")
      .option('--objects', 'ms-swift alone: boxes of grounding questions as its objects')
      .option('--kinds <list>', `of ${kinds.join(', ')}; all unless said`, kindList)
      .description('write a data set in the format of LLaMA-Factory, ms-swift, TRL or verl'),
    async ({ output, signal }, { space, kinds: only, ...options }: Options, folder: string) => {
      const { convertDataset } = await import('../../../../models/data/index.ts');
      const converted = await convertDataset({
        folder,
        ...options,
        ...(only && { kinds: only }),
        space: space === 'per-mille' ? 'normalized-1000' : 'resized-pixels',
        signal,
        onProgress: ({ done, total }) => output.progress('Converting records', done, total),
      });
      for (const [name, rows] of Object.entries(converted.rows)) output.line(`${rows} rows in ${name}`);
      if (converted.leftOut > 0) {
        output.line(
          `${converted.leftOut} records left out: the rewards know one label and one box, no lists.`,
        );
      }
      output.result(converted);
    },
  );
}
