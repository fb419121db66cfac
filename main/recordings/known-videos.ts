import { resolve } from 'node:path';
import type { KnownVideo } from '../../preload/contract/domain.ts';
import { cases, mustExist, type Store } from '../store/index.ts';
import { fingerprintFile } from '../video/index.ts';
import { statFile } from '../files/index.ts';
import type { VideoLibrary } from './library.ts';

/**
 * Whether a file's content is that of a video which is here already, or begins with it. Throws `file-missing` or
 * `file-unreadable`, and `cancelled` where the signal ends it.
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
