import { eyePixelAspect, eyeRegion, type Region, type StereoEye } from '../../preload/contract/stereo.ts';
import type { Box, Size } from '../../preload/contract/values.ts';

/**
 * How a decoded (*coded*) picture becomes the picture that people and models see (*displayed*): one eye's part of it cut out
 * where one is chosen, pixels made square, then
 * turned and mirrored as the file asks. The one place that decides it; stills, playing, models, boxes and exports follow.
 *
 * A frame's identity, its hash, is that of the coded picture, or of the eye's part of it. Boxes are in pixels of the displayed one.
 */
export interface Display {
  /** Width of a coded pixel over its height, as [numerator, denominator]. */
  readonly pixelAspect: readonly [number, number];
  readonly orientation: Orientation;
  /** The eye of a stereo recording that is wanted; the whole picture if it is missing. */
  readonly eye?: StereoEye | null | undefined;
}

/** The size and the pixels' shape of an eye's part of a coded picture; those of the picture itself where no eye is wanted. */
function ofEye(
  coded: Size,
  { pixelAspect, eye }: Display,
): { coded: Size; pixelAspect: Display['pixelAspect'] } {
  return eye
    ? { coded: eyeRegion(coded, eye), pixelAspect: eyePixelAspect(pixelAspect, eye) }
    : { coded, pixelAspect };
}

/** Cuts a part out of a picture. */
export function cutOut(picture: RgbPicture, { x, y, width, height }: Region): RgbPicture {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3;
    rgb.set(picture.rgb.subarray(from, from + width * 3), row * width * 3);
  }
  return { rgb, width, height };
}

/**
 * Where a picture's axes go: x' = xx * x + xy * y, y' = yx * x + yy * y, each -1, 0 or 1. Eight of them exist: four turns,
 * and those mirrored.
 */
export interface Orientation {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
}

export const upright: Orientation = { xx: 1, xy: 0, yx: 0, yy: 1 };

export function isUpright({ xx, yy }: Orientation): boolean {
  return xx === 1 && yy === 1;
}

/** Whether rows become columns. */
export function isCrossed({ xx }: Orientation): boolean {
  return xx === 0;
}

/** For people: 'upright', 'turned by 90°' (clockwise), 'mirrored', 'mirrored and turned by 90°'. */
export function orientationInWords(orientation: Orientation): string {
  const isMirrored = orientation.xx * orientation.yy - orientation.xy * orientation.yx < 0;
  // The picture is mirrored left to right first, and then turned.
  const turn = isMirrored ? { ...orientation, xx: -orientation.xx, yx: -orientation.yx } : orientation;
  const degrees = turn.xx === 1 ? 0 : turn.xx === -1 ? 180 : turn.yx === 1 ? 90 : 270;
  const words = [...(isMirrored ? ['mirrored'] : []), ...(degrees > 0 ? [`turned by ${degrees}°`] : [])];
  return words.length > 0 ? words.join(' and ') : 'upright';
}

/** Degrees clockwise, by which old files without a display matrix ask to be turned; upright for any but quarter turns. */
export function turned(degrees: number): Orientation {
  const quarter = (((degrees % 360) + 360) % 360) / 90;
  return (
    [
      upright,
      { xx: 0, xy: -1, yx: 1, yy: 0 },
      { xx: -1, xy: 0, yx: 0, yy: -1 },
      { xx: 0, xy: 1, yx: -1, yy: 0 },
    ][quarter] ?? upright
  );
}

/**
 * Reads a display matrix (ISO/IEC 14496-12, 8.3.2) as ffprobe prints it, in lines of three numbers. What is no quarter turn
 * and no mirror of one (any other angle, a shear) is left upright, as browsers do.
 */
export function orientationOf(matrix: string): Orientation {
  const values = matrix
    .split('\n')
    .map((line) => /^\s*\w+:\s+(-?\d+)\s+(-?\d+)\s+-?\d+\s*$/.exec(line))
    .filter((match) => match !== null)
    .flatMap((match) => [Number(match[1]), Number(match[2])]);
  const [a = 0, b = 0, c = 0, d = 0] = values;
  const largest = Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
  const unit = (value: number) => (Math.abs(value) * 50 < largest ? 0 : Math.sign(value));
  const [xx, yx, xy, yy] = [unit(a), unit(b), unit(c), unit(d)];
  const straight = xx !== 0 && yy !== 0 && xy === 0 && yx === 0;
  const crossed = xx === 0 && yy === 0 && xy !== 0 && yx !== 0;
  return straight || crossed ? { xx, xy, yx, yy } : upright;
}

/** A pixel shape beyond this is a mistake in the file, not a property of its picture. */
const longestPixel = 8;

/** A coded picture's size with square pixels, not yet turned: one side is lengthened, so that nothing seen is lost. */
function squaredSize({ width, height }: Size, [across, down]: Display['pixelAspect']): Size {
  const aspect = across / down;
  if (!(aspect <= longestPixel && aspect >= 1 / longestPixel)) return { width, height };
  return aspect >= 1
    ? { width: Math.round(width * aspect), height }
    : { width, height: Math.round(height / aspect) };
}

/** Whether the displayed picture is the coded one, pixel by pixel. */
export function isDisplayedAsCoded(coded: Size, display: Display): boolean {
  const { width, height } = squaredSize(coded, display.pixelAspect);
  return isUpright(display.orientation) && width === coded.width && height === coded.height;
}

