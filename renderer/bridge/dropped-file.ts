import {
  edgesOf,
  samplesOf,
  type DroppedDescription,
  type FileSample,
} from '../../preload/contract/index.ts';

/**
 * Describes a file by bytes of it, drawn anew each time. Throws where the browser cannot read it (any more): its disk went,
 * or its content changed since it was dropped.
 */
export async function describeFile(file: File): Promise<DroppedDescription> {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return {
    name: file.name,
    size: file.size,
    seed,
    edges: await digestOf(file, edgesOf(file.size)),
    samples: await digestOf(file, samplesOf(file.size, seed)),
  };
}

async function digestOf(file: File, samples: readonly FileSample[]): Promise<string> {
  const parts = samples.map(({ start, length }) => file.slice(start, start + length));
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
