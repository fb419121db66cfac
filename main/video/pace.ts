/** Over this time it is seen how fast the playhead moves, in ms. */
const lookMilliseconds = 400;
/** One that has not moved for so long stands still, in ms. */
const restMilliseconds = 600;
/** A move over more frames than this is a jump. */
const longestStep = 16;
/** Frames per second above which a person plays or holds a key, and waits for every frame. */
const fast = 12;
/** Starting a decode takes about this long. */
const startSeconds = 0.15;
/** Fewer frames tell nothing about the speed of decoding. */
const fewestDecoded = 20;

/** How fast the playhead moves, and how fast frames are decoded: from both follows when the next frames must be begun. */
export class Pace {
  readonly #now: () => number;
  #index = 0;
  #movedAt = -Infinity;
  /** Where and when the present look began. */
  #from = { index: 0, at: -Infinity };
  #framesPerSecond = 0;
  #decodedPerSecond = 120;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The playhead has moved. */
  moved(index: number): void {
    const now = this.#now();
    const isJump = Math.abs(index - this.#index) > longestStep;
    if (isJump || now - this.#movedAt > restMilliseconds) {
      this.#framesPerSecond = 0;
      this.#from = { index, at: now };
    } else if (now - this.#from.at >= lookMilliseconds) {
      this.#framesPerSecond = (Math.abs(index - this.#from.index) / (now - this.#from.at)) * 1000;
      this.#from = { index, at: now };
    }
    this.#index = index;
    this.#movedAt = now;
  }

  /** So many frames were decoded in so many ms. */
  decoded(frames: number, milliseconds: number): void {
    if (frames < fewestDecoded) return;
    const seconds = Math.max(0.001, milliseconds / 1000 - startSeconds);
    this.#decodedPerSecond = (this.#decodedPerSecond + frames / seconds) / 2;
  }

  /** Over how many frames the playhead goes on, at its present speed, while so many are decoded. */
  framesMeanwhile(decoded: number): number {
    return Math.ceil(this.#speed * (startSeconds + decoded / this.#decodedPerSecond));
  }

  get isFast(): boolean {
    return this.#speed >= fast;
  }

  get #speed(): number {
    return this.#now() - this.#movedAt > restMilliseconds ? 0 : this.#framesPerSecond;
  }
}
