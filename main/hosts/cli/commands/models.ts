import { Option, type Command } from 'commander';
import type { GoldenCheck } from '../../../../models/import/index.ts';
import { attentionOperators, modelLayouts } from '../../../../models/import/layouts.ts';
import type { AttentionOperator, ModelLayout } from '../../../../models/import/layouts.ts';
import { blockSizes, weightTypes } from '../../../../models/import/precision.ts';
import type { BlockSize, WeightType } from '../../../../models/import/precision.ts';
import { act } from '../command.ts';

interface ImportCommandOptions {
  out: string;
  dtype: WeightType;
  blockSize: string;
  layout: ModelLayout;
  attention: AttentionOperator;
  adapter?: string;
  base?: string;
  fresh?: boolean;
}

const timeLeft = (seconds: number | null): string =>
  seconds === null
    ? ''
    : seconds < 90
      ? `, ${Math.ceil(seconds)} s left`
      : `, ${Math.ceil(seconds / 60)} min left`;

export function addModels(program: Command): void {
  const models = program.command('models').description('import and check models');
  act(
    models
      .command('import')
      .argument('<checkpoint>', 'Hugging Face checkpoint folder of a Qwen2.5-VL, or of an adapter for one')
      .requiredOption('--out <dir>', 'model folder to make')
      .addOption(new Option('--dtype <type>', 'of the weights').choices(weightTypes).default('fp32'))
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
      .option('--fresh', 'begin anew rather than go on with an import that was interrupted')
      .description('turn a checkpoint into a model folder that the engine runs'),
    async (
      { output, signal },
      { out, dtype, blockSize, layout, attention, adapter, base, fresh }: ImportCommandOptions,
      checkpoint: string,
    ) => {
      const { importCheckpoint } = await import('../../../../models/import/index.ts');
      const manifest = await importCheckpoint({
        checkpoint,
        out,
        dtype,
        blockSize: Number(blockSize) as BlockSize,
        layout,
        attention,
        ...(adapter !== undefined && { adapter }),
        ...(base !== undefined && { base }),
        fresh: fresh === true,
        selfTest: layout === 'workstation',
        signal,
        onProgress: ({ done, total, secondsLeft }) =>
          output.progress(`Importing the model${timeLeft(secondsLeft)}`, done, total),
      });
      output.line(`${manifest.name} ${manifest.version} imported as ${dtype} into ${out}`);
      if (!manifest.tokenizer) {
        output.line(
          'Note      The checkpoint has no tokenizer.json: the model can be checked, and not asked.',
        );
      }
      output.line(`Domain    ${manifest.domain}. ${manifest.domainNote}`);
      output.line(`Licence   ${manifest.licence}`);
      output.result({ id: manifest.id, dtype, layout, out, sha256: manifest.source.sha256 });
    },
  );

  act(
    models
      .command('check')
      .argument('<model>', 'model folder, or a checkpoint, which is then imported for the check alone')
      .option('--golden <dir>', "golden case: numbers of Hugging Face's own code to compare with")
      .description('verify the files of a model, open it, and compare it with reference numbers'),
    async ({ output, signal }, { golden }: { golden?: string }, model: string) => {
      const { checkGolden, checkModel } = await import('../../../../models/import/index.ts');
      const options = {
        model,
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
