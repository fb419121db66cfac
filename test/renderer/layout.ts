import { render, screen, within } from '@testing-library/svelte';
import { vi } from 'vitest';
import AnswerList from '../../renderer/components/AnswerList.svelte';
import type { Review } from '../../renderer/state/review.svelte.ts';
import type { Workstation } from '../../renderer/state/workstation.svelte.ts';

/** Heights, in CSS pixels, that a page without a layout is said to have. */
const roomHeight = 330;
export const rowHeight = 33;

/** Gives a long list what it measures: its rows lie below one another in a room that shows ten of them. */
export function withLayout(): void {
  class Measured {
    readonly #tell: ResizeObserverCallback;

    constructor(tell: ResizeObserverCallback) {
      this.#tell = tell;
    }

    observe(target: Element): void {
      const height = target.getAttribute('role') === 'listitem' ? rowHeight : roomHeight;
      const entry = { target, contentRect: { width: 300, height } } as unknown as ResizeObserverEntry;
      queueMicrotask(() => this.#tell([entry], this));
    }

    unobserve(): void {}
    disconnect(): void {}
  }
  vi.stubGlobal('ResizeObserver', Measured);
  Object.assign(window, { ResizeObserver: Measured });
  Object.defineProperty(HTMLElement.prototype, 'offsetParent', {
    configurable: true,
    get(this: HTMLElement) {
      return this.parentElement;
    },
  });
}

/** Draws the list of answers, and waits for its first rows. */
export async function renderList(props: { workstation: Workstation; review: Review }) {
  const rendered = render(AnswerList, props);
  await within(screen.getByRole('list', { name: 'Answers of this session' })).findAllByRole('listitem');
  return rendered;
}
