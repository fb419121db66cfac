import { WorkstationError } from '../../preload/contract/index.ts';
import type { Frame } from './frames.ts';
import type { Player } from './player.svelte.ts';

/** The frame that a question is about, once it is on the screen. Throws what a person must know where there is none. */
export async function frameToAsk(player: Player): Promise<Frame> {
  const { frame, movedOn } = await player.settled();
  if (movedOn) {
    throw new WorkstationError(
      'busy',
      'Another frame was gone to before the question was asked.',
      'Look at the frame that is on the screen now, then ask again; the question is kept.',
    );
  }
  if (frame === null) {
    throw new WorkstationError(
      'busy',
      'There is no frame on screen to ask about yet.',
      'Ask again when it is there; the question is kept.',
    );
  }
  return frame;
}
