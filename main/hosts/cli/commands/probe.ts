import type { Command } from 'commander';
import { formatTimecode, missingInWords } from '../../../../preload/contract/index.ts';
import { act } from '../command.ts';
import { streamOption, streamsInWords, type StreamOption } from '../stream-option.ts';

export function addProbe(program: Command): void {
  act(
    program
      .command('probe')
      .argument('<video>', 'video file')
      .addOption(streamOption())
      .description('say what a video file holds, every frame counted'),
    async ({ output, workstation, signal }, { stream }: StreamOption, video: string) => {
      const facts = await (await workstation()).inspectVideo(video, { stream, signal });
      const { frames, width, height, codec, timeBase, variableFrameRate, container } = facts;
      const { durationSeconds, joins, coded, decoder, decoderWarning } = facts;
      output.line(`Frames     ${frames}`);
      output.line(`Length     ${formatTimecode(durationSeconds)}`);
      output.line(`Size       ${width} x ${height}`);
      if (coded.width !== width || coded.height !== height || coded.orientation !== 'upright') {
        const pixels = `pixels ${coded.pixelAspect.join(':')}`;
        output.line(`Stored as  ${coded.width} x ${coded.height}, ${pixels}, shown ${coded.orientation}`);
      }
      output.line(`Codec      ${codec} in ${container}`);
      output.line(`Time base  ${timeBase.join('/')} s`);
      output.line(`File       ${facts.bytes} bytes; its fingerprint covers ${coverageInWords(facts)}`);
      output.line(`Rate       ${variableFrameRate ? 'variable' : 'constant'}`);
      if (facts.streams.length > 1) for (const line of streamsInWords(facts)) output.line(line);
      for (const { index, timecode } of joins) {
        output.line(
          `Join       at frame ${index}, ${timecode}: the file's own clock starts again or jumps there`,
        );
      }
      const missing = missingInWords(facts.incomplete, frames);
      if (missing !== null) output.line(`Note       ${missing}`);
      output.line(`Decoder    ${decoder}`);
      if (decoderWarning !== null) output.line(`Warning    ${decoderWarning}`);
      output.result({
        ...{ frames, width, height, codec, timeBase, variableFrameRate, container },
        ...{ durationSeconds, joins, coded, decoder, decoderWarning },
        bytes: facts.bytes,
        incomplete: facts.incomplete,
        ...{ fingerprint: facts.fingerprint, fingerprintBytes: facts.fingerprintBytes },
        ...{ streamIndex: facts.streamIndex, streams: facts.streams },
      });
    },
  );
}

function coverageInWords({ bytes, fingerprintBytes }: { bytes: number; fingerprintBytes: number }): string {
  return fingerprintBytes === bytes ? 'all of them' : `${fingerprintBytes} of them, in 8 samples`;
}
