import type { Command } from 'commander';
import { act } from '../command.ts';

export function addProbe(program: Command): void {
  act(
    program
      .command('probe')
      .argument('<video>', 'video file')
      .description('say what a video file holds, every frame counted'),
    async ({ output, workstation, signal }, _options: object, video: string) => {
      const facts = await (await workstation()).inspectVideo(video, signal);
      const { frames, width, height, codec, timeBase, variableFrameRate, container } = facts;
      output.line(`Frames     ${frames}`);
      output.line(`Size       ${width} x ${height}`);
      output.line(`Codec      ${codec} in ${container}`);
      output.line(`Time base  ${timeBase.join('/')} s`);
      output.line(`Rate       ${variableFrameRate ? 'variable' : 'constant'}`);
      output.result({ frames, width, height, codec, timeBase, variableFrameRate, container });
    },
  );
}
