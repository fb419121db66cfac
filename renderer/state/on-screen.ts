import type { FramePlace } from './frame-times.ts';
import type { Player } from './player.svelte.ts';

/** The frame that is on the screen at the moment of the call, moving or still; null where none with a number is. */
export async function placeOnScreen(
  player: Pick<Player, 'motion' | 'shown' | 'ready' | 'times' | 'video'>,
): Promise<FramePlace | null> {
  // Taken before anything is awaited: meanwhile the video goes on.
  const seconds = player.motion.onScreen;
  const { id } = player.video;
  const still = player.shown?.location.index ?? null;
  if (!player.ready) return null;
  const index = seconds === null ? still : await player.times.indexAt(seconds, id);
  return index === null ? null : player.times.placeOf(index, id);
}
