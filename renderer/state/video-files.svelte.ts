import {
  isSameEye,
  type Bridge,
  type ErrorReport,
  type FrameIndex,
  type GrantId,
  type Session,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import type { Player } from './player.svelte.ts';
import type { Recordings } from './recordings.svelte.ts';
import type { View } from './view.svelte.ts';

interface Parts {
  readonly bridge: Pick<Bridge, 'getVideo' | 'relinkVideo'>;
  readonly recordings: Recordings;
  readonly view: View;
  readonly session: Session;
  readonly player: () => Player;
}

/** The files of the case's recordings, as they become ready, go away and are found again. */
export class VideoFiles {
  /** Why the file that was named as the missing one is not taken. */
  relinkFault = $state.raw<ErrorReport | null>(null);
  /** The frame of the answer that was chosen while no frame could be shown yet. */
  goOnceReady: FrameIndex | null = null;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Where one stood in the recording on show when the session was opened. */
  get #savedIndex(): number {
    const { session, recordings } = this.#parts;
    return session.videoId === recordings.shown.id ? session.frameIndex : 0;
  }

  /** Shows the frame at which one stood, where none is shown yet. */
  async showSaved(): Promise<void> {
    const player = this.#parts.player();
    if (!player.shown && player.ready) await player.showIndex(this.#savedIndex);
  }

  /** A recording may change its size on the way, and boxes are in pixels of their own frame. */
  takePicture(): void {
    const { view, recordings } = this.#parts;
    const { width, height } = this.#parts.player().shown ?? recordings.shown;
    const before = view.picture;
    if (before?.width !== width || before.height !== height) view.picture = { width, height };
  }

  /** Takes in what is told of a recording. */
  take(video: Video): void {
    const { recordings } = this.#parts;
    const player = this.#parts.player();
    if (video.id !== recordings.shown.id) {
      if (!isSameEye(recordings.find(video.id)?.eye, video.eye)) player.frames.forget();
      return recordings.take(video);
    }
    const [before, was] = [recordings.shown.availability, player.ready];
    // Another eye of a stereo recording: what moves stops, and the frame is fetched anew.
    if (!isSameEye(recordings.shown.eye, video.eye)) void player.pause().then(() => player.refresh());
    recordings.take(video);
    this.takePicture();
    if (video.availability === 'available' && before !== 'available') {
      this.relinkFault = null;
      player.fault = null;
      player.motion.fault = null;
    }
    if (was || !player.ready || player.motion.moving) return;
    const chosen = this.goOnceReady;
    this.goOnceReady = null;
    const isUnseen = chosen === null && player.shown === null && player.ownSeconds > 0;
    const seconds = (player.motion.visible && chosen === null) || isUnseen ? player.ownSeconds : null;
    const index = chosen ?? player.shown?.location.index ?? this.#savedIndex;
    void (seconds === null ? player.showIndex(index) : player.show({ seconds }));
  }

  /** Whether a recording's file is there, as far as the workstation knows now; that of the one on show by default. */
  async lookAgain(videoId: VideoId = this.#parts.recordings.shown.id): Promise<void> {
    const video = await this.#parts.bridge.getVideo({ videoId });
    if (video.ok) this.take(video.value);
  }

  /** Says where the missing file of the recording on show lies now. */
  async relink(grantId: GrantId): Promise<void> {
    const { bridge, recordings } = this.#parts;
    const video = await bridge.relinkVideo({ videoId: recordings.shown.id, grantId });
    this.relinkFault = video.ok ? null : video.error;
    if (video.ok) this.take(video.value);
  }
}
