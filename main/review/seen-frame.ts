import type { Command } from '../../preload/contract/commands.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { locationOf } from '../../preload/contract/places.ts';
import { StereoEye } from '../../preload/contract/stereo.ts';
import type { VideoLibrary } from '../recordings/index.ts';
import type { SeenFrame } from './commands/tracks.ts';

/**
 * The frame on which a command sets a box, as it is shown now; null if the command names none.
 *
 * @throws WorkstationError `frame-mismatch` if it is not the picture that the person saw
 */
export async function seenFrame(
  library: Pick<VideoLibrary, 'frame'>,
  command: Command,
): Promise<SeenFrame | null> {
  if (!('frameHash' in command)) return null;
  const { videoId, frameIndex, frameHash } = command;
  // Not as an interaction, which would take the place of a frame that the window waits for.
  const { frame, times } = await library.frame(videoId, frameIndex, { priority: 'work' });
  if (frame.hash !== frameHash) {
    throw new WorkstationError(
      'frame-mismatch',
      `Frame ${frameIndex} is not the picture that the box was drawn on: it is another one now.`,
      'Nothing was changed. Look at the frame as it is shown now, then set the box again.',
    );
  }
  return {
    ...{ videoId, location: locationOf(times, frameIndex), hash: frame.hash },
    eye: frame.eye === undefined ? null : StereoEye.parse(frame.eye),
    picture: { width: frame.width, height: frame.height },
  };
}
