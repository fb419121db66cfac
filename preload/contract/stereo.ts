import { z } from 'zod';
import type { Size } from './values.ts';

/** How the pictures of both eyes lie in one coded picture. The left eye's is the left one, or the upper one. */
export const StereoLayout = z.enum(['side-by-side', 'top-bottom']);
export type StereoLayout = z.infer<typeof StereoLayout>;

/** The eye of a stereo recording that is reviewed. */
export const StereoEye = z.object({
  layout: StereoLayout,
  eye: z.enum(['left', 'right']),
  /** Whether both pictures were squeezed to fit ("half" layouts), so that each must be stretched to its full shape again. */
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

/** Which eye's picture a frame shows, and where this lies in the coded picture before that is turned as the file asks. */
export const FrameEye = StereoEye.extend({ region: Region });
export type FrameEye = z.infer<typeof FrameEye>;

/**
 * Where an eye's picture lies in a coded one. Both eyes' pictures have the same size, so the middle line of a side of odd
 * length belongs to neither. A side of one pixel is not divided.
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

/** The shape (width to height) of an eye's pixels, from that of the coded picture's pixels. */
export function eyePixelAspect(
  [across, down]: readonly [number, number],
  { layout, squeezed }: StereoEye,
): readonly [number, number] {
  if (!squeezed) return [across, down];
  return layout === 'side-by-side' ? [across * 2, down] : [across, down * 2];
}

/** Whether both are the same eye, or both are none. */
export const isSameEye = (one: StereoEye | null | undefined, other: StereoEye | null | undefined): boolean =>
  one?.layout === other?.layout && one?.eye === other?.eye && one?.squeezed === other?.squeezed;

const layoutWords: Readonly<Record<StereoLayout, string>> = {
  'side-by-side': 'side by side',
  'top-bottom': 'top and bottom',
};

export const layoutInWords = (layout: StereoLayout): string => layoutWords[layout];

/** `left eye (side by side, half)`, or `whole picture` if no eye is chosen. */
export const eyeInWords = (eye: StereoEye | null | undefined): string =>
  eye ? `${eye.eye} eye (${layoutWords[eye.layout]}${eye.squeezed ? ', half' : ''})` : 'whole picture';

/** The warning to show if an answer is seen beside the picture of another eye than it is about; null if it is the same. */
export const anotherEye = (
  asked: StereoEye | null | undefined,
  shown: StereoEye | null | undefined,
): string | null =>
  isSameEye(asked, shown)
    ? null
    : `This answer is about the ${eyeInWords(asked)}; on show is the ${eyeInWords(shown)}.`;
