import type { FrameIndex, VideoId } from '../../preload/contract/index.ts';
import type { Reel } from './recordings.svelte.ts';
import type { SoundParts } from './sound.svelte.ts';

export interface PlayerOptions extends Omit<SoundParts, 'video'> {
  fetchMedia: typeof fetch;
  /** The recordings of the case as they are now: the index of one may become ready while it is open. */
  recordings: Reel;
  onShown: (index: FrameIndex) => void;
  /** A frame of a recording could not be had, or it not be played: the file itself may be gone. */
  onFault?: (videoId: VideoId) => void;
  /** A step, or playing, would go on to a recording whose frames are still being counted. */
  onCounted?: (videoId: VideoId) => void;
  /** A picture of playing is on the screen, which begins at this time of the case. */
  onPicture?: (seconds: number) => void;
  /** The video's end was played: returns whether it was seen to. */
  onEnded?: () => boolean;
}
