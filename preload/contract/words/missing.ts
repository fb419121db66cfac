import type { Video } from '../domain.ts';

/** Short words for a mark beside the picture. */
export const missingInBrief: Readonly<Record<NonNullable<Video['incomplete']>, string>> = {
  cut: 'end missing',
  growing: 'still recording',
  partial: 'part missing',
};

/** Tells what is missing of a recording; null if it is whole, or if that is not known yet. */
export function missingInWords(incomplete: Video['incomplete'], frames: number | null): string | null {
  if (incomplete === null) return null;
  const there = frames === null ? 'What is there' : `${frames} whole frames are here; what is there`;
  if (incomplete === 'partial') {
    return `A part of this recording is in a form that cannot be read, and its pictures are left out. ${there} can be reviewed.`;
  }
  return incomplete === 'cut'
    ? `The end of this recording is missing. ${there} can be reviewed.`
    : `This file is still being recorded. ${there} can be reviewed; open the file again for what has come since.`;
}
