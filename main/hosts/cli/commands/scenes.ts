import { InvalidArgumentError, Option, type Command } from 'commander';
import { act, wholeNumber } from '../command.ts';

interface Options {
  frames: number;
  seed: number;
  out: string;
  size: { width: number; height: number };
  format: 'png' | 'jpg';
  workers?: number;
}

function sizeInPixels(text: string): Options['size'] {
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(text) ?? [];
  if (width === undefined || height === undefined) {
    throw new InvalidArgumentError('It must be a width and a height in pixels, such as 1280x1024.');
  }
  return { width: Number(width), height: Number(height) };
}

export function addScenes(program: Command): void {
  act(
    program
      .command('scenes')
      .requiredOption('--frames <n>', 'how many pictures', wholeNumber(1))
      .requiredOption('--seed <n>', 'the same seed draws the same scenes', wholeNumber(0))
      .requiredOption('--out <dir>', 'folder to write, in the layout of EndoVis-18-VQLA')
      .option('--size <WxH>', 'size of a picture in pixels', sizeInPixels, { width: 1280, height: 1024 })
      .addOption(new Option('--format <format>', 'of the pictures').choices(['png', 'jpg']).default('png'))
      .option('--workers <n>', 'threads that draw; one a core unless said', wholeNumber(1))
      .description('draw synthetic surgical scenes with their ground truth'),
    async ({ output, signal }, { frames, seed, out, size, format, workers }: Options) => {
      const { writeScenes } = await import('../../../../models/data/index.ts');
      const written = await writeScenes({
        frames,
        seed,
        out,
        ...size,
        format,
        ...(workers === undefined ? {} : { workers }),
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
