import { frameHeaders } from '../../preload/contract/index.ts';
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
  /** How long each frame takes to come, in ms. */
  delay = 0;

  readonly fetch: typeof fetch = async (address, options) => {
    const index = Number(
      /\/media\/frames\/[^/]+\/(\d+)$/.exec(
        address instanceof Request ? address.url : address.toString(),
      )?.[1],
    );
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

  letGo(index: number): void {
    this.#waiting.get(index)?.();
    this.#waiting.delete(index);
  }
}
