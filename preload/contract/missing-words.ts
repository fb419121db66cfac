import type { Video } from './domain.ts';

/** What of a recording is missing, in words; null where it is whole or where that is not known yet. */
export function missingInWords(incomplete: Video['incomplete'], frames: number | null): string | null {
  if (incomplete === null) return null;
  const there = frames === null ? 'What is there' : `${frames} whole frames are here; what is there`;
  return incomplete === 'cut'
    ? `The end of this recording is missing. ${there} can be reviewed.`
    : `This file is still being recorded. ${there} can be reviewed; open the file again for what has come since.`;
}
