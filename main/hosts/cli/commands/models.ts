import { Option, type Command } from 'commander';
import { importCheckpoint } from '../../../../models/import/index.ts';
import { act } from '../command.ts';

export function addModels(program: Command): void {
  const models = program.command('models').description('import and check models');
  act(
    models
      .command('import')
      .argument('<checkpoint>', 'Hugging Face checkpoint folder of a Qwen2.5-VL')
      .requiredOption('--out <dir>', 'model folder to make')
      .addOption(new Option('--dtype <type>', 'of the weights').choices(['fp32', 'q8']).default('fp32'))
      .description('turn a checkpoint into a model folder that the engine runs'),
    async ({ output, signal }, { out, dtype }: { out: string; dtype: 'fp32' | 'q8' }, checkpoint: string) => {
      const manifest = await importCheckpoint({
        checkpoint,
        out,
        dtype,
        signal,
        onProgress: ({ done, total }) => output.progress('Importing the model', done, total),
      });
      output.line(`${manifest.name} ${manifest.version} imported as ${dtype} into ${out}`);
      output.line(`Domain    ${manifest.domain}. ${manifest.domainNote}`);
      output.line(`Licence   ${manifest.licence}`);
      output.result({ id: manifest.id, dtype, out, sha256: manifest.source.sha256 });
    },
  );
}
