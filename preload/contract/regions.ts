import type { Answer, FrameIdentity } from './domain.ts';
import type { Box, Size } from './values.ts';

/** The least width and height of a region to ask about, in source pixels, as a model recognizes nothing in less. */
export const leastRegionSide = 16;
/** How many times longer than its shorter side the longer side of a region may be. */
export const mostRegionRatio = 50;

type OfFrame = { readonly frame?: Pick<FrameIdentity, 'crop'> | null | undefined };

/** The region that an answer is about, in whole source pixels; null for one about the whole frame. */
export const regionOf = ({ frame }: OfFrame): Box | null => frame?.crop?.region ?? null;

/** The picture that the model was given: a region alone, or the whole frame of the size `whole`. */
export function pictureGiven(answer: OfFrame, whole: Size): Size {
  const region = regionOf(answer);
  return region === null ? whole : { width: region[2] - region[0], height: region[3] - region[1] };
}

/** Converts a box from the frame to the picture that the model was given, to which the places in its words refer. */
export function boxAsGiven(answer: OfFrame, box: Box | null): Box | null {
  const region = regionOf(answer);
  return box === null || region === null ? box : moved(box, -region[0], -region[1]);
}

/** Converts the boxes of an answer about a region to the frame, because the model gives them in the region's own pixels. */
export function inFrame<Placed extends Pick<Answer, 'box' | 'items'>>(said: Placed, [x, y]: Box): Placed {
  const place = (box: Box | null): Box | null => box && moved(box, x, y);
  return {
    ...said,
    box: place(said.box),
    items: said.items.map((item) => ({ ...item, box: place(item.box) })),
  };
}

const moved = ([x1, y1, x2, y2]: Box, x: number, y: number): Box => [x1 + x, y1 + y, x2 + x, y2 + y];

/** "About the region 120, 80 to 240, 190 (120 × 110)", to be shown with an answer. */
export const regionInWords = ([x1, y1, x2, y2]: Box): string =>
  `About the region ${x1}, ${y1} to ${x2}, ${y2} (${x2 - x1} × ${y2 - y1})`;

export const regionMeaning =
  'The model was given this part of the frame alone: what its words say of places, they say of this part.';
