/**
 * What a build of ffmpeg or ffprobe says of itself. Three kinds are met: releases (`7.0.2-static`, `n7.1.5`), releases that
 * a distribution keeps (`5.1.9-0+deb12u1`: its security team brings fixes into them, whatever the number), and snapshots of
 * the development branch (`N-47683-g0e8eb07980-static`), whose count depends on how the source was fetched and tells
 * nothing. The last year of the copyright line is in all of them, and is brought up to date with every release.
 */
export interface ToolVersion {
  /** As the program says it. */
  readonly text: string;
  /** Null for a snapshot. */
  readonly release: readonly [major: number, minor: number, patch: number] | null;
  /** Whether a distribution keeps it. */
  readonly kept: boolean;
  /** Of the newest changes in it. */
  readonly year: number;
  /** Of libavcodec, which only grows: what orders snapshots and releases of one year. */
  readonly codecs: readonly [major: number, minor: number, micro: number];
  /** Built with parts whose licences forbid passing it on. */
  readonly nonfree: boolean;
}

/** Reads the output of `ffmpeg -version` or `ffprobe -version`; null where it is another program's. */
export function readToolVersion(program: string, output: string): ToolVersion | null {
  const text = new RegExp(`^${program} version (\\S+)`).exec(output)?.[1];
  if (text === undefined) return null;
  const release = /^n?(\d+)\.(\d+)(?:\.(\d+))?(?!\d)/.exec(text);
  const years = [...(output.split('\n', 1)[0] ?? '').matchAll(/\b(?:19|20)\d\d\b/g)].map(Number);
  const codecs = /^\s*libavcodec\s+(\d+)\.\s*(\d+)\.\s*(\d+)/m.exec(output);
  return {
    text,
    release: release ? [Number(release[1]), Number(release[2]), Number(release[3] ?? 0)] : null,
    kept: /^\d[\d.]*-\d+(\+|~|ubuntu|\.|$)/.test(text),
    year: Math.max(0, ...years),
    codecs: codecs ? [Number(codecs[1]), Number(codecs[2]), Number(codecs[3])] : [0, 0, 0],
    nonfree: output.includes('--enable-nonfree'),
  };
}

/**
 * The first release of each branch with the fixes of 2026 (21 faults told of in June, and CVE-2026-8461, by which a video
 * writes outside its memory). Branches that are not listed get no fixes any more; those after the last one have them.
 */
const firstSound: Readonly<Record<string, number>> = {
  '4.4': 8,
  '5.1': 10,
  '6.1': 6,
  '7.1': 5,
  '8.0': 3,
  '8.1': 2,
};
const soundFrom = 9;
/**
 * A distribution brings fixes into a release without changing its number. That it still does is seen where it took a release
 * of the last years; an older one is judged by its number, like anybody's.
 */
const keptSince = 2025;

/** Whether a build is known to have holes that a prepared video can use. */
export function hasKnownHoles({ release, kept, year }: ToolVersion): boolean {
  if (release === null) return year < 2026;
  const [major, minor, patch] = release;
  if (kept && year >= keptSince) return false;
  if (major >= soundFrom) return false;
  const sound = firstSound[`${major}.${minor}`];
  return sound === undefined || patch < sound;
}

/** What is older is not put into a package: too many fixes are missing, and too much that is decoded otherwise today. */
export const isTooOldToPack = ({ year }: ToolVersion): boolean => year < 2023;

/**
 * Negative where `b` is the newer one. The newest fixes count first, since a branch that is kept (5.1.9 of 2026) has fixes
 * that a higher number without care (7.0.2 of 2024) lacks.
 */
export function compareToolVersions(a: ToolVersion, b: ToolVersion): number {
  const order = (version: ToolVersion): readonly number[] => [
    version.year,
    ...version.codecs,
    ...(version.release ?? []),
  ];
  const [of, against] = [order(a), order(b)];
  for (let at = 0; at < Math.max(of.length, against.length); at += 1) {
    const difference = (of[at] ?? 0) - (against[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `5.1.9`, or of a snapshot `of 2018`. */
export function shortVersion({ release, year }: ToolVersion): string {
  return release === null ? `of ${year}` : release.join('.').replace(/\.0$/, '');
}
