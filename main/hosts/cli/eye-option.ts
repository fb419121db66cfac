import { Option, type Command } from 'commander';
import {
  eyeInWords,
  isSameEye,
  WorkstationError,
  type OpenSession,
  type StereoEye,
  type StereoLayout,
  type Video,
} from '../../../preload/contract/index.ts';
import type { CommandLineWorkstation } from '../hosted.ts';
import type { Output } from './output.ts';

export interface EyeOptions {
  eye?: 'left' | 'right' | 'both';
  stereo?: StereoLayout;
  squeezed?: boolean;
}

/** For a stereo recording: which eye is asked about. */
export const addEye = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--eye <eye>',
        'eye of a stereo recording to ask about, from now on; both: the whole picture',
      ).choices(['left', 'right', 'both']),
    )
    .addOption(
      new Option(
        '--stereo <layout>',
        'how both eyes lie in the picture; what the file says, where it is left out',
      ).choices(['side-by-side', 'top-bottom']),
    )
    .option('--squeezed', 'both eyes were squeezed to fit ("half" side by side, "half" top and bottom)');

/** The eye that the options name; undefined where they name none. Throws `invalid-input`. */
export function eyeOf({ eye, stereo, squeezed }: EyeOptions, video: Video): StereoEye | null | undefined {
  if (eye === undefined) {
    if (stereo === undefined && squeezed !== true) return undefined;
    throw new WorkstationError(
      'invalid-input',
      'No eye was named.',
      'Add --eye left or --eye right, or leave --stereo and --squeezed away.',
    );
  }
  if (eye === 'both') return null;
  const layout = stereo ?? video.streams.find(({ index }) => index === video.streamIndex)?.stereo;
  if (layout !== undefined) return { layout, eye, squeezed: squeezed === true };
  throw new WorkstationError(
    'invalid-input',
    'This file does not say how both eyes lie in its picture.',
    'Add --stereo side-by-side or --stereo top-bottom.',
  );
}

/** Chooses the eye for the recording, as the window does: recorded, and undone there by Ctrl Z. */
export async function chooseEye(
  { calls }: CommandLineWorkstation,
  { session }: OpenSession,
  video: Video,
  { options, output }: { options: EyeOptions; output: Output },
): Promise<void> {
  const eye = eyeOf(options, video);
  if (eye !== undefined && !isSameEye(eye, video.eye)) {
    const command = { name: 'recording.choose-eye', videoId: video.id, eye } as const;
    await calls.apply({ sessionId: session.id, command });
  }
  const chosen = eye === undefined ? video.eye : eye;
  if (chosen)
    output.note(`Of this stereo recording the ${eyeInWords(chosen)} is the picture. --eye both ends that.`);
}
