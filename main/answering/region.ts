import type { Answer, FrameIdentity } from '../../preload/contract/domain.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { leastRegionSide, mostRegionRatio, regionOf } from '../../preload/contract/regions.ts';
import { anotherEye } from '../../preload/contract/stereo.ts';
import { Box, type Size } from '../../preload/contract/values.ts';
import type { DecodedFrame } from '../recordings/index.ts';
import { hashPicture } from '../video/index.ts';

/** A part of a frame as a picture of its own: RGB, 8 bits, rows from the top, with the hash that names its pixels. */
export interface Crop {
  readonly rgb: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly hash: string;
}

/**
 * A region as a person gave it, in whole pixels of the frame, widened to take in every pixel that it touches.
 *
 * @throws WorkstationError `invalid-input` for one that reaches out of the frame, is too small or too thin
 */
export function checkedRegion(
  corners: readonly [number, number, number, number],
  { width, height }: Size,
): Box {
  const [x1, y1, x2, y2] = [...corners.slice(0, 2).map(Math.floor), ...corners.slice(2).map(Math.ceil)] as [
    number,
    number,
    number,
    number,
  ];
  if (!(x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height)) {
    throw refusal(
      `The region reaches out of the frame, which is ${width} × ${height}: ${x1}, ${y1} to ${x2}, ${y2}.`,
      'Draw it within the frame.',
    );
  }
  const [shorter, longer] = [x2 - x1, y2 - y1].sort((one, other) => one - other) as [number, number];
  if (!(shorter >= leastRegionSide)) {
    throw refusal(
      `A region is ${leastRegionSide} pixels wide and high at least; this one is ${x2 - x1} × ${y2 - y1}.`,
      'Draw it larger, or ask about the whole frame.',
    );
  }
  if (longer > shorter * mostRegionRatio) {
    throw refusal(
      `A region is ${mostRegionRatio} times as long as it is wide at most; this one is ${x2 - x1} × ${y2 - y1}.`,
      'Draw it shorter or wider.',
    );
  }
  return Box.parse([x1, y1, x2, y2]);
}

/**
 * The region that another version of an answer is about: that of the one before, in the picture that is there now.
 *
 * @throws WorkstationError `invalid-input` where another eye is reviewed, or the picture is too small for it now
 */
export function regionAgain(before: Pick<Answer, 'frame'> | undefined, frame: DecodedFrame): Box | null {
  const region = before === undefined ? null : regionOf(before);
  if (before === undefined || region === null) return null;
  const other = anotherEye(before.frame?.eye, frame.eye);
  if (other === null) return checkedRegion(region, frame);
  throw refusal(
    `${other} Its region lies in the picture that it is about.`,
    'Choose that picture again, under the picture’s controls; or draw a region on this one and ask anew.',
  );
}

/** The pixels of a region, which lies within the frame in whole pixels. */
export function cropOf({ rgb, width }: Pick<DecodedFrame, 'rgb' | 'width'>, region: Box): Crop {
  const [x1, y1, x2, y2] = region;
  const size = { width: x2 - x1, height: y2 - y1 };
  const cut = new Uint8Array(size.width * size.height * 3);
  for (let row = 0; row < size.height; row += 1) {
    const from = ((y1 + row) * width + x1) * 3;
    cut.set(rgb.subarray(from, from + size.width * 3), row * size.width * 3);
  }
  return { rgb: cut, ...size, hash: hashPicture(cut, size.width, size.height) };
}

/** What an answer stores of its region; nothing if it is about the whole frame. */
export const cropFact = (frame: DecodedFrame, region: Box | null): Pick<FrameIdentity, 'crop'> =>
  region === null ? {} : { crop: { region, hash: cropOf(frame, region).hash } };

const refusal = (message: string, hint: string): WorkstationError =>
  new WorkstationError('invalid-input', message, hint);
