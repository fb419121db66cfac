import { beforeEach, expect, test, vi } from 'vitest';
import type { Video } from '../../preload/contract/index.ts';
import { Motion } from '../../renderer/state/motion.svelte.ts';
import { fakeVideo } from './fake-workstation.ts';

/** What Motion needs of an HTMLVideoElement, with pictures that come when a test says so. */
class FakeElement {
  currentTime = 0;
  playbackRate = 1;
  error: object | null = null;
  playing = false;
  readonly sources: string[] = [];
  #source: string | null = null;
  #callback: ((now: number, frame: { mediaTime: number }) => void) | null = null;
  /** Media time of a stream's first picture; shown as soon as it is loaded. */
  firstMediaTime = 0;
  readonly #listeners = new Map<string, () => void>();

  get src(): string {
    return this.#source ?? '';
  }
  set src(address: string) {
    this.#source = address;
    this.sources.push(address);
    setTimeout(() => this.picture(this.firstMediaTime), 1);
  }
  getAttribute(): string | null {
    return this.#source;
  }
  removeAttribute(): void {
    this.#source = null;
  }
  addEventListener(name: string, listener: () => void): void {
    this.#listeners.set(name, listener);
    if (name === 'seeked') setTimeout(listener, 1);
  }
  requestVideoFrameCallback(callback: (now: number, frame: { mediaTime: number }) => void): number {
    this.#callback = callback;
    return 1;
  }
  cancelVideoFrameCallback(): void {
    this.#callback = null;
  }
  async play(): Promise<void> {
    this.playing = true;
  }
  pause(): void {
    this.playing = false;
  }
  load(): void {
    this.playing = false;
  }
  picture(mediaTime: number): void {
    this.#callback?.(0, { mediaTime });
  }
}

let video: Video;
let element: FakeElement;
let motion: Motion;

beforeEach(() => {
  video = fakeVideo;
  element = new FakeElement();
  motion = new Motion(() => video);
  motion.attach(element as unknown as HTMLVideoElement);
});

test('plays the file itself from within the frame, and counts from its first picture', async () => {
  element.firstMediaTime = 0.08;
  await motion.play({ frame: 4, within: 4.02 }, 2);
  expect(element.sources).toEqual(['/media/videos/video1']);
  expect(element.currentTime).toBeCloseTo(4.1);
  expect(element.playing).toBe(true);
  expect(element.playbackRate).toBe(2);
  expect(motion.visible).toBe(false);
  element.picture(4.12);
  expect(motion.visible).toBe(true);
  expect(motion.seconds).toBeCloseTo(4.04);
});

test('loads the file once, however often it plays', async () => {
  await motion.play({ frame: 0, within: 0.02 }, 1);
  await motion.pause();
  await motion.play({ frame: 4, within: 4.02 }, 1);
  expect(element.sources).toHaveLength(1);
});

test('asks for a transcoded stream from within the frame, and counts from the frame’s beginning', async () => {
  video = { ...fakeVideo, playback: 'transcoded' };
  await motion.play({ frame: 1.48, within: 1.5 }, 1);
  expect(element.sources).toEqual(['/media/videos/video1/transcoded?start=1.500']);
  element.picture(0.04);
  expect(motion.seconds).toBeCloseTo(1.52);
});

test('changes to a converted stream where counting the frames showed that it must', async () => {
  await motion.seek({ frame: 0, within: 0 });
  expect(element.sources).toEqual(['/media/videos/video1']);
  video = { ...fakeVideo, playback: 'transcoded' };
  await motion.play({ frame: 0.8, within: 0.82 }, 1);
  expect(element.sources.at(-1)).toBe('/media/videos/video1/transcoded?start=0.820');
  element.picture(0.04);
  expect(motion.seconds).toBeCloseTo(0.84);
});

test('ends on the picture that came last, even one just after the halt', async () => {
  await motion.play({ frame: 0, within: 0.02 }, 1);
  element.picture(0.4);
  const halted = motion.pause();
  setTimeout(() => element.picture(0.44), 20);
  expect(await halted).toBeCloseTo(0.441);
  expect(motion.moving).toBe(false);
});

test('a preview that comes after the still leaves the still on screen', async () => {
  const preview = motion.seek({ frame: 0, within: 0 });
  motion.hide();
  await preview;
  expect(motion.visible).toBe(false);
  await motion.seek({ frame: 4, within: 4.02 });
  expect(motion.visible).toBe(true);
});

test('halted before any picture came, there is none to end on', async () => {
  await motion.play({ frame: 0, within: 0.02 }, 1);
  expect(await motion.pause()).toBeNull();
});

test('a file that the browser cannot play is transcoded; a stream that fails is said', async () => {
  await motion.play({ frame: 4, within: 4.02 }, 1);
  element.error = { code: 4 };
  await motion.failed();
  expect(element.sources.at(-1)).toBe('/media/videos/video1/transcoded?start=4.020');
  expect(motion.moving).toBe(true);
  await motion.failed();
  expect(motion.moving).toBe(false);
  await vi.waitFor(() => expect(motion.fault?.hint).toMatch(/Stepping frame by frame still works/));
});
