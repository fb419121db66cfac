import type { Command } from 'commander';
import { act } from '../command.ts';

export function addDataValidate(data: Command): void {
  act(
    data
      .command('validate')
      .argument('<dir>', 'folder that `data build` wrote')
      .option('--images', 'look at every picture, not only at some')
      .description('check every line of a data set; file and line of what is wrong, and exit code 1'),
    async ({ output, signal }, { images }: { images?: boolean }, folder: string) => {
      const { validateDataset } = await import('../../../../models/data/index.ts');
      const { faults, faultCount, ...looked } = await validateDataset(folder, {
        images: images === true,
        signal,
        onProgress: ({ done, total }) => output.progress('Reading records', done, total),
      });
      for (const { file, line, reason } of faults)
        output.line(`${file}${line === null ? '' : `:${line}`}: ${reason}`);
      if (faultCount > faults.length) output.line(`and ${faultCount - faults.length} more`);
      output.line(
        `${looked.records} records on ${looked.images} pictures (${looked.imagesChecked} of them looked at): ` +
          (faultCount === 0 ? 'sound' : `${faultCount} faults`),
      );
      output.result({ sound: faultCount === 0, ...looked, faultCount, faults });
      return faultCount === 0 ? 0 : 1;
    },
  );
}
