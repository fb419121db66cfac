import type { Workstation } from './workstation.svelte.ts';

/** Lets the sound of what plays be heard, or not, and says which. Returns whether there is a recording at all. */
export function switchSound(workstation: Pick<Workstation, 'review' | 'soundOn' | 'announcer'>): boolean {
  if (!workstation.review) return false;
  const { player } = workstation.review;
  if (player.sound.available) {
    workstation.soundOn = !workstation.soundOn;
    // What is converted for its sound goes on from where it is, in another stream.
    if (player.motion.moving && !player.motion.isAsWanted) void player.seek(player.seconds);
    else player.motion.hear();
  }
  workstation.announcer.say(player.sound.inWords(player.rate));
  return true;
}
