import type { Video } from '../../preload/contract/index.ts';
import { onlyRecording } from '../state/recordings.svelte.ts';
import { Player } from '../state/player.svelte.ts';
import { middleOfFrame } from '../state/stream-places.ts';
import { PresentingMessage, type Presented } from './presented.ts';

const watchingMilliseconds = 2000;
/** Without a word from the window that is presented for this long, nothing of it is shown any more. */
const silenceMilliseconds = 120_000;
/** Playing that is off by more begins anew at the right place; by less, it catches up or waits a little. */
const farOffSeconds = 1;
const nearSeconds = 0.06;

/** The side that watches: shows what another window has on its stage, and changes nothing there. */
export class Audience {
  presented = $state.raw<Presented | null>(null);
  player = $state.raw<Player | null>(null);
  readonly #of: string;
  readonly #channel: BroadcastChannel;
  readonly #fetch: typeof fetch;
  readonly #timer: ReturnType<typeof setInterval>;
  #video: Video | null = null;
  #seen = -1;
  #heardAt = Date.now();

  /** @param of the window that is presented */
  constructor(of: string, channel: BroadcastChannel, fetchMedia: typeof fetch) {
    this.#of = of;
    this.#channel = channel;
    this.#fetch = fetchMedia;
    channel.addEventListener('message', this.#hear);
    this.#timer = setInterval(() => this.#say(), watchingMilliseconds);
    this.#say();
  }

  readonly leave = (): void => {
    clearInterval(this.#timer);
    this.#post({ kind: 'left', of: this.#of });
    this.player?.dispose();
  };

  #say(): void {
    if (Date.now() - this.#heardAt > silenceMilliseconds) this.#show(null);
    this.#post({ kind: 'watching', of: this.#of, seen: this.#seen });
  }

  readonly #hear = ({ data }: MessageEvent<unknown>): void => {
    const heard = PresentingMessage.safeParse(data);
    if (!heard.success || heard.data.of !== this.#of) return;
    const message = heard.data;
    if (message.kind === 'close') window.close();
    if (message.kind !== 'shown') return;
    this.#heardAt = Date.now();
    if (message.presented === undefined) return;
    this.#seen = message.number;
    this.#show(message.presented);
  };

  #show(presented: Presented | null): void {
    this.presented = presented;
    const before = this.#video;
    this.#video = presented?.video ?? null;
    if (this.#video === null || before?.id !== this.#video.id) {
      this.player?.dispose();
      this.player = this.#video === null ? null : this.#newPlayer(this.#video);
    } else if (JSON.stringify(before.eye) !== JSON.stringify(this.#video.eye)) this.player?.frames.forget();
    if (presented) void this.#follow(presented);
  }

  #newPlayer(video: Video): Player {
    return new Player({
      fetchMedia: this.#fetch,
      recordings: onlyRecording(() => (this.#video?.id === video.id ? this.#video : video)),
      onShown: () => undefined,
    });
  }

  async #follow({ index, playing }: Presented): Promise<void> {
    const player = this.player;
    if (!player?.ready) return;
    if (index !== null) return player.goTo({ index });
    if (playing === null) return;
    const { motion } = player;
    const due = (): number => playing.seconds + (playing.rate * (Date.now() - playing.at)) / 1000;
    const off = motion.moving && motion.seconds !== null ? due() - motion.seconds : Infinity;
    // While its stream is on its way there is nothing to compare with.
    if (motion.moving && motion.seconds === null) return;
    if (Math.abs(off) > farOffSeconds) {
      const times = await player.times.get().catch(() => null);
      if (times) await motion.play(middleOfFrame(times, { seconds: due() }), playing.rate);
    } else motion.setRate(playing.rate * (Math.abs(off) > nearSeconds ? 1 + Math.sign(off) * 0.1 : 1));
  }

  #post(message: PresentingMessage): void {
    this.#channel.postMessage(message);
  }
}
