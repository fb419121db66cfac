const mebibyte = 2 ** 20;

/** `1.5 GB` from a gigabyte on, `640 MB` below; powers of 1,024. */
export function bytesInWords(bytes: number): string {
  return bytes >= 2 ** 30
    ? `${(Math.round((bytes / 2 ** 30) * 10) / 10).toFixed(1)} GB`
    : `${Math.round(bytes / mebibyte)} MB`;
}
