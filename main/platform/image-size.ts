import { open } from 'node:fs/promises';
import type { Size } from '../../preload/contract/values.ts';

/** Whether a JPEG marker begins a frame header: SOF0 to SOF15 without the table markers between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/**
 * Reads the size of a PNG or JPEG file from its header, because decoding every picture of a data set would take minutes.
 * It is in pixels as stored, not turned by EXIF; null if the file is neither or is cut off.
 */
export async function imageSize(path: string): Promise<Size | null> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(24);
    const { bytesRead } = await file.read(head, 0, 24, 0);
    if (
      bytesRead === 24 &&
      head.readUInt32BE(0) === 0x89504e47 &&
      head.toString('latin1', 12, 16) === 'IHDR'
    ) {
      return positive(head.readUInt32BE(16), head.readUInt32BE(20));
    }
    if (bytesRead < 4 || head.readUInt16BE(0) !== 0xffd8) return null;
    const segment = Buffer.alloc(9);
    for (let at = 2; ;) {
      const { bytesRead: got } = await file.read(segment, 0, 9, at);
      if (got < 9 || segment[0] !== 0xff) return null;
      const marker = segment[1] ?? 0;
      if (marker === 0xff) {
        at += 1; // Fill byte before a marker.
        continue;
      }
      if (isFrameHeader(marker)) return positive(segment.readUInt16BE(7), segment.readUInt16BE(5));
      if (marker === 0xda || marker === 0xd9) return null;
      at += 2 + segment.readUInt16BE(2);
    }
  } finally {
    await file.close();
  }
}

function positive(width: number, height: number): Size | null {
  return width > 0 && height > 0 ? { width, height } : null;
}
