import { constants, crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type: string, data: Uint8Array): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, 'latin1');
  whole.set(data, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length);
  return whole;
}

/**
 * An opaque RGBA picture as an 8-bit RGB PNG. The canvas's own encoder tries every filter at a high level: on
 * these grainy pictures ten times the time (750 ms of a core at 1280x1024, against 70) for the same size.
 */
export function encodePng(pixels: Uint8ClampedArray, width: number, height: number): Buffer {
  const stride = 1 + width * 3;
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    let to = y * stride;
    let from = y * width * 4;
    // Filter 1: each byte less the one of the pixel to the left.
    rows[to++] = 1;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let x = 0; x < width; x++, from += 4, to += 3) {
      const r = pixels[from]!;
      const g = pixels[from + 1]!;
      const b = pixels[from + 2]!;
      rows[to] = r - red;
      rows[to + 1] = g - green;
      rows[to + 2] = b - blue;
      red = r;
      green = g;
      blue = b;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(rows, { level: 2, strategy: constants.Z_FILTERED });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array()),
  ]);
}
