import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { GoldenCheck } from '../../../../models/import/index.ts';
import {
  attentionOperators,
  blockSizes,
  modelLayouts,
  weightTypes,
  type AttentionOperator,
  type BlockSize,
  type ModelLayout,
  type WeightType,
} from '../../../../models/import/choices/index.ts';
import { AnswerFormat, WorkstationError } from '../../../../preload/contract/index.ts';
import { act } from '../command.ts';
import { variantOption } from '../variant-option.ts';
import { addAdapt } from './models-adapt.ts';
import { addKeptModels, folderOf, importIntoData, timeLeft } from './models-kept.ts';
import { addPictureGate } from './picture-gate.ts';

interface ImportCommandOptions {
  out?: string;
  use?: boolean;
  dtype?: WeightType;
  blockSize: string;
  layout: ModelLayout;
  attention: AttentionOperator;
  adapter?: string;
  base?: string;
  answerFormat?: AnswerFormat;
  fresh?: boolean;
}

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description('the models of this machine: list, import, choose, remove, check');
  addKeptModels(models);
  addPictureGate(models);
  addAdapt(models);
  act(
    models
      .command('import')
      .argument('<checkpoint>', 'Hugging Face checkpoint folder of a Qwen2.5-VL, or of an adapter for one')
      .option(
        '--out <dir>',
        'model folder to make, instead of one in the data folder that the window lists too',
      )
      .option('--use', 'then ask this model from now on; without --out')
      .addOption(
        new Option('--dtype <type>', 'of the weights; q8 by default, and fp32 with --out').choices(
          weightTypes,
        ),
      )
      .addOption(
        new Option('--block-size <values>', 'values of a row that share a scale, of int4')
          .choices(blockSizes.map(String))
          .default('32'),
      )
      .addOption(
        new Option('--layout <name>', "graphs for this program, or in transformers.js's form for others too")
          .choices(modelLayouts)
          .default('workstation'),
      )
      .addOption(
        new Option(
          '--attention <operators>',
          'of the transformers layout: plain ones, or GroupQueryAttention',
        )
          .choices(attentionOperators)
          .default('concat'),
      )
      .option('--adapter <dir>', 'PEFT LoRA adapter to merge in')
      .option('--base <dir>', 'checkpoint that the given adapter belongs to')
      .addOption(
        new Option(
          '--answer-format <format>',
          'in which the model writes its answers; by default what surgery-r1.json in its folder says, else what its chat template lets expect',
        ).choices(AnswerFormat.options),
      )
      .option('--fresh', 'begin anew rather than go on with an import that was interrupted')
      .description('turn a checkpoint into a model folder that the engine runs'),
    async (context, options: ImportCommandOptions, checkpoint: string) => {
      const { out, use: useIt, dtype: wished, blockSize, layout, attention, adapter, base, fresh } = options;
      const { answerFormat } = options;
      if (out === undefined) {
        const changed = layout !== 'workstation' || attention !== 'concat' || blockSize !== '32';
        if (adapter !== undefined || changed || fresh === true) {
          throw new WorkstationError(
            'invalid-input',
            '--adapter, --layout, --attention, --block-size and --fresh are for a folder of its own.',
            'Name it with --out. An adapter is imported into the data folder by its own folder, with --base.',
          );
        }
        const dtype = wished ?? 'q8';
        return importIntoData(context, { checkpoint, base, dtype, answerFormat, use: useIt === true });
      }
      if (useIt === true) {
        throw new WorkstationError(
          'invalid-input',
          '--use is for a model in the data folder.',
          'Leave --out away, or choose the folder when it is there: models use FOLDER.',
        );
      }
      const { output, signal } = context;
      const dtype = wished ?? 'fp32';
      if (attention !== 'concat' && layout !== 'transformers') {
        throw new WorkstationError(
          'invalid-input',
          '--attention is of the transformers layout.',
          'Add --layout transformers, or leave it out.',
        );
      }
      if (blockSize !== '32' && dtype !== 'int4') {
        throw new WorkstationError(
          'invalid-input',
          '--block-size is of 4-bit weights.',
          'Add --dtype int4, or leave it out.',
        );
      }
      const { runImport } = await import('../../../../models/import/index.ts');
      const manifest = await runImport(
        {
          ...{ checkpoint: resolve(checkpoint), out: resolve(out), dtype, layout, attention },
          blockSize: Number(blockSize) as BlockSize,
          ...(adapter !== undefined && { adapter: resolve(adapter) }),
          ...(base !== undefined && { base: resolve(base) }),
          ...(answerFormat !== undefined && { answerFormat }),
          fresh: fresh === true,
        },
        {
          signal,
          log: (line) => output.note(line),
          onProgress: ({ activity, done, total, secondsLeft }) =>
            output.progress(`${activity}${timeLeft(secondsLeft)}`, done, total),
        },
      );
      output.line(`${manifest.name} ${manifest.version} imported as ${dtype} into ${out}`);
      if (!manifest.tokenizer) {
        output.line(
          'Note      The checkpoint has no tokenizer.json: the model can be checked, and not asked.',
        );
      }
      output.line(`Domain    ${manifest.domain}. ${manifest.domainNote}`);
      output.line(`Licence   ${manifest.licence}`);
      output.line(`Answers   as ${manifest.answerFormat}`);
      const { id, source } = manifest;
      output.result({ id, dtype, layout, answerFormat: manifest.answerFormat, out, sha256: source.sha256 });
    },
  );

  act(
    models
      .command('check')
      .argument(
        '<model>',
        'a listed model, a model folder, or a checkpoint, which is then imported for the check alone',
      )
      .option('--golden <dir>', "golden case: numbers of Hugging Face's own code to compare with")
      .addOption(variantOption())
      .description('verify the files of a model, open it, and compare it with reference numbers'),
    async (context, { golden, variant }: { golden?: string; variant?: string }, named: string) => {
      const { output, signal } = context;
      const model = await folderOf(context, named);
      const { checkGolden, checkModel } = await import('../../../../models/import/index.ts');
      const options = {
        model,
        ...(variant !== undefined && { variant }),
        signal,
        onProgress: ({ done, total }: { done: number; total: number }) =>
          output.progress('Importing the model', done, total),
      };
      const check =
        golden === undefined ? await checkModel(options) : await checkGolden({ ...options, golden });
      const { manifest, sha256, device, ...comparison } = check;
      output.line(`${manifest.name} ${manifest.version}, ${manifest.dtype}, on ${device}`);
      output.line(`SHA-256   ${sha256}`);
      output.line('Files     whole');
      if ('integersEqual' in comparison) {
        const { integersEqual, tokensEqual, pixelValues, imageFeatures, logits } = comparison as GoldenCheck;
        output.line(`Integers  ${integersEqual ? 'equal' : 'DIFFERENT'} (grids, windows, positions)`);
        output.line(`Tokens    ${tokensEqual ? 'equal' : 'DIFFERENT'}`);
        output.line(
          `Largest differences: pixel values ${pixelValues}, image features ${imageFeatures}, logits ${logits}`,
        );
      }
      output.result({ id: manifest.id, sha256, dtype: manifest.dtype, device, ...comparison });
    },
  );
}
