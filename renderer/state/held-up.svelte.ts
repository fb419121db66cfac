import type { Video, VideoId } from '../../preload/contract/index.ts';
import { countedFirst, endOf, framesOn, showableFrom, type FrameAt } from './case-player.ts';
import type { Reel } from './recordings.svelte.ts';

/** What holds a step up: a recording that comes next, but whose frames are still being counted. */
export class HeldUp {
  #by = $state<VideoId | null>(null);
  readonly #reel: Reel;
  readonly #tell: (videoId: VideoId) => void;

  constructor(reel: Reel, tell: (videoId: VideoId) => void = () => undefined) {
    this.#reel = reel;
    this.#tell = tell;
  }

  /** The recording that is waited for; null once it is counted. */
  get by(): VideoId | null {
    const video = this.#by === null ? null : this.#reel.find(this.#by);
    return video?.index === 'building' ? video.id : null;
  }

  /** The frame so many frames further on, as far as they are counted. */
  framesOn(from: FrameAt, by: number): FrameAt {
    this.#look(from, by);
    return framesOn(this.#reel, from, by);
  }

  /** The next recording in a direction whose frames can be shown; undefined where there is none, or another is counted first. */
  beyond(video: Video, direction: -1 | 1): Video | undefined {
    this.#look({ video, index: endOf(video, direction) }, direction);
    return showableFrom(this.#reel, video, direction)[0];
  }

  /** Another frame is on the screen: within a recording nothing is waited for any more. */
  on(index: number, lastIndex: number): void {
    if (index > 0 && index < lastIndex) this.#by = null;
  }

  #look(from: FrameAt, by: number): void {
    const first = countedFirst(this.#reel, from, by);
    this.#by = first?.id ?? null;
    if (first !== null) this.#tell(first.id);
  }
}
