import { readdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { WorkstationError } from '../../../../preload/contract/index.ts';
import { reasonInWords } from '../../../platform/file-errors.ts';
import { act } from '../command.ts';
import { decodePicture } from '../picture.ts';
import { folderOf } from './models-kept.ts';

interface PicturesOptions {
  frames: string;
  falseAlarms: string;
  measure?: boolean;
}

const endings = new Set(['.png', '.jpg', '.jpeg']);

/** `models pictures`: teaches a model's folder to know pictures of a kind, so that others are marked. */
export function addPictureGate(models: Command): void {
  act(
    models
      .command('pictures')
      .argument('<model>', 'folder of an imported model, or a checkpoint with a manifest; or a listed model')
      .requiredOption(
        '--frames <dir>',
        'folder with PNG and JPEG frames of the kind that the model was taught with',
      )
      .option('--false-alarms <share>', 'share of frames of that kind that may be called unlike', '0.01')
      .option(
        '--measure',
        'change nothing: tell how many of these frames the gate that is there calls unlike',
      )
      .description(
        'fit how unlike a picture is those that a model was taught with, and keep it with the model',
      ),
    async (context, options: PicturesOptions, model: string) => {
      const { output, signal } = context;
      const falseAlarms = Number(options.falseAlarms);
      if (!(falseAlarms > 0 && falseAlarms <= 0.2)) {
        throw new WorkstationError(
          'invalid-input',
          `--false-alarms is ${options.falseAlarms}; a share above 0 and up to 0.2 is expected.`,
          'Leave it out for 0.01: one frame in a hundred.',
        );
      }
      const files = await picturesIn(resolve(options.frames));
      if (options.measure === true) {
        const { distancesOf } = await import('../../../../models/import/index.ts');
        const { distances, threshold } = await distancesOf({
          model: await folderOf(context, model),
          count: files.length,
          picture: (index) => decodePicture(files[index] ?? ''),
          signal,
          onProgress: (done, total) => output.progress('Looking at the frames', done, total),
        });
        const sorted = distances.toSorted((a, b) => a - b);
        const unlike = sorted.filter((distance) => distance > threshold).length;
        const [nearest, farthest] = [sorted[0] ?? null, sorted.at(-1) ?? null];
        output.line(`${unlike} of ${files.length} frames are unlike, farther than ${threshold}.`);
        output.line(`The nearest is at ${nearest?.toFixed(3)}, the farthest at ${farthest?.toFixed(3)}.`);
        return output.result({ frames: files.length, unlike, threshold, nearest, farthest });
      }
      const { fitPictures } = await import('../../../../models/import/index.ts');
      const fitted = await fitPictures({
        model: await folderOf(context, model),
        count: files.length,
        picture: (index) => decodePicture(files[index] ?? ''),
        fittedTo: `frames of ${basename(resolve(options.frames))}`,
        falseAlarms,
        signal,
        onProgress: (done, total) => output.progress('Looking at the frames', done, total),
      });
      output.line(`${files.length} frames: a picture farther than ${fitted.threshold} is marked as unlike.`);
      output.line('The model is another one by its hash now; its weights are the same.');
      output.result({ ...fitted, frames: files.length });
    },
  );
}

/** Every PNG and JPEG below a folder, by path. */
async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    throw new WorkstationError(
      'invalid-input',
      `The folder ${folder} can't be read (${reasonInWords(error)}).`,
      'Name a folder with PNG and JPEG frames.',
      { cause: error },
    );
  });
  return entries
    .filter((entry) => entry.isFile() && endings.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
