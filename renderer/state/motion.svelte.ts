import {
  transcodedVideoPath,
  videoPath,
  type ErrorReport,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { passed } from '../bridge/pass.ts';
import type { Sound } from './sound.svelte.ts';

/** A stream's times are rounded to the millisecond at worst; this much later is still the same frame. */
const roundingSeconds = 0.001;

/** Where motion begins, both in seconds since the first frame. */
export interface MotionStart {
  /** When the frame begins: a transcoded stream counts its own time from there. */
  readonly frame: number;
  /** A time within the frame, far from both ends: rounding on the way cannot make another frame of it. */
  readonly within: number;
}

/** No new picture for this long after the halt: the last one is on screen. */
const quietMilliseconds = 100;

/** Sound that is decoded at all is decoded by then. */
const soundDueMilliseconds = 1500;

/** Chromium counts what it has decoded; a browser that does not is believed. */
const decodedNoSound = (element: HTMLVideoElement & { webkitAudioDecodedByteCount?: number }): boolean =>
  element.webkitAudioDecodedByteCount === 0;

/** Playback by the browser, for motion only: stills come from the decoder. */
export class Motion {
  /** Playing, or about to. */
  moving = $state(false);
  /** The browser's picture is on screen: from its first frame on, until the still replaces it. */
  visible = $state(false);
  /** Seconds since the first frame, of the picture that the browser shows. */
  seconds = $state<number | null>(null);
  rate = $state(1);
  fault = $state.raw<ErrorReport | null>(null);

  readonly #video: () => Video;
  readonly #onFault: () => void;
  readonly #onPicture: (seconds: number) => void;
  readonly #sound: Pick<Sound, 'heardAt' | 'inStream' | 'unheard'> | null;
  #element: HTMLVideoElement | null = null;
  /** Seconds since the first frame at which the stream begins: 0, but for a transcoded one. */
  #streamSeconds = 0;
  #start: MotionStart = { frame: 0, within: 0 };
  /** The media time of the first picture of the stream; files with edit lists need not begin at 0. */
  #firstMediaTime: number | null = null;
  #onFirstPicture: () => void = () => undefined;
  /** Recordings whose files the browser could not read by itself. */
  #refused: readonly VideoId[] = [];
  #placing = 0;
  #pictures = 0;
  /** Whether the stream that is loaded was converted for its sound. */
  #loadedSound = false;
  #listening: ReturnType<typeof setTimeout> | undefined;
  #settled = false;

  constructor(
    video: () => Video,
    onFault: () => void = () => undefined,
    onPicture: (seconds: number) => void = () => undefined,
    sound: Pick<Sound, 'heardAt' | 'inStream' | 'unheard'> | null = null,
  ) {
    this.#sound = sound;
    this.#video = video;
    this.#onFault = onFault;
    this.#onPicture = onPicture;
  }

  /** Asked anew each time: that a file has to be converted may come out only when its frames are counted. */
  get #transcoded(): boolean {
    const { id, playback } = this.#video();
    return this.#refused.includes(id) || playback === 'transcoded' || this.#soundInStream;
  }

  get #soundInStream(): boolean {
    return this.#sound?.inStream ?? false;
  }

  /** Whether what is loaded is the file or stream that would be loaded now: the sound may have been switched. */
  get isAsWanted(): boolean {
    return this.#loadedSound === this.#soundInStream;
  }

  /** Lets the sound be heard, or not, as the person has chosen and the speed allows. */
  hear(): void {
    const element = this.#element;
    if (!element) return;
    element.muted = !(this.#sound?.heardAt(this.rate) ?? false);
    clearTimeout(this.#listening);
    if (element.muted || !this.moving) return;
    this.#listening = setTimeout(() => {
      if (this.#sound && this.moving && !element.muted) this.#sound.unheard = decodedNoSound(element);
    }, soundDueMilliseconds);
  }

  /** Seconds since the first frame, within the frame that the browser shows; null while a still is on the screen. */
  get onScreen(): number | null {
    return this.visible && this.seconds !== null ? this.seconds + roundingSeconds : null;
  }

  /** Takes the element that shows the motion; returns the way to let it go. */
  attach(element: HTMLVideoElement): () => void {
    this.#element = element;
    let handle = 0;
    const onFrame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
      this.#onFrame(frame.mediaTime);
      handle = element.requestVideoFrameCallback(onFrame);
    };
    handle = element.requestVideoFrameCallback(onFrame);
    return () => {
      element.cancelVideoFrameCallback(handle);
      element.pause();
      if (this.#element === element) this.#element = null;
    };
  }

  async play(from: MotionStart, rate: number): Promise<void> {
    const element = this.#element;
    if (!element) return;
    this.fault = null;
    this.moving = true;
    this.rate = rate;
    await this.#place(element, from);
    element.playbackRate = rate;
    this.hear();
    await this.#begin(element);
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#element) this.#element.playbackRate = rate;
    this.hear();
  }

  /** Moves the stream; it goes on playing, or stands still where the frames aren't known yet. */
  async seek(to: MotionStart): Promise<void> {
    const element = this.#element;
    if (!element) return;
    this.seconds = to.frame;
    // A still may have taken the picture's place in the meantime: it stays on screen.
    if (!(await this.#place(element, to))) return;
    this.hear();
    if (this.moving) await this.#begin(element);
    else this.visible = true;
  }

  /** Halts; returns the seconds of the frame that is on screen, null where none has come yet. */
  async pause(): Promise<number | null> {
    this.#element?.pause();
    this.moving = false;
    if (!this.visible) return null;
    // One more picture may be on its way to the screen; it is the one that a person sees at the end.
    let seen: number;
    do {
      seen = this.#pictures;
      await new Promise((resolve) => setTimeout(resolve, quietMilliseconds));
    } while (seen !== this.#pictures && !this.moving);
    return this.seconds === null ? null : this.seconds + roundingSeconds;
  }

  /** Where a converted stream has ended, in seconds since the first frame; null for the file itself, which ends with it. */
  streamEnd(): number | null {
    if (!this.#element || !this.#transcoded) return null;
    return this.#streamSeconds + this.#element.currentTime - (this.#firstMediaTime ?? 0);
  }

  /** The still is on screen: the browser's picture goes. */
  hide(): void {
    if (this.moving) return;
    this.#placing += 1;
    this.visible = false;
    this.seconds = null;
  }

  /** The element could not play its source. A file that the browser cannot read is transcoded instead. */
  async failed(): Promise<void> {
    if (!this.#element || !this.#element.error) return;
    const playing = this.moving;
    if (!this.#transcoded && playing) {
      this.#refused = [...this.#refused, this.#video().id];
      this.#element.removeAttribute('src');
      return this.play(this.#start, this.rate);
    }
    this.moving = false;
    this.visible = false;
    if (playing) {
      this.fault = {
        code: 'ffmpeg-failed',
        message: 'This video cannot be played as motion here.',
        hint: 'Stepping frame by frame still works and shows exact frames. To play, check that ffmpeg is installed.',
      };
      this.#onFault();
    }
  }

  dispose(): void {
    this.moving = false;
    clearTimeout(this.#listening);
    this.#element?.pause();
    this.#element?.removeAttribute('src');
    this.#element?.load();
  }

  /**
   * Brings the stream to a time; false where another place, or the still, was wanted before it came. Pictures of before
   * are not taken for those of after.
   */
  async #place(element: HTMLVideoElement, start: MotionStart): Promise<boolean> {
    const placing = (this.#placing += 1);
    const video = this.#video();
    this.#settled = false;
    this.#start = start;
    this.#loadedSound = this.#soundInStream;
    if (this.#transcoded) {
      this.#streamSeconds = start.frame;
      await this.#load(element, passed(transcodedVideoPath(video.id, start.within, this.#loadedSound)));
    } else {
      const address = passed(videoPath(video.id));
      if (element.getAttribute('src') !== address) {
        this.#streamSeconds = 0;
        await this.#load(element, address);
      }
      if (placing !== this.#placing) return false;
      element.currentTime = start.within + (this.#firstMediaTime ?? 0);
      await happened(element, 'seeked');
    }
    if (placing !== this.#placing) return false;
    this.#settled = true;
    return true;
  }

  async #begin(element: HTMLVideoElement): Promise<void> {
    if (!this.moving) return;
    try {
      await element.play();
    } catch (error) {
      // Paused, moved or failed before it began: `failed` and `pause` have seen to it.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  /** Waits, halted, for the stream's first picture: once it plays, the first one seen need not be the first. */
  async #load(element: HTMLVideoElement, address: string): Promise<void> {
    element.pause();
    this.#firstMediaTime = null;
    const first = new Promise<void>((resolve) => (this.#onFirstPicture = resolve));
    element.src = address;
    await Promise.race([first, happened(element, 'error')]);
  }

  #onFrame(mediaTime: number): void {
    this.#pictures += 1;
    if (this.#firstMediaTime === null) {
      this.#firstMediaTime = mediaTime;
      this.#onFirstPicture();
    }
    if (!this.#settled) return;
    this.seconds = this.#streamSeconds + mediaTime - this.#firstMediaTime;
    if (!this.moving) return;
    this.visible = true;
    this.#onPicture(this.seconds);
  }
}

/** Waits for an event, or for what a stalled stream should not cost more than. */
function happened(element: HTMLVideoElement, event: 'seeked' | 'error'): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 3000);
    element.addEventListener(
      event,
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
