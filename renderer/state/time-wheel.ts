import { partIn, type TimeRange } from '../view/time-range.ts';
import type { TimeView } from './time-view.svelte.ts';

/** How strongly a notch of the wheel zooms: about 1.2 times. */
const zoomPerPixel = 0.0018;

interface Wheeled {
  time: () => TimeView;
  /** What the element shows along its width. */
  shows: () => TimeRange;
  /** What is on the screen, in seconds. */
  seconds: () => number;
}

/**
 * The wheel over the timeline: it scrolls, and with Ctrl, which a pinch on a trackpad sends, too, it zooms at the pointer. Not
 * passive, as the page must not be scrolled or zoomed as well.
 */
export function timeWheel({ time, shows, seconds }: Wheeled): (element: HTMLElement) => () => void {
  return (element) => {
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const view = time();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const { left, width } = element.getBoundingClientRect();
      if (!(width > 0)) return;
      const { range } = view;
      const length = range.to - range.from;
      if (event.ctrlKey || event.metaKey) {
        const under = shows();
        const at = under.from + ((event.clientX - left) / width) * (under.to - under.from);
        const held = Math.min(1, Math.max(0, partIn(range, at)));
        view.zoom(Math.exp(-event.deltaY * pixels * zoomPerPixel), range.from + held * length);
      } else {
        const by = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
        view.move(((by * pixels) / width) * length);
      }
      view.lookAway(seconds());
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  };
}
