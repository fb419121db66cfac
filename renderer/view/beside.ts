/** A rectangle of the window, in CSS pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

const gap = 12;

/**
 * Where a card stands beside what it is about, inside the window: at its left, where the frame is, or else on the first other
 * side with room. Where no side has room for it, it lies over the corner of the window that is farthest away.
 */
export function placeBeside(about: Rectangle, card: Extent, window: Extent): { left: number; top: number } {
  const right = about.left + about.width;
  const bottom = about.top + about.height;
  const inside = (value: number, length: number, whole: number): number =>
    Math.max(gap, Math.min(value, whole - length - gap));
  const alongX = inside(about.left, card.width, window.width);
  const alongY = inside(about.top, card.height, window.height);
  const sides = [
    { room: about.left - 2 * gap - card.width, left: about.left - gap - card.width, top: alongY },
    { room: about.top - 2 * gap - card.height, left: alongX, top: about.top - gap - card.height },
    { room: window.width - right - 2 * gap - card.width, left: right + gap, top: alongY },
    { room: window.height - bottom - 2 * gap - card.height, left: alongX, top: bottom + gap },
  ];
  const side = sides.find(({ room }) => room >= 0);
  if (side !== undefined) return { left: side.left, top: side.top };
  const isLeft = about.left + about.width / 2 < window.width / 2;
  const isHigh = about.top + about.height / 2 < window.height / 2;
  return {
    left: isLeft ? window.width - card.width - gap : gap,
    top: isHigh ? window.height - card.height - gap : gap,
  };
}
