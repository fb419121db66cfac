import type { ModelManifest } from './model.ts';
import type { Box, Size } from './values.ts';

/**
 * The units of a model's box coordinates.
 * - `resized-pixels`: pixels of the image after the model's own resize (Qwen2.5-VL).
 * - `normalized-1000`: 0..1000 over each side (Qwen2-VL, Qwen3-VL).
 */
export type CoordinateSpace = ModelManifest['coordinateSpace'];

/** What is needed to convert between the model's coordinates and the source frame. Sizes are in pixels. */
export interface BoxMapping {
  readonly space: CoordinateSpace;
  /** Size of the image after the model's resize. */
  readonly resized: Size;
  /** Size of the source frame. */
  readonly source: Size;
}

/** Four numbers as a model writes them; nothing is promised about their order or range. */
export type Corners = readonly [number, number, number, number];

export type Quadrant = 'left-top' | 'right-top' | 'left-bottom' | 'right-bottom';

/** The size of the model's coordinate space, in the model's own units. */
function modelExtent(mapping: BoxMapping): Size {
  return mapping.space === 'normalized-1000' ? { width: 1000, height: 1000 } : mapping.resized;
}

/** Converts model coordinates to pixels of the source frame. It neither clamps nor orders them. */
export function modelBoxToSource(corners: Corners, mapping: BoxMapping): [number, number, number, number] {
  const extent = modelExtent(mapping);
  const x = mapping.source.width / extent.width;
  const y = mapping.source.height / extent.height;
  return [corners[0] * x, corners[1] * y, corners[2] * x, corners[3] * y];
}

/**
 * Converts back, as the inverse of {@link modelBoxToSource}, and rounds to multiples of `step` model units. A model that was
 * trained on coarse coordinates declares a step above 1; 0 leaves the numbers as they are.
 */
export function sourceBoxToModel(
  corners: Corners,
  mapping: BoxMapping,
  step: number,
): [number, number, number, number] {
  const extent = modelExtent(mapping);
  const x = extent.width / mapping.source.width;
  const y = extent.height / mapping.source.height;
  const round = (value: number): number => (step > 0 ? Math.round(value / step) * step : value);
  return [round(corners[0] * x), round(corners[1] * y), round(corners[2] * x), round(corners[3] * y)];
}

/** The part of the box inside the frame; null if it has no area. */
export function clampBox(corners: Corners, size: Size): Box | null {
  const limit = (value: number, maximum: number): number => Math.min(Math.max(value, 0), maximum);
  const x1 = limit(corners[0], size.width);
  const y1 = limit(corners[1], size.height);
  const x2 = limit(corners[2], size.width);
  const y2 = limit(corners[3], size.height);
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null;
}

/** Area in square pixels; 0 for a degenerate or inverted box. */
export function boxArea(box: Corners): number {
  return Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
}

/** True intersection over union on continuous coordinates, 0..1; 0 when both boxes are empty. */
export function iou(first: Corners, second: Corners): number {
  const overlap = boxArea([
    Math.max(first[0], second[0]),
    Math.max(first[1], second[1]),
    Math.min(first[2], second[2]),
    Math.min(first[3], second[3]),
  ]);
  const union = boxArea(first) + boxArea(second) - overlap;
  return union > 0 ? overlap / union : 0;
}

/**
 * The quadrant of the frame that holds the centre of the box, as the EndoVis-VQLA labels call it. A centre exactly on a
 * middle line belongs to the right or the bottom.
 */
export function quadrantOf(box: Corners, size: Size): Quadrant {
  const side = (box[0] + box[2]) / 2 < size.width / 2 ? 'left' : 'right';
  return (box[1] + box[3]) / 2 < size.height / 2 ? `${side}-top` : `${side}-bottom`;
}
