import type { RegionWay } from '../../../preload/contract/model.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import type { EngineFrame, EngineRegion } from '../messages.ts';

/** What a model is shown for one question. */
export interface AskedPictures {
  /** The picture to which its boxes refer: the whole frame, or a region alone. */
  readonly frame: EngineFrame;
  /** The region as a second picture; null without one. */
  readonly crop: EngineRegion | null;
  /** The region, however the model has it. */
  readonly region: { readonly box: Box; readonly given: RegionWay } | null;
}

export function askedPictures(
  { frame, region }: { readonly frame: EngineFrame; readonly region?: EngineRegion | undefined },
  way: RegionWay,
): AskedPictures {
  if (region === undefined) return { frame, crop: null, region: null };
  const { region: box, ...picture } = region;
  return way === 'alone'
    ? { frame: picture, crop: null, region: { box, given: way } }
    : { frame, crop: region, region: { box, given: way } };
}

export interface PicturesSeen {
  readonly frame: Size;
  /** The frame's size as the model sees it. */
  readonly resized: Size;
  readonly space: 'resized-pixels' | 'normalized-1000';
}

/**
 * A question about a region with the words that say what the second picture is. The region's corners are in the units in which
 * the model gives boxes, and it is told that those are of the first picture, since nothing in a box tells of which it is.
 */
export function wordsBeside(question: string, region: Box, { frame, resized, space }: PicturesSeen): string {
  const { width, height } = space === 'normalized-1000' ? { width: 1000, height: 1000 } : resized;
  const corners = region.map((edge, index) =>
    Math.round(index % 2 === 0 ? (edge * width) / frame.width : (edge * height) / frame.height),
  );
  return (
    `The first picture is the whole frame. The second picture shows a part of it, [${corners.join(', ')}] of the first, more closely. ` +
    `The question is about this part; give every box in the first picture. ${question}`
  );
}
