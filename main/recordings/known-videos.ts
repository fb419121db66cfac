import { resolve } from 'node:path';
import type { KnownVideo } from '../../preload/contract/domain.ts';
import { cases, mustExist, type Store } from '../store/index.ts';
import { fingerprintFile } from '../video/index.ts';
import { statFile } from '../files/index.ts';
import type { VideoLibrary } from './library.ts';

/**
 * Finds the video that a file is already known as: by the same content, or by content that the file begins with because
 * its recorder went on. Null if it is new. Throws `file-missing`, `file-unreadable`, and `cancelled` by the signal.
 */
export async function lookUpVideo(
  { store, library }: { store: Store; library: VideoLibrary },
  path: string,
  signal?: AbortSignal,
): Promise<KnownVideo | null> {
  const whole = resolve(path);
  await statFile(whole);
  const same = library.knownAsContent(await fingerprintFile(whole, signal), whole)[0];
  const known = same ?? (await library.grownAt(whole, signal))[0];
  if (known === undefined) return null;
  return {
    videoId: known.id,
    displayName: known.displayName,
    caseId: known.caseId,
    casePseudonym: mustExist(cases.findCase(store.database, known.caseId), 'case').pseudonym,
    inBin: cases.findPresentCase(store.database, known.caseId) === null,
    availability: await library.availability(known),
    here: known.path === whole,
    grown: same === undefined,
  };
}
