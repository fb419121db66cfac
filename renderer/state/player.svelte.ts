import {
  frameAtPlace,
  frameAtSeconds,
  FrameIndex,
  toErrorReport,
  type ErrorReport,
  type PlaceInVideo,
  type Video,
} from '../../preload/contract/index.ts';
import { playBackwards, wait } from './backwards.ts';
import { VideoTimes } from './frame-times.ts';
import { FrameSource, type Frame, type Settled } from './frames.ts';
import { Moves } from './moves.svelte.ts';
import { Motion, type MotionStart } from './motion.svelte.ts';
import { Sound, type SoundParts } from './sound.svelte.ts';
import { frameAfterStream, middleOfFrame } from './stream-places.ts';
import { fastest, nextSpeed } from '../view/speeds.ts';

/** How long a key is held before one step becomes a run of steps, in ms. */
const holdMilliseconds = 280;

/** Steps come no faster than the video itself would play, whatever the decoder can do. */
const shortestStepMilliseconds = 33;

export interface PlayerOptions extends SoundParts {
  fetchMedia: typeof fetch;
  onShown: (index: FrameIndex) => void;
  /** A frame could not be had, or the video not be played: the file itself may be gone. */
  onFault?: () => void;
  /** A picture of playing is on the screen, which began so many seconds after the first frame. */
  onPicture?: (seconds: number) => void;
  /** The video's end was played: returns whether it was seen to. */
  onEnded?: () => boolean;
}

/** What is on screen: one exact frame of the video while still, the browser's own playback while moving. */
export class Player {
  /** The frame on screen, or the last one before motion. Replaced whole: picture and place never differ. */
  shown = $state.raw<Frame | null>(null);
  /** The frame being fetched, where it takes long enough to say so. */
  pending = $state<number | null>(null);
  fault = $state.raw<ErrorReport | null>(null);
  /** Direction while a run of steps, or playing backwards, goes on. */
  running = $state<-1 | 0 | 1>(0);
  /** How many times as fast as the video it is played backwards; 0 while it is not. */
  reverseRate = $state(0);
  /** The speed that a person chose for playing; J and L are faster for once. */
  chosenRate = $state(1);
  readonly motion: Motion;
  readonly sound: Sound;
  readonly times: VideoTimes;
  readonly frames: FrameSource;

