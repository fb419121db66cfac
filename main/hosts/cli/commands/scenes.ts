import type { Command } from 'commander';
import { act, wholeNumber } from '../command.ts';

export function addScenes(program: Command): void {
  act(
    program
      .command('scenes')
      .requiredOption('--frames <n>', 'how many pictures', wholeNumber(1))
      .requiredOption('--seed <n>', 'the same seed draws the same scenes', wholeNumber(0))
      .requiredOption('--out <dir>', 'folder to write, in the layout of EndoVis-18-VQLA')
      .description('draw synthetic surgical scenes with their ground truth'),
    async ({ output, signal }, { frames, seed, out }: { frames: number; seed: number; out: string }) => {
      const { writeScenes } = await import('../../../../models/data/index.ts');
      const written = await writeScenes({
        frames,
        seed,
        out,
        signal,
        onProgress: ({ done, total }) => output.progress('Drawing scenes', done, total),
      });
      output.line(
        `${written.frames} scenes with ${written.questions} questions in ${written.out}` +
          (written.drawn < written.frames ? `, ${written.drawn} of them new` : ''),
      );
      output.result(written);
    },
  );
}
