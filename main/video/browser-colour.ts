import type { VideoProbe } from './probe.ts';

/** Primaries and transfer functions that Chromium shows as they are; others it converts, as stills are not. */
const plainPrimaries = new Set(['bt709', 'smpte170m', 'smpte240m']);
const plainTransfers = new Set(['bt709', 'smpte170m', 'smpte240m', 'iec61966-2-1']);

/**
 * Whether Chromium, playing a file itself, shows the colours of our stills. What it takes for the matrix was measured
 * (`test/e2e/video-picture.test.ts`): what the file says where matrix, primaries and transfer are all said; otherwise it
 * guesses from the height, for VP9 and AV1 always BT.601, and for VP9 it heeds a matrix that is said alone.
 */
export function browserShowsColours(probe: VideoProbe): boolean {
  const { matrix, primaries, transfer } = probe.colourTags;
  if (primaries && !plainPrimaries.has(primaries)) return false;
  if (transfer && !plainTransfers.has(transfer)) return false;
  return chromiumMatrix(probe, matrix, primaries && transfer ? matrix : null) === probe.colourMatrix;
}

function chromiumMatrix(probe: VideoProbe, said: string | null, saidInFull: string | null): string | null {
  const heeded = probe.codec === 'vp9' ? said : saidInFull;
  if (heeded)
    return heeded === 'bt709' ? 'bt709' : ['smpte170m', 'bt470bg'].includes(heeded) ? 'bt601' : null;
  if (probe.codec === 'vp9' || probe.codec === 'av1') return 'bt601';
  return probe.height < 720 ? 'bt601' : 'bt709';
}