  /** The speed of a playing that has not begun yet. */
  #starting = $state<number | null>(null);
  readonly #options: PlayerOptions;
  #request = new AbortController();
  #ahead = new AbortController();
  #target: number | null = null;
  #run = 0;
  readonly #moves = new Moves();
  /** From the halt of playback until its frame is on the screen. */
  #halt: Promise<void> | null = null;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.times = new VideoTimes(options.video, options.fetchMedia);
    this.frames = new FrameSource(this.times, options.video().id, options.fetchMedia);
    this.sound = new Sound(options);
    this.motion = new Motion(options.video, options.onFault, options.onPicture, this.sound);
  }

  /** A frame is on its way: a step, a jump or a halt has begun and its frame is not on the screen yet. */
  get arriving(): boolean {
    return this.#moves.arriving;
  }

  get video(): Video {
    return this.#options.video();
  }

  get ready(): boolean {
    return this.video.index === 'ready' && this.video.availability === 'available';
  }

  get lastIndex(): number {
    return Math.max(0, (this.video.frameCount ?? 1) - 1);
  }

  /** Seconds since the first frame of what is on screen, still or moving. */
  get seconds(): number {
    if (this.motion.visible && this.motion.seconds !== null) return this.motion.seconds;
    return this.shown?.location.seconds ?? 0;
  }

  get index(): number {
    return this.#target ?? this.shown?.location.index ?? 0;
  }

  /** The speed of what goes on, below 0 backwards, or that of the next playing. */
  get rate(): number {
    if (this.reverseRate > 0) return -this.reverseRate;
    if (this.#starting !== null) return this.#starting;
    return this.motion.moving ? this.motion.rate : this.chosenRate;
  }

  /** Of what plays, and of the next playing. Below 0 it plays backwards at once. */
  chooseRate(rate: number): void {
    if (rate < 0) {
      void this.reverse(-rate);
      return;
    }
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
    return this.#moves.begin(() => this.#show(at));
  }

  showIndex(index: number): Promise<void> {
    return this.#moves.begin(() => this.#showIndex(index));
  }

  goTo(at: PlaceInVideo): Promise<void> {
    return this.#moves.begin(async () => {
      this.endRun();
      await this.#halted();
      await this.#show(at);
    });
  }

  step(by: number): Promise<void> {
    return this.#moves.begin(async () => {
      if (!this.ready) return;
      await this.#halted();
      await this.#showIndex(this.index + by);
      this.#prefetch(this.index + by);
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
      const before = this.index;
      const began = performance.now();
      await this.step(by);
      if (this.index === before) break;
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
      fetchAhead: (index) => this.#prefetch(index),
    });
    if (run === this.#run) this.endRun();
  }

  /** Ends what goes on by itself, and what is about to. */
  endRun(): void {
    this.#run += 1;
    this.running = 0;
    this.#starting = null;
    if (this.reverseRate === 0) return;
    this.reverseRate = 0;
    // The frame on the screen is where a person stops; one that is still on its way would come after that.
    this.#request.abort();
    this.#target = null;
    this.pending = null;
  }

  /** Moves by seconds, from what is on screen. */
  async jump(seconds: number): Promise<void> {
    if (this.video.availability !== 'available' || this.video.index === 'failed') return;
    const to = Math.min(this.video.durationSeconds ?? Infinity, Math.max(0, this.seconds + seconds));
    await this.seek(to);
  }

  /** Goes to a time; while playing, playback goes on from there. */
  seek(seconds: number): Promise<void> {
    return this.#moves.begin(async () => {
      this.endRun();
      if (this.motion.moving || !this.ready) return this.motion.seek(await this.#motionStart({ seconds }));
      await this.#show({ seconds });
    });
  }

  async first(): Promise<void> {
    await this.goTo({ index: FrameIndex.parse(0) });
  }

  async last(): Promise<void> {
    await this.goTo({ index: FrameIndex.parse(this.lastIndex) });
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
    const index = atEnd ? FrameIndex.parse(0) : this.shown?.location.index;
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
    const endSeconds = this.motion.streamEnd();
    let goesOn = false;
    await this.#moves.begin(async () => {
      const shownSeconds = await this.motion.pause();
      if (!this.ready || this.motion.moving) return;
      const times = await this.times.get().catch(() => null);
      const next = times && frameAfterStream(times, this.video, { shownSeconds, endSeconds });
      await this.#showIndex(next ?? this.lastIndex);
      goesOn = next !== null && this.fault === null;
    });
    if (goesOn && run === this.#run) await this.play();
  }

  dispose(): void {
    this.endRun();
    this.#request.abort();
    this.#ahead.abort();
    this.motion.dispose();
  }

  async #show(at: PlaceInVideo): Promise<void> {
    this.#request.abort();
    const request = new AbortController();
    this.#request = request;
    this.#target = 'index' in at ? at.index : null;
    this.pending = this.#target;
    try {
      const index = 'index' in at ? at.index : frameAtPlace(await this.times.get(), at);
      if (request.signal.aborted) return;
      this.#target = index;
      const frame = await this.frames.get(index, request.signal);
      if (request.signal.aborted) return;
      this.shown = frame;
      this.fault = null;
      this.motion.hide();
      this.#options.onShown(frame.location.index);
    } catch (error) {
      if (request.signal.aborted) return;
      this.fault = toErrorReport(error);
      this.#options.onFault?.();
    }
    this.#target = null;
    this.pending = null;
  }

  #showIndex(index: number): Promise<void> {
    return this.#show({ index: FrameIndex.parse(Math.min(this.lastIndex, Math.max(0, Math.round(index)))) });
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
    await this.#show({ seconds });
  }

  async #motionStart(at: { index: FrameIndex } | { seconds: number }): Promise<MotionStart> {
    const seconds = 'seconds' in at ? at.seconds : (this.shown?.location.seconds ?? 0);
    const roughly = { frame: seconds, within: seconds };
    const times = this.ready ? await this.times.get().catch(() => null) : null;
    return times ? middleOfFrame(times, at) : roughly;
  }

  /** Fetches the frame that the next step in this direction would show, and forgets failures. */
  #prefetch(index: number): void {
    if (index < 0 || index > this.lastIndex) return;
    const frame = FrameIndex.parse(index);
    if (this.frames.has(frame)) return;
    this.#ahead.abort();
    this.#ahead = new AbortController();
    // The step itself will meet and show any failure.
    this.frames.get(frame, this.#ahead.signal).catch(() => undefined);
  }
}
