/** A picture on its way from the page to the test: as one text, since a million numbers take seconds. */
export interface CarriedPicture {
  readonly base64: string;
  readonly width: number;
  readonly height: number;
}

/** The picture in red, green and blue, from what {@link carryCanvas} returned. */
export function unpacked({ base64, width, height }: CarriedPicture): {
  rgb: Uint8Array;
  width: number;
  height: number;
} {
  const rgba = Buffer.from(base64, 'base64');
  return { rgb: Uint8Array.from(rgba.filter((_, at) => at % 4 < 3)), width, height };
}

/** Runs in the page: it may name nothing from outside itself. */
export function carryCanvas(canvas: HTMLCanvasElement): CarriedPicture {
  const { width, height } = canvas;
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
  const chunk = 32_768;
  let binary = '';
  for (let at = 0; at < pixels.length; at += chunk) {
    binary += String.fromCharCode(...pixels.subarray(at, at + chunk));
  }
  return { base64: btoa(binary), width, height };
}
