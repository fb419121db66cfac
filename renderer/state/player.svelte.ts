import {
  frameAtSeconds,
  FrameIndex,
  stretchOf,
  type PlaceInVideo,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { playBackwards, wait } from './backwards.ts';
import { framesOn, placeToGo } from './case-player.ts';
import type { Frame, Settled } from './frames.ts';
import { HeldUp } from './held-up.svelte.ts';
import { Moves } from './moves.svelte.ts';
import { Motion, type MotionStart } from './motion.svelte.ts';
import type { PlayerOptions } from './player-options.ts';
import { Sound } from './sound.svelte.ts';
import { isShowable } from './recordings.svelte.ts';
import { frameAfterStream, middleOfFrame } from './stream-places.ts';
import { Stills } from './stills.svelte.ts';
import { fastest, nextSpeed } from '../view/speeds.ts';

/** How long a key is held before one step becomes a run of steps, in ms. */
const holdMilliseconds = 280;

/** Steps come no faster than the video itself would play, whatever the decoder can do. */
const shortestStepMilliseconds = 33;

/**
 * What is on screen: one exact frame of a recording while still, the browser's own playback while moving. Times are those of
 * the case, on which its recordings lie one behind the other; a frame's number is that in its own recording.
 */
export class Player extends Stills {
  /** Direction while a run of steps, or playing backwards, goes on. */
  running = $state<-1 | 0 | 1>(0);
  /** How many times as fast as the video it is played backwards; 0 while it is not. */
  reverseRate = $state(0);
  /** The speed that a person chose for playing; J and L are faster for once. */
  chosenRate = $state(1);
  readonly heldUp: HeldUp;
  readonly motion: Motion;
  readonly sound: Sound;

  /** The speed of a playing that has not begun yet. */
  #starting = $state<number | null>(null);
  readonly #options: PlayerOptions;
  #run = 0;
  readonly #moves = new Moves();
  /** From the halt of playback until its frame is on the screen. */
  #halt: Promise<void> | null = null;

  constructor(options: PlayerOptions) {
    super(options.recordings, options.fetchMedia);
    this.#options = options;
    const { onFault, onPicture, onCounted } = options;
    this.heldUp = new HeldUp(options.recordings, onCounted);
    const video = (): Video => this.video;
    this.sound = new Sound({ ...options, video });
    this.motion = new Motion(
      video,
      () => onFault?.(this.video.id),
      (seconds) => onPicture?.(this.#offset + seconds),
      this.sound,
    );
  }

  /** A frame is on its way: a step, a jump or a halt has begun and its frame is not on the screen yet. */
  get arriving(): boolean {
    return this.#moves.arriving;
  }

  /** The time of the case of what is on screen, still or moving. */
  get seconds(): number {
    return this.#offset + this.ownSeconds;
  }

  /** The same in seconds since the first frame of its recording. */
  get ownSeconds(): number {
    if (this.motion.visible && this.motion.seconds !== null) return this.motion.seconds;
    return this.shown?.location.seconds ?? this.unseen;
  }

  /** When the recording on show begins in the time of the case. */
  get #offset(): number {
    return stretchOf(this.recordings.time, this.video.id)?.from ?? 0;
  }

  /** The speed of what goes on, below 0 backwards, or that of the next playing. */
  get rate(): number {
    if (this.reverseRate > 0) return -this.reverseRate;
    if (this.#starting !== null) return this.#starting;
    return this.motion.moving ? this.motion.rate : this.chosenRate;
  }

  /** Of what plays, and of the next playing. Below 0 it plays backwards at once. */
  chooseRate(rate: number): void {
    if (rate < 0) return void this.reverse(-rate);
    this.chosenRate = rate;
    if (this.motion.moving) this.motion.setRate(rate);
    else if (this.#starting !== null) this.#starting = rate;
  }

  /** The next speed of those there are, in the direction in which it plays; no faster than the fastest and no wrap. */
  changeSpeed(towards: 'slower' | 'faster'): void {
    const next = nextSpeed(this.rate, towards);
    if (next !== this.rate) this.chooseRate(next);
  }

  /** Shows the frame at a place. The latest request wins; the frame before stays until the new one is there. */
  show(at: PlaceInVideo): Promise<void> {
    return this.#moves.begin(() => this.fetchAt(at));
  }

  showIndex(index: number): Promise<void> {
    return this.#moves.begin(() => this.#showIndex(index));
  }

  goTo(at: PlaceInVideo): Promise<void> {
    return this.#moves.begin(async () => {
      this.endRun();
      await this.#halted();
      await this.fetchAt(at);
    });
  }

  /** Goes to a frame of any recording of the case; where none of it can be shown, the recording is on show without one. */
  goToFrame({ videoId, index }: { videoId: VideoId; index: FrameIndex }): Promise<void> {
    return this.#moves.begin(async () => {
      this.endRun();
      await this.#halted();
      await this.fetchFrame({ videoId, index });
    });
  }

  /** The same without ending what goes on. */
  showFrame(frame: { videoId: VideoId; index: number }): Promise<void> {
    return this.#moves.begin(() => this.fetchFrame(frame));
  }

  step(by: number): Promise<void> {
    return this.#moves.begin(async () => {
      if (!this.ready && this.heldUp.beyond(this.video, by < 0 ? -1 : 1) === undefined) return;
      await this.#halted();
      const to = this.heldUp.framesOn(this.at, by);
      await this.fetchAt({ index: FrameIndex.parse(to.index) }, to.video);
      this.fetchAhead(framesOn(this.recordings, this.at, by));
    });
  }

  /** Shows the frame on the screen as it is decoded now, where it may have become another. */
  refresh(): Promise<void> {
    this.frames.forget();
    const at = this.shown?.location.index;
    return at === undefined ? Promise.resolve() : this.showIndex(at);
  }

  /**
   * Stops what moves, and waits for the frame that was on its way when this was called. A person who goes to another
   * place meanwhile is told so: what is then on the screen is not what the question was typed for.
   */
  async settled(): Promise<Settled> {
    this.endRun();
    if (this.motion.moving) void this.pause();
    const { awaited, movedOn } = await this.#moves.ended();
    if (movedOn) return { frame: null, movedOn };
    const failed = awaited && this.fault !== null;
    return { frame: failed || this.motion.visible ? null : this.shown, movedOn: false };
  }

  /** One step at once, then, while `endRun` isn't called, as many as come. */
  async beginRun(by: number): Promise<void> {
    this.endRun();
    const run = this.#run;
    this.running = by < 0 ? -1 : 1;
    await this.step(by);
    await wait(holdMilliseconds);
    while (run === this.#run) {
      const before = this.at;
      const began = performance.now();
      await this.step(by);
      if (this.at.index === before.index && this.at.video.id === before.video.id) break;
      await wait(Math.max(0, shortestStepMilliseconds - (performance.now() - began)));
    }
    if (run === this.#run) this.endRun();
  }

  /** Plays backwards; again while it does: 2, 4 and 8 times as fast. */
  async reverse(rate = this.reverseRate === 0 ? 1 : Math.min(fastest, this.reverseRate * 2)): Promise<void> {
    if (!this.ready) return;
    this.endRun();
    const run = this.#run;
    await this.#moves.begin(() => this.#halted());
    const from = this.shown?.location;
    const times = await this.times.get().catch(() => null);
    if (run !== this.#run || !from || !times) return;
    this.running = -1;
    this.reverseRate = rate;
    await playBackwards({
      from,
      rate,
      frameSeconds: (this.video.durationSeconds ?? 0) / Math.max(1, this.lastIndex),
      goesOn: () => run === this.#run,
      index: () => this.index,
      indexAt: (seconds) => frameAtSeconds(times, seconds),
      show: (index) => this.showIndex(index),
      fetchAhead: (index) => this.fetchAhead({ video: this.video, index }),
    });
    if (run !== this.#run) return;
    const before = this.heldUp.beyond(this.video, -1);
    if (before === undefined) return this.endRun();
    await this.showFrame({ videoId: before.id, index: (before.frameCount ?? 1) - 1 });
    if (run === this.#run) await this.reverse(rate);
  }

  /** Ends what goes on by itself, and what is about to. */
  endRun(): void {
    this.#run += 1;
    this.running = 0;
    this.#starting = null;
    if (this.reverseRate === 0) return;
    this.reverseRate = 0;
    // The frame on the screen is where a person stops; one that is still on its way would come after that.
    this.giveUp();
  }

  /** Moves by seconds, from what is on screen; gaps and recordings that are away are passed over. */
  async jump(seconds: number): Promise<void> {
    const { time, areSeveral } = this.recordings;
    if (!areSeveral && (this.video.availability !== 'available' || this.video.index === 'failed')) return;
    const length = time.duration > 0 ? time.duration : Infinity;
    await this.#seek(Math.min(length, Math.max(0, this.seconds + seconds)), seconds < 0 ? -1 : 1);
  }

  /** Goes to a time of the case; while playing, playback goes on from there. */
  seek(seconds: number): Promise<void> {
    return this.#seek(seconds, 0);
  }

  #seek(wanted: number, direction: -1 | 0 | 1): Promise<void> {
    return this.#moves.begin(async () => {
      this.endRun();
      const { recordings } = this;
      const place = placeToGo(recordings, wanted, direction);
      const video = place && recordings.find(place.stretch.id);
      if (!place || !video) return;
      // The length of the one alone may not be known yet.
      const seconds = recordings.areSeveral ? place.seconds : wanted;
      if (isShowable(video) && !this.motion.moving) return this.fetchAt({ seconds }, video);
      if (video.id !== this.video.id) {
        if (video.availability !== 'available') await this.#halted();
        this.enter(video, seconds);
      }
      if (video.availability !== 'available') this.unseen = seconds;
      else await this.motion.seek(await this.#motionStart({ seconds }));
    });
  }

  /** Goes to the first frame of all recordings. */
  readonly first = (): Promise<void> => this.#goToEnd(-Number.MAX_SAFE_INTEGER);
  readonly last = (): Promise<void> => this.#goToEnd(Number.MAX_SAFE_INTEGER);

  async #goToEnd(by: number): Promise<void> {
    const { video, index } = this.heldUp.framesOn(this.at, by);
    await this.goToFrame({ videoId: video.id, index: FrameIndex.parse(index) });
  }

  async togglePlay(): Promise<void> {
    if (this.motion.moving || this.running) return this.pause();
    return this.play();
  }

  async play(rate = this.chosenRate): Promise<void> {
    this.endRun();
    if (this.video.availability !== 'available') return;
    const run = this.#run;
    this.#starting = rate;
    this.#moves.began();
    await this.#halt;
    const atEnd = this.ready && this.shown !== null && this.shown.location.index >= this.lastIndex;
    if (atEnd) {
      // To the next recording, or from behind the last one to the very first frame.
      const over = this.heldUp.beyond(this.video, 1);
      if (this.heldUp.by !== null) return this.endRun();
      const first = framesOn(this.recordings, this.at, -Number.MAX_SAFE_INTEGER).video;
      await this.fetchAt({ index: FrameIndex.parse(0) }, over ?? first);
    }
    if (run !== this.#run) return;
    const index = this.shown?.location.index;
    const from = await this.#motionStart(index === undefined ? { seconds: this.seconds } : { index });
    if (run !== this.#run) return;
    const wanted = this.#starting ?? rate;
    this.#starting = null;
    await this.motion.play(from, wanted);
  }

  /** Stops motion on the frame that the browser showed last, and shows that frame's own pixels. */
  pause(): Promise<void> {
    this.endRun();
    return this.motion.moving ? this.#moves.begin(() => this.#halted()) : Promise.resolve();
  }

  /** While the index is being built there are no exact frames: the browser's picture stands in, unnumbered. */
  preview(): void {
    const { availability, index, playback } = this.video;
    if (availability === 'available' && index === 'building' && playback === 'native')
      void this.motion.seek({ frame: 0, within: 0 });
  }

  /** Faster each time: 1, 2, 4, 8 times, and no faster. */
  async faster(): Promise<void> {
    const next = Math.min(fastest, Math.max(1, this.rate) * 2);
    if (this.motion.moving) this.motion.setRate(next);
    else if (this.#starting !== null) this.#starting = next;
    else await this.play(1);
  }

  /** Playback's end: the last frame, exactly. A converted stream ends where the picture changes its size; another goes on. */
  async ended(): Promise<void> {
    if (this.#options.onEnded?.()) return;
    const run = this.#run;
    const { rate } = this.motion;
    const endSeconds = this.motion.streamEnd();
    let goesOn = false;
    await this.#moves.begin(async () => {
      const shownSeconds = await this.motion.pause();
      if (!this.ready || this.motion.moving) return;
      const times = await this.times.get().catch(() => null);
      const next = times && frameAfterStream(times, this.video, { shownSeconds, endSeconds });
      const over = next === null ? this.heldUp.beyond(this.video, 1) : undefined;
      if (over !== undefined) await this.fetchAt({ index: FrameIndex.parse(0) }, over);
      else await this.#showIndex(next ?? this.lastIndex);
      goesOn = (next !== null || over !== undefined) && this.fault === null;
    });
    if (goesOn && run === this.#run) await this.play(rate);
  }

  override dispose(): void {
    this.endRun();
    super.dispose();
    this.motion.dispose();
  }

  protected onFrame({ location }: Frame): void {
    this.motion.hide();
    this.heldUp.on(location.index, this.lastIndex);
    this.#options.onShown(location.index);
  }

  protected onFrameFault(videoId: VideoId): void {
    this.#options.onFault?.(videoId);
  }

  #showIndex(index: number): Promise<void> {
    return this.fetchFrame({ videoId: this.video.id, index });
  }

  /** Stops what moves, and waits for a halt under way: the frame to go on from is the one that it ends on. */
  async #halted(): Promise<void> {
    if (this.motion.moving) {
      const halt = this.#pause().finally(() => {
        if (this.#halt === halt) this.#halt = null;
      });
      this.#halt = halt;
    }
    await this.#halt;
  }

  async #pause(): Promise<void> {
    const seconds = await this.motion.pause();
    if (!this.ready || this.motion.moving) return;
    if (seconds === null) return this.motion.hide();
    await this.fetchAt({ seconds });
  }

  async #motionStart(at: { index: FrameIndex } | { seconds: number }): Promise<MotionStart> {
    const seconds = 'seconds' in at ? at.seconds : (this.shown?.location.seconds ?? 0);
    const roughly = { frame: seconds, within: seconds };
    const times = this.ready ? await this.times.get().catch(() => null) : null;
    return times ? middleOfFrame(times, at) : roughly;
  }
}
