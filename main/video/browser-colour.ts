import type { VideoProbe } from './probe.ts';

/** Primaries and transfer functions that Chromium shows unchanged, as our stills do. It converts all others. */
const plainPrimaries = new Set(['bt709', 'smpte170m', 'smpte240m']);
const plainTransfers = new Set(['bt709', 'smpte170m', 'smpte240m', 'iec61966-2-1']);

/**
 * Whether Chromium shows the same colours as our stills when it plays a file itself. Which matrix it uses was measured
 * (`test/e2e/video-picture.test.ts`): the file's, if the file states matrix, primaries and transfer function. Otherwise it
 * guesses by the height, uses BT.601 for VP9 and AV1, and for VP9 follows a matrix that is stated alone.
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
