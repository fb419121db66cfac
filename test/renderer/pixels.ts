import { frameHeaders, frameTimesAsBytes } from '../../preload/contract/index.ts';
import { hashOf } from './fake-workstation.ts';

/** A `fetch` for frames of 4x2 pixels whose grey is the frame's index. Each answer waits until it is let go. */
export class FramePixels {
  readonly asked: number[] = [];
  readonly aborted: number[] = [];
  readonly #waiting = new Map<number, () => void>();
  /** Frames that fail, with the envelope's status and body. */
  readonly failing = new Map<number, { status: number; body: unknown }>();
  /** Pictures that are others than those of the fake workstation. */
  readonly hashes = new Map<number, string>();
  /** Frames at which the file is damaged. */
  readonly damaged = new Set<number>();
  hold = false;
  timesAsked = 0;
  failingTimes = false;
  holdTimes = false;
  letTimesGo: () => void = () => undefined;
  /** How long each frame takes to come, in ms. */
  delay = 0;

  readonly fetch: typeof fetch = async (address, options) => {
    if (addressOf(address).includes('/media/frame-times/')) return this.#times();
    const index = Number(/\/media\/frames\/[^/]+\/(\d+)$/.exec(addressOf(address))?.[1]);
    this.asked.push(index);
    options?.signal?.addEventListener('abort', () => this.aborted.push(index));
    if (this.hold) await new Promise<void>((resolve) => this.#waiting.set(index, resolve));
    if (this.delay > 0) await new Promise((later) => setTimeout(later, this.delay));
    options?.signal?.throwIfAborted();
    const failure = this.failing.get(index);
    if (failure) return new Response(JSON.stringify(failure.body), { status: failure.status });
    return new Response(new Uint8Array(4 * 2 * 3).fill(index), {
      headers: {
        [frameHeaders.index]: String(index),
        [frameHeaders.pts]: String(index * 512),
        [frameHeaders.hash]: this.hashes.get(index) ?? hashOf(index),
        [frameHeaders.width]: '4',
        [frameHeaders.height]: '2',
        [frameHeaders.damaged]: this.damaged.has(index) ? '1' : '0',
      },
    });
  };

  /** Those of the fake workstation: 350 frames, 25 a second. */
  async #times(): Promise<Response> {
    this.timesAsked += 1;
    if (this.holdTimes) await new Promise<void>((resolve) => (this.letTimesGo = resolve));
    if (this.failingTimes) return new Response('', { status: 503 });
    const ticks = Array.from({ length: 350 }, (_, frame) => frame * 512);
    return new Response(frameTimesAsBytes({ timeBase: [1, 12_800], ticks, endTicks: 350 * 512 }));
  }

  letGo(index: number): void {
    this.#waiting.get(index)?.();
    this.#waiting.delete(index);
  }
}

const addressOf = (address: Parameters<typeof fetch>[0]): string =>
  address instanceof Request ? address.url : address.toString();
