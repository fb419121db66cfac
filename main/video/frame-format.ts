import { planarBytes, planarFormat, type PlanarFormat } from './colour.ts';
import type { ColourMatrix, VideoProbe } from './probe.ts';

/** What a decoded frame's bytes mean. A recording may change it on the way: its size, its chroma, its range. */
export interface FrameFormat {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  readonly colourMatrix: ColourMatrix;
  readonly fullRange: boolean;
  /** Width of a pixel over its height, as [numerator, denominator]. */
  readonly pixelAspect: readonly [number, number];
}

/** A format and the first frame that has it; it holds until the next run's first frame. */
export interface FormatRun {
  readonly first: number;
  readonly format: FrameFormat;
}

/** The format that the file states for its pictures. */
export function statedFormat(probe: VideoProbe): FrameFormat {
  const { width, height, pixelFormat, colourMatrix, fullRange, pixelAspect } = probe;
  return { width, height, pixelFormat, colourMatrix, fullRange, pixelAspect };
}

/** The format of frame `index`. */
export function formatAt(table: { readonly formats: readonly FormatRun[] }, index: number): FrameFormat {
  const { formats } = table;
  let low = 0;
  for (let high = formats.length - 1; low < high;) {
    const middle = (low + high + 1) >> 1;
    if ((formats[middle] as FormatRun).first <= index) low = middle;
    else high = middle - 1;
  }
  return (formats[low] as FormatRun).format;
}

export function sameFormat(a: FrameFormat, b: FrameFormat): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.pixelFormat === b.pixelFormat &&
    a.colourMatrix === b.colourMatrix &&
    a.fullRange === b.fullRange &&
    sameShape(a.pixelAspect, b.pixelAspect)
  );
}

/** Whether two shapes of a pixel are one. */
export const sameShape = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] * b[1] === b[0] * a[1];

export interface RawLayout {
  /** Null where ffmpeg converts to RGB itself. */
  readonly planar: PlanarFormat | null;
  readonly bytes: number;
}

/**
 * How a frame leaves ffmpeg: as its own planes where our conversion reads those, else as RGB. Which of the two is decided
 * for a whole file, by the format that it states.
 */
export function rawLayout(probe: Pick<VideoProbe, 'pixelFormat'>, format: FrameFormat): RawLayout {
  const { width, height, pixelFormat } = format;
  const planar = planarFormat(probe.pixelFormat) ? planarFormat(pixelFormat) : null;
  return { planar, bytes: planar ? planarBytes(planar, width, height) : width * height * 3 };
}
