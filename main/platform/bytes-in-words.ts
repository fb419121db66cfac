const mebibyte = 2 ** 20;

/** Bytes as `640 MB` or, from a gigabyte on, `1.5 GB`; both count in powers of 1,024. */
export function bytesInWords(bytes: number): string {
  return bytes >= 2 ** 30
    ? `${(Math.round((bytes / 2 ** 30) * 10) / 10).toFixed(1)} GB`
    : `${Math.round(bytes / mebibyte)} MB`;
}
