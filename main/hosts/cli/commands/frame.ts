import type { Command } from 'commander';
import { damagedPicture } from '../../../../preload/contract/words/answer-warning.ts';
import { drawFrame } from '../../../workstation.ts';
import { act, wholeNumber } from '../command.ts';
import { writeNamedFile } from '../picture.ts';
import { streamOption, type StreamOption } from '../stream-option.ts';

export function addFrame(program: Command): void {
  act(
    program
      .command('frame')
      .argument('<video>', 'video file')
      .addOption(streamOption())
      .requiredOption('--index <n>', 'frame, counted from 0 in the order of showing', wholeNumber(0))
      .requiredOption('--out <file.png>', 'picture to write')
      .description('write one frame as PNG, exactly as the model gets it'),
    async (
      { output, workstation, signal },
      options: StreamOption & { index: number; out: string },
      video: string,
    ) => {
      const { index, stream } = options;
      const frame = await (await workstation()).extractFrame(video, index, { stream, signal });
      const file = await writeNamedFile(options.out, await drawFrame(frame));
      output.line(`Frame ${frame.index} (presentation time ${frame.pts} ticks) written to ${file}`);
      output.line(`Hash ${frame.hash}`);
      if (frame.isDamaged) output.line(`Warning: ${damagedPicture}`);
      const { index: at, pts, hash, isDamaged } = frame;
      output.result({ index: at, pts, hash, damaged: isDamaged, file });
    },
  );
}
