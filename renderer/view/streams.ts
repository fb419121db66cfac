import type { PictureStream } from '../../preload/contract/index.ts';

/** One picture stream of several, as a list of choices shows it. */
export function streamInWords({ index, title, width, height, isDefault }: PictureStream): string {
  const size = width > 0 && height > 0 ? ` · ${width} x ${height}` : '';
  return `${title ?? `Stream ${index}`}${size}${isDefault ? ' · default' : ''}`;
}
