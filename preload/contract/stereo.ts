import { z } from 'zod';
import type { Size } from './values.ts';

/** How the pictures of both eyes lie in one coded picture. The left eye's is the left one, or the upper one. */
export const StereoLayout = z.enum(['side-by-side', 'top-bottom']);
export type StereoLayout = z.infer<typeof StereoLayout>;

/** The eye of a stereo recording that is reviewed. */
export const StereoEye = z.object({
  layout: StereoLayout,
  eye: z.enum(['left', 'right']),
  /** Both pictures were squeezed to fit ("half" side by side, "half" top and bottom): each is shown in its full shape again. */
  squeezed: z.boolean(),
});
export type StereoEye = z.infer<typeof StereoEye>;

/** A part of a coded picture, in its pixels. */
export const Region = z.object({
  x: z.int().min(0),
  y: z.int().min(0),
  width: z.int().positive(),
  height: z.int().positive(),
});
export type Region = z.infer<typeof Region>;

/** Which eye's picture a frame is, and where in the coded picture it lies, before that is turned as the file asks. */
export const FrameEye = StereoEye.extend({ region: Region });
export type FrameEye = z.infer<typeof FrameEye>;

/**
 * Where an eye's picture lies in a coded one. Both are of one size: where a side has an odd length, the line in its middle
 * belongs to neither. A side of one pixel is not divided.
 */
export function eyeRegion({ width, height }: Size, { layout, eye }: StereoEye): Region {
  const [across, down] = layout === 'side-by-side' ? [2, 1] : [1, 2];
  const size = {
    width: Math.max(1, Math.floor(width / across)),
    height: Math.max(1, Math.floor(height / down)),
  };
  const at = eye === 'left' ? { x: 0, y: 0 } : { x: width - size.width, y: height - size.height };
  return { ...at, ...size };
}

/** The shape of an eye's pixels, where that of the coded picture's is `aspect`, width over height. */
export function eyePixelAspect(
  [across, down]: readonly [number, number],
  { layout, squeezed }: StereoEye,
): readonly [number, number] {
  if (!squeezed) return [across, down];
  return layout === 'side-by-side' ? [across * 2, down] : [across, down * 2];
}

/** Whether both say the same eye, or both none. */
export const isSameEye = (one: StereoEye | null | undefined, other: StereoEye | null | undefined): boolean =>
  one?.layout === other?.layout && one?.eye === other?.eye && one?.squeezed === other?.squeezed;

const layoutWords: Readonly<Record<StereoLayout, string>> = {
  'side-by-side': 'side by side',
  'top-bottom': 'top and bottom',
};

export const layoutInWords = (layout: StereoLayout): string => layoutWords[layout];

/** `left eye (side by side, half)`; `whole picture` where no eye is chosen. */
export const eyeInWords = (eye: StereoEye | null | undefined): string =>
  eye ? `${eye.eye} eye (${layoutWords[eye.layout]}${eye.squeezed ? ', half' : ''})` : 'whole picture';

/** Said where an answer meets the picture of another eye than that it was asked about; null where it is the same one. */
export const anotherEye = (
  asked: StereoEye | null | undefined,
  shown: StereoEye | null | undefined,
): string | null =>
  isSameEye(asked, shown)
    ? null
    : `This answer is about the ${eyeInWords(asked)}; on show is the ${eyeInWords(shown)}.`;
