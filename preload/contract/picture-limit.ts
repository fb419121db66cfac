import { WorkstationError } from './errors.ts';

/**
 * The most pixels of a picture that is decoded: 8192 x 4320, the largest size of cinema and surgical recorders. There must be
 * a limit, because each pixel takes some thirty bytes on the way to the screen, and a small file can claim any size.
 */
export const largestPicture = 8192 * 4320;

export const isTooLarge = (size: { width: number; height: number }): boolean =>
  size.width * size.height > largestPicture;

/** @param what such as "The picture of this video" */
export function pictureTooLarge(
  what: string,
  size: { width: number; height: number } | null,
): WorkstationError {
  const measured = size === null ? '' : ` of ${size.width} x ${size.height} pixels`;
  return new WorkstationError(
    'video-too-large',
    `${what}${measured} is larger than the workstation decodes (8192 x 4320, 35 million pixels).`,
    'Export it in a smaller size from the program that made it, then open that.',
  );
}
