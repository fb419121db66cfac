import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';

/** Which files of an EndoVis folder are read, and which image each label file is about. */

/** Something that was not read, or was read with a correction. */
export interface Skipped {
  /** Path below the data set's folder. */
  file: string;
  /** Line in a label file, counted from 1; null when the whole file is meant. */
  line: number | null;
  reason: string;
}

export interface ReadOptions {
  /** Numbers of the sequences to read; all when absent. A flat layout has none and is read whole. */
  sequences?: readonly number[];
  signal?: AbortSignal;
}

const IMAGE = new Set(['.png', '.jpg', '.jpeg', '.bmp']);
const SEQUENCE = /^seq(?:uence)?[_-]?(\d+)$/i;
const LABEL_FOLDER = /^vql?a$/i;
const DEPTH = 8;

/** The paths of a folder's text files and images. */
export interface Found {
  labels: string[];
  images: string[];
}

/** Finds the text files and images below a folder, in natural order. Throws what the system throws. */
export async function walk(folder: string, depth: number, found: Found): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < DEPTH) await walk(path, depth + 1, found);
    } else if (IMAGE.has(extname(entry.name).toLowerCase())) {
      found.images.push(path);
    } else if (extname(entry.name).toLowerCase() === '.txt') {
      found.labels.push(path);
    }
  }
}

/** A file of questions and answers about one picture. */
export interface LabelFile {
  path: string;
  /** Folder that holds `vqla` or `vqa`. */
  root: string;
  kind: 'vqla' | 'vqa';
  sequence: string | null;
}

/** A text file is a label file when it lies under a folder named vqla or vqa. */
function labelFile(path: string, top: string): LabelFile | null {
  const parts = relative(top, dirname(path)).split(sep);
  const at = parts.findLastIndex((part) => LABEL_FOLDER.test(part));
  const inside = LABEL_FOLDER.test(basename(top)) && at < 0;
  if (at < 0 && !inside) return null;
  const rootParts = inside ? [] : parts.slice(0, at);
  const name = inside ? basename(top) : (parts[at] ?? '');
  return {
    path,
    root: inside ? dirname(top) : join(top, ...rootParts),
    kind: name.toLowerCase() === 'vqla' ? 'vqla' : 'vqa',
    sequence: sequenceOf(join(top, ...rootParts)),
  };
}

/** The innermost sequence folder of a path. */
function sequenceOf(path: string): string | null {
  return path.split(sep).findLast((part) => SEQUENCE.test(part)) ?? null;
}

function sequenceNumber(sequence: string): number {
  return Number(SEQUENCE.exec(sequence)?.[1] ?? Number.NaN);
}

/** Names that the image of a label file may have, without their endings. */
export function stemsOf({ path }: LabelFile): string[] {
  const stem = basename(path, extname(path));
  return [stem, stem.split('_')[0] ?? stem];
}

/** Images by sequence and stem; the nearest to a label file is the one with the longest common path. */
export class ImageIndex {
  private readonly byKey = new Map<string, string[]>();

  constructor(images: readonly string[]) {
    for (const path of images) {
      const key = ImageIndex.key(sequenceOf(dirname(path)), basename(path, extname(path)));
      const paths = this.byKey.get(key);
      if (paths) paths.push(path);
      else this.byKey.set(key, [path]);
    }
  }

  private static key(sequence: string | null, stem: string): string {
    return `${sequence === null ? '' : sequenceNumber(sequence)}/${stem.toLowerCase()}`;
  }

  /** The image of a label file: EndoVis-17 names both alike, EndoVis-18 adds `_QAL` or the like to the image's name. */
  of(label: LabelFile): string | null {
    return (
      stemsOf(label)
        .map((stem) => this.find(label, stem))
        .find((path) => path !== null) ?? null
    );
  }

  private find(label: LabelFile, stem: string): string | null {
    const paths = this.byKey.get(ImageIndex.key(label.sequence, stem)) ?? [];
    const shared = (path: string): number => {
      const a = label.root.split(sep);
      const b = dirname(path).split(sep);
      let same = 0;
      while (same < a.length && a[same] === b[same]) same++;
      // The left camera's picture before any other of that name.
      return same * 2 + (basename(dirname(path)) === 'left_frames' ? 1 : 0);
    };
    return paths.reduce<string | null>(
      (best, path) => (best === null || shared(path) > shared(best) ? path : best),
      null,
    );
  }
}

/** Label files to read; where a sequence has files with boxes and without, those with boxes. */
export function usedLabels(
  folder: string,
  paths: readonly string[],
  options: ReadOptions,
  skipped: Skipped[],
): LabelFile[] {
  const skip = (path: string, reason: string): void => {
    skipped.push({ file: relative(folder, path), line: null, reason });
  };
  const labels = paths.flatMap((path) => {
    const label = labelFile(path, folder);
    if (label?.kind === 'vqa' && basename(dirname(path)).toLowerCase() === 'sentence') {
      skip(path, 'answers as sentences, not labels');
      return [];
    }
    return label ?? [];
  });
  const located = new Set(labels.filter((label) => label.kind === 'vqla').map((label) => label.root));
  const wanted = options.sequences && new Set(options.sequences);
  const used = labels.filter((label) => {
    if (wanted && label.sequence !== null && !wanted.has(sequenceNumber(label.sequence))) return false;
    if (label.kind === 'vqa' && located.has(label.root)) {
      skip(label.path, 'questions without boxes beside a vqla folder');
      return false;
    }
    return true;
  });
  const order = (label: LabelFile): number => (label.sequence === null ? 0 : sequenceNumber(label.sequence));
  return used.sort((a, b) => order(a) - order(b) || a.path.localeCompare(b.path, 'en', { numeric: true }));
}
