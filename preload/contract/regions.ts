import { isUnderWay, type Answer, type FrameIdentity } from './domain.ts';
import type { RegionWay } from './model.ts';
import type { Box, Size } from './values.ts';

/** The least width and height of a region to ask about, in source pixels, as a model recognizes nothing in less. */
export const leastRegionSide = 16;
/** How many times longer than its shorter side the longer side of a region may be. */
export const mostRegionRatio = 50;

type OfFrame = { readonly frame?: Pick<FrameIdentity, 'crop'> | null | undefined };

/** The region that an answer is about, in whole source pixels; null for one about the whole frame. */
export const regionOf = ({ frame }: OfFrame): Box | null => frame?.crop?.region ?? null;

/** How the model had the region of an answer; null for one about the whole frame, or one that no model has begun. */
export function regionGiven({ frame, status }: OfFrame & Pick<Answer, 'status'>): RegionWay | null {
  const crop = frame?.crop;
  if (!crop) return null;
  // Before there were two ways, nothing was stored, because every model was given the region alone.
  return crop.given ?? (isUnderWay(status) ? null : 'alone');
}

/** The region that takes the place of the whole frame: that of an answer whose model was given it alone. */
const inPlaceOfFrame = (answer: OfFrame): Box | null =>
  answer.frame?.crop?.given === 'beside' ? null : regionOf(answer);

export const sizeOfRegion = ([x1, y1, x2, y2]: Box): Size => ({ width: x2 - x1, height: y2 - y1 });

/** The picture to which the places in a model's words refer: a region that it had alone, or the whole frame. */
export function pictureGiven(answer: OfFrame, whole: Size): Size {
  const region = inPlaceOfFrame(answer);
  return region === null ? whole : sizeOfRegion(region);
}

/** Converts a box from the frame to the picture to which the places in the model's words refer; see {@link pictureGiven}. */
export function boxAsGiven(answer: OfFrame, box: Box | null): Box | null {
  const region = inPlaceOfFrame(answer);
  return box === null || region === null ? box : moved(box, -region[0], -region[1]);
}

/** Converts the boxes of a model that was given a region alone to the frame, because it gives them in the region's own pixels. */
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

/** What a region's way means to who reads the answer. */
export const regionMeanings: Readonly<Record<RegionWay, string>> = {
  alone:
    'The model was given this part of the frame alone: what its words say of places, they say of this part.',
  beside:
    'The model was given the whole frame, and a crop of this part beside it: places in its words, and its boxes, are those of the whole frame.',
};

/** `regionInWords` with what the model was given; the region alone of an answer that no model has begun. */
export function aboutRegionInWords(answer: OfFrame & Pick<Answer, 'status'>): string | null {
  const region = regionOf(answer);
  if (region === null) return null;
  const given = regionGiven(answer);
  return given === null ? regionInWords(region) : `${regionInWords(region)}. ${regionMeanings[given]}`;
}

/** Said of an answer whose every box lies beside the region that its question was about. */
export const besideTheRegion =
  'What was answered lies outside of the region that was asked about. The model saw the whole frame, too.';

/** Whether an answer places something, and nothing of it in the region. */
export function isOutside({ box, items }: Pick<Answer, 'box' | 'items'>, [x1, y1, x2, y2]: Box): boolean {
  const boxes = [box, ...items.map((item) => item.box)].filter((placed) => placed !== null);
  return boxes.length > 0 && boxes.every(([a1, b1, a2, b2]) => a1 >= x2 || a2 <= x1 || b1 >= y2 || b2 <= y1);
}
