import { SvelteMap } from 'svelte/reactivity';
import {
  caseSeconds,
  endSecondsOfFrame,
  formatTimecode,
  shortestFrameSeconds,
  type CaseStretch,
  type CaseTime,
  type FrameTimes,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import {
  heldRange,
  lengthOf,
  movedRange,
  rangeAround,
  zoomedRange,
  type RangeLimits,
  type TimeRange,
} from '../view/time-range.ts';

/** One press of a key. */
const zoomStep = 2;
/** A range shows so many of the shortest frames at least. */
const leastFrames = 6;

/** What is on the screen, as the timeline follows it. */
export interface Followed {
  readonly seconds: number;
  /** The frame's number; null while it is not known. */
  readonly index: number | null;
  /** Direction of what goes on by itself. */
  readonly playing: -1 | 0 | 1;
}

interface Viewed {
  /** The recording on show. */
  readonly video: Video;
  readonly caseTime: CaseTime;
}

/** The stretch of the case's time that the lanes show: all of it, or as little as a few frames. */
export class TimeView {
  /** Of the lanes, in CSS pixels. */
  width = $state(0);
  /** When each frame of a recording begins, of those that were fetched. */
  readonly tables = new SvelteMap<VideoId, FrameTimes>();
  readonly #of: Viewed;
  readonly #tell: (text: string) => void;
  /** Null while all is shown, however long that turns out to be. */
  #chosen = $state.raw<TimeRange | null>(null);
  /** Whether what was on the screen last was in view. */
  #sawIt = true;
  #followed: Followed | null = null;

  /**
   * @param of what is reviewed, with the recording on show
   * @param tell takes what is shown in words, for those who do not see it
   */
  constructor(of: Viewed, tell: (text: string) => void = () => undefined) {
    this.#of = of;
    this.#tell = tell;
  }

  readonly duration: number = $derived.by(() => this.#of.caseTime.duration);

  /** Of the recording on show; null until they are known. */
  readonly times: FrameTimes | null = $derived.by(() => this.tables.get(this.#of.video.id) ?? null);

  /** The recordings that the range shows something of. */
  readonly inView: readonly CaseStretch[] = $derived.by(() =>
    this.#of.caseTime.stretches.filter(({ from, to }) => to >= this.range.from && from <= this.range.to),
  );

  readonly limits: RangeLimits = $derived.by(() => {
    const { duration } = this;
    const { frameCount, durationSeconds } = this.#of.video;
    const usual = frameCount !== null && frameCount > 0 ? (durationSeconds ?? 0) / frameCount : duration;
    const shortest = this.times === null ? usual : shortestFrameSeconds(this.times);
    return { duration, least: Math.min(duration, leastFrames * (shortest > 0 ? shortest : usual)) };
  });

  readonly range: TimeRange = $derived.by(() =>
    this.#chosen === null ? { from: 0, to: this.duration } : heldRange(this.#chosen, this.limits),
  );

  /** Takes the times of a recording's frames, or that they are not known any more. */
  know(id: VideoId, times: FrameTimes | null): void {
    if (times === null) this.tables.delete(id);
    else if (this.tables.get(id) !== times) this.tables.set(id, times);
  }

  get #all(): string {
    const { stretches } = this.#of.caseTime;
    return stretches.some(({ content }) => content !== stretches[0]?.content)
      ? 'All recordings of the case'
      : 'The whole recording';
  }

  get isWhole(): boolean {
    return this.#chosen === null;
  }

  show(range: TimeRange): void {
    const held = heldRange(range, this.limits);
    this.#chosen = lengthOf(held) >= this.duration ? null : held;
  }

  /** Closer by a factor above 1; `at`, in seconds, stays where it is. */
  zoom(factor: number, at: number): void {
    if (this.duration > 0) this.show(zoomedRange(this.range, factor, at, this.limits));
  }

  /** Closer around what is on the screen, or around the middle where that is not in view. */
  zoomIn(seconds: number): void {
    this.zoom(zoomStep, this.#centre(seconds));
    this.tell();
  }

  zoomOut(seconds: number): void {
    this.zoom(1 / zoomStep, this.#centre(seconds));
    this.tell();
  }

  showAll(): void {
    this.#chosen = null;
    this.#tell(this.#all);
  }

  move(bySeconds: number): void {
    if (!this.isWhole) this.show(movedRange(this.range, bySeconds, this.limits));
  }

  /** Says what is shown. */
  tell(): void {
    this.#tell(this.inWords());
  }

  inWords(): string {
    if (this.isWhole) return this.#all;
    return `${formatTimecode(this.range.from)} to ${formatTimecode(this.range.to)}`;
  }

  /**
   * Keeps what is on the screen in view: what is played, unless a person looks elsewhere meanwhile, and every place that is
   * gone to. What has not moved is left where it is.
   */
  follow(now: Followed): void {
    const { seconds, index, playing } = now;
    const before = this.#followed;
    this.#followed = now;
    if (playing !== 0 && before?.playing === 0) this.#sawIt = true;
    if (before?.seconds === seconds && before.index === index) return;
    const { range } = this;
    const isSeen = seconds <= range.to && this.#endOf(seconds, index) >= range.from;
    if (!isSeen && playing !== 0 && !this.#sawIt) return;
    if (!isSeen) this.show(rangeAround(range, seconds, playing, this.limits));
    this.#sawIt = true;
  }

  /** A person looks elsewhere: playing does not take them back. */
  lookAway(seconds: number): void {
    this.#sawIt = seconds >= this.range.from && seconds <= this.range.to;
  }

  /** A frame that begins before the range may still reach into it. */
  #endOf(seconds: number, index: number | null): number {
    if (index === null || this.times === null || index >= this.times.ticks.length) return seconds;
    const offset = caseSeconds(this.#of.caseTime, this.#of.video.id, 0) ?? 0;
    return offset + endSecondsOfFrame(this.times, index);
  }

  #centre(seconds: number): number {
    const { from, to } = this.range;
    return seconds >= from && seconds <= to ? seconds : (from + to) / 2;
  }
}
