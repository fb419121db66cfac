import { eyeInWords, type Bridge, type ErrorReport, type StereoEye } from '../../preload/contract/index.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Review } from './review.svelte.ts';

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