export function displayedSize(whole: Size, display: Display): Size {
  const { coded, pixelAspect } = ofEye(whole, display);
  const { width, height } = squaredSize(coded, pixelAspect);
  return isCrossed(display.orientation) ? { width: height, height: width } : { width, height };
}

/** A box in pixels of the coded picture, as one in pixels of the displayed picture. */
export function boxAsDisplayed([x1, y1, x2, y2]: Box, coded: Size, display: Display): Box {
  const squared = squaredSize(coded, display.pixelAspect);
  const { xx, xy, yx, yy } = display.orientation;
  const place = (x: number, y: number): [number, number] => {
    const [across, down] = [(x * squared.width) / coded.width, (y * squared.height) / coded.height];
    return [
      xx * across + xy * down + (xx < 0 ? squared.width : 0) + (xy < 0 ? squared.height : 0),
      yx * across + yy * down + (yx < 0 ? squared.width : 0) + (yy < 0 ? squared.height : 0),
    ];
  };
  const [one, other] = [place(x1, y1), place(x2, y2)];
  return [
    Math.min(one[0], other[0]),
    Math.min(one[1], other[1]),
    Math.max(one[0], other[0]),
    Math.max(one[1], other[1]),
  ];
}

export interface RgbPicture extends Size {
  /** Rows from the top: [height, width, 3]. */
  readonly rgb: Uint8Array<ArrayBuffer>;
}

/** The picture as displayed; the very same bytes where nothing is to be done. An eye's part is cut out before. */
export function asDisplayed(coded: RgbPicture, display: Display): RgbPicture {
  const aspect = display.eye ? eyePixelAspect(display.pixelAspect, display.eye) : display.pixelAspect;
  return oriented(withSquarePixels(coded, aspect), display.orientation);
}

/**
 * Lengthens one side between the two nearest pixels, in integers (16 bits of fraction, rounded half up), so that the bytes
 * are the same on every machine.
 */
function withSquarePixels(picture: RgbPicture, aspect: Display['pixelAspect']): RgbPicture {
  const { width, height } = squaredSize(picture, aspect);
  if (width === picture.width && height === picture.height) return picture;
  const rgb = new Uint8Array(width * height * 3);
  const across = between(picture.width, width);
  const down = between(picture.height, height);
  const row = picture.width * 3;
  let out = 0;
  for (let y = 0; y < height; y++) {
    const top = (down.first[y] as number) * row;
    const below = (down.second[y] as number) * row - top;
    const share = down.share[y] as number;
    for (let x = 0; x < width; x++) {
      const left = top + (across.first[x] as number) * 3;
      const right = top + (across.second[x] as number) * 3;
      const part = across.share[x] as number;
      for (let channel = 0; channel < 3; channel++) {
        // Only one side becomes longer, so at most one of the two shares is not 0.
        const here = picture.rgb[left + channel] as number;
        const other = picture.rgb[(part ? right : left + below) + channel] as number;
        rgb[out++] = (here * 65_536 + (other - here) * (part || share) + 32_768) >>> 16;
      }
    }
  }
  return { rgb, width, height };
}

/** For each place on the longer side: the two places of the shorter one that it lies between, and how near the second. */
function between(from: number, to: number): { first: Uint32Array; second: Uint32Array; share: Uint32Array } {
  const [first, second, share] = [new Uint32Array(to), new Uint32Array(to), new Uint32Array(to)];
  for (let place = 0; place < to; place++) {
    const at = Math.min(from - 1, Math.max(0, ((place + 0.5) * from) / to - 0.5));
    first[place] = Math.floor(at);
    second[place] = Math.min(from - 1, Math.floor(at) + 1);
    share[place] = from === to ? 0 : Math.floor((at - Math.floor(at)) * 65_536);
  }
  return { first, second, share };
}

function oriented(picture: RgbPicture, { xx, xy, yx, yy }: Orientation): RgbPicture {
  if (xx === 1 && yy === 1) return picture;
  const { rgb: from, width, height } = picture;
  const crossed = xx === 0;
  const size = { width: crossed ? height : width, height: crossed ? width : height };
  // Steps in the coded picture for one pixel to the right, and one down, in the displayed one.
  const right = (xx + xy * width) * 3;
  const down = (yx + yy * width) * 3;
  const startX = xx < 0 || yx < 0 ? width - 1 : 0;
  const startY = xy < 0 || yy < 0 ? height - 1 : 0;
  const rgb = new Uint8Array(from.length);
  let out = 0;
  let row = (startY * width + startX) * 3;
  for (let y = 0; y < size.height; y++, row += down) {
    let at = row;
    for (let x = 0; x < size.width; x++, at += right) {
      rgb[out++] = from[at] as number;
      rgb[out++] = from[at + 1] as number;
      rgb[out++] = from[at + 2] as number;
    }
  }
  return { rgb, ...size };
}

/** ffmpeg's filters that turn and mirror as `oriented` does, each followed by a comma. */
export function orientationFilters({ xx, xy, yx, yy }: Orientation): string {
  if (xx !== 0) return `${xx < 0 ? 'hflip,' : ''}${yy < 0 ? 'vflip,' : ''}`;
  if (xy < 0) return yx < 0 ? 'transpose=clock_flip,' : 'transpose=clock,';
  return yx < 0 ? 'transpose=cclock,' : 'transpose=cclock_flip,';
}
