import type { Box, Size } from '../../preload/contract/index.ts';

/** Where the picture lies on the stage: stage = picture * scale + offset, all in CSS pixels. */
export interface Viewport {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle in stage pixels. */
export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

/** The largest enlargement: one source pixel becomes this many CSS pixels. */
export const largestScale = 16;
/** One press of + or -, one notch of the wheel's button. */
export const zoomStep = 1.25;

/** The whole picture, centred, as large as the stage allows. */
export function fit(picture: Size, stage: Size): Viewport {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

/** A picture that fills an element of some width, in CSS pixels; in its own size while that is not measured yet. */
export function fitted(picture: Size, width: number): { viewport: Viewport; stage: Size } {
  const scale = width > 0 ? width / picture.width : 1;
  return {
    viewport: { scale, x: 0, y: 0 },
    stage: { width: picture.width * scale, height: picture.height * scale },
  };
}

/** Enlarges by `factor` so that the picture point under `at` stays there. */
export function zoomAt(view: Viewport, factor: number, at: Point, picture: Size, stage: Size): Viewport {
  const smallest = fit(picture, stage).scale;
  const scale = Math.min(Math.max(view.scale * factor, smallest), Math.max(largestScale, smallest));
  const change = scale / view.scale;
  return held(
    { scale, x: at.x - (at.x - view.x) * change, y: at.y - (at.y - view.y) * change },
    picture,
    stage,
  );
}

export function pan(view: Viewport, by: Point, picture: Size, stage: Size): Viewport {
  return held({ scale: view.scale, x: view.x + by.x, y: view.y + by.y }, picture, stage);
}

/** Keeps the picture on the stage: centred where it is smaller, without a gap where it is larger. */
export function held(view: Viewport, picture: Size, stage: Size): Viewport {
  return {
    scale: view.scale,
    x: heldAlong(view.x, picture.width * view.scale, stage.width),
    y: heldAlong(view.y, picture.height * view.scale, stage.height),
  };
}

function heldAlong(offset: number, length: number, available: number): number {
  if (length <= available) return (available - length) / 2;
  return Math.min(0, Math.max(available - length, offset));
}

/** A box of the source frame, in stage pixels. */
export function boxOnStage([x1, y1, x2, y2]: Box, view: Viewport): Rectangle {
  return {
    x: x1 * view.scale + view.x,
    y: y1 * view.scale + view.y,
    width: (x2 - x1) * view.scale,
    height: (y2 - y1) * view.scale,
  };
}
