import { eyeInWords, type Bridge, type ErrorReport, type StereoEye } from '../../preload/contract/index.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Review } from './review.svelte.ts';

/** The other eye of the stereo recording on show; where the whole of it is, an eye is to be chosen first. */
export async function chooseOtherEye(
  workstation: { bridge: Bridge; announcer: Announcer },
  review: Pick<Review, 'session' | 'video'>,
): Promise<void> {
  const { eye } = review.video;
  if (!eye) {
    workstation.announcer.say('The whole picture is on show: choose an eye first');
    return;
  }
  const other = { ...eye, eye: eye.eye === 'left' ? 'right' : 'left' } as const;
  const refused = await chooseEye(workstation, review, other);
  if (refused !== null) workstation.announcer.say(`${refused.message} ${refused.hint}`);
}

/** From now on one eye of a stereo recording is reviewed, or the whole picture. Returns why not, where it is refused. */
export async function chooseEye(
  { bridge, announcer }: { bridge: Bridge; announcer: Announcer },
  { session, video }: Pick<Review, 'session' | 'video'>,
  eye: StereoEye | null,
): Promise<ErrorReport | null> {
  const command = { name: 'recording.choose-eye', videoId: video.id, eye } as const;
  const applied = await bridge.apply({ sessionId: session.id, command });
  if (!applied.ok) return applied.error;
  announcer.say(`On show: ${eyeInWords(eye)}`);
  return null;
}
