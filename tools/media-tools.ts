import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchFfmpeg } from '../main/hosts/fetch-ffmpeg.ts';
import { ffmpegRelease, ffmpegReleases, packedHashes } from '../main/hosts/ffmpeg-builds.ts';
import {
  hasKnownHoles,
  isTooOldToPack,
  readToolVersion,
  type ToolVersion,
} from '../main/video/ffmpeg-version.ts';
import { readProcess } from '../main/video/process.ts';
import { FrameIndex } from '../preload/contract/values.ts';

/**
 * ffmpeg and ffprobe for a package: they are brought to `dist/media-tools`, looked at, tried, and laid there with their
 * licence and the offer of their source. electron-builder calls this before it packs (`beforePack`).
 */
const repository = resolve(import.meta.dirname, '..');
export const stagedTools = join(repository, 'dist', 'media-tools');
export const programs = ['ffmpeg', 'ffprobe'] as const;

/** Frame 180 of the bundled clip, as every sound decoder gives it. */
const clip = join(repository, 'resources', 'clip', 'demo.mp4');
export const clipFrame = {
  index: 180,
  hash: '399f67ef73c001ac468412281f3cbfcbd1dc39a926e62bb572b0c2b9cf4d4895',
};

/** Why a program may not be put into a package; null where it may. */
export function refuseToPack(name: string, version: ToolVersion | null, program: Uint8Array): string | null {
  if (version === null) return `${name} does not run, or is another program.`;
  if (isTooOldToPack(version))
    return `${name} ${version.text} is of ${version.year}: too old to be passed on.`;
  if (version.nonfree)
    return `${name} ${version.text} was built with parts that forbid passing it on (--enable-nonfree).`;
  if (/libavcodec\.(so|\d+\.dylib)|avcodec-\d+\.dll/.test(Buffer.from(program).toString('latin1'))) {
    return `${name} ${version.text} needs this system's own libraries, which other machines lack; a static build is needed.`;
  }
  return null;
}

interface Target {
  platform: string;
  architecture: string;
}

/** Brings the programs to the staging folder: the ones that are named, else those of the pinned release. */
async function bring({ platform, architecture }: Target): Promise<void> {
  rmSync(stagedTools, { recursive: true, force: true });
  mkdirSync(stagedTools, { recursive: true });
  const named = [process.env['FFMPEG_BIN'], process.env['FFPROBE_BIN']];
  if (named.every((path) => path !== undefined && path !== '')) {
    programs.forEach((program, at) =>
      copyFileSync(named[at]!, join(stagedTools, fileName(program, platform))),
    );
    return;
  }
  const fetched = await fetchFfmpeg({ folder: stagedTools, platform, architecture });
  const missing = fetched.find(({ path }) => path === null);
  if (missing) {
    throw new Error(
      `${missing.program} for ${platform} ${architecture} could not be fetched: ${missing.reason ?? ''}.\n` +
        'Package on a machine with a network, or name static programs of 2023 or later by FFMPEG_BIN and FFPROBE_BIN.',
    );
  }
}

const fileName = (program: string, platform: string) => program + (platform === 'win32' ? '.exe' : '');

/** Runs what can run here: a program for another system is known by its hash alone. */
async function check({ platform, architecture }: Target): Promise<string[]> {
  const versions: string[] = [];
  for (const program of programs) {
    const path = join(stagedTools, fileName(program, platform));
    chmodSync(path, 0o755);
    if (platform !== process.platform || architecture !== process.arch) {
      versions.push(`${program} of ${ffmpegRelease}, not run here`);
      continue;
    }
    const { exitCode, output } = await readProcess(path, ['-version']).catch(() => ({
      exitCode: 1,
      output: '',
    }));
    const version = exitCode === 0 ? readToolVersion(program, output) : null;
    const refusal = refuseToPack(program, version, readFileSync(path));
    if (refusal !== null) {
      throw new Error(`${refusal}\nName static programs of 2023 or later by FFMPEG_BIN and FFPROBE_BIN.`);
    }
    if (version !== null && hasKnownHoles(version)) {
      process.stderr.write(
        `Warning: ${program} ${version.text} lacks fixes of known security holes; the window will say so.\n`,
      );
    }
    versions.push(`${program} ${version?.text ?? ''}`);
  }
  if (platform === process.platform && architecture === process.arch) await decodeClip(platform);
  return versions;
}

/** What is packed is what is tried: the bundled clip's frame must come out to the last bit. */
async function decodeClip(platform: string): Promise<void> {
  process.env['FFMPEG_BIN'] = join(stagedTools, fileName('ffmpeg', platform));
  process.env['FFPROBE_BIN'] = join(stagedTools, fileName('ffprobe', platform));
  const { openVideo } = await import('../main/video/index.ts');
  const video = await openVideo(clip);
  try {
    await video.buildIndex();
    const { hash } = await video.frame(FrameIndex.parse(clipFrame.index));
    if (hash !== clipFrame.hash)
      throw new Error('The ffmpeg to be packed decodes the bundled clip otherwise than it should.');
  } finally {
    video.dispose();
  }
}

/** Licence, offer of source and origin, beside the programs. */
export function writePapers(
  { platform, architecture }: Target,
  versions: readonly string[],
  folder = stagedTools,
): void {
  copyFileSync(join(repository, 'node_modules', 'ffmpeg-static', 'LICENSE'), join(folder, 'GPL-3.0.txt'));
  const files = programs
    .map((program) => join(folder, fileName(program, platform)))
    .filter((path) => existsSync(path));
  const lines = files.map((path) => {
    const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    return `- ${path.slice(folder.length + 1)}: SHA-256 ${hash}`;
  });
  writeFileSync(join(folder, 'SOURCE-OFFER.md'), sourceOffer(versions, lines, { platform, architecture }));
}

/** The written offer that the GNU General Public License asks for with programs that are passed on without their source. */
export function sourceOffer(
  versions: readonly string[],
  files: readonly string[],
  { platform, architecture }: Target,
): string {
  const builds = programs.map((program) => {
    const name = `${program}-${platform}-${architecture}`;
    return `- ${ffmpegReleases}/${ffmpegRelease}/${name}.gz (SHA-256 ${packedHashes[name] ?? 'not pinned'})`;
  });
  return `# ffmpeg and ffprobe

These two programs (${versions.join(', ')}) are part of FFmpeg, https://ffmpeg.org. They are under the GNU General Public
License, version 3 or later (GPL-3.0.txt), and so are the libraries in them, among them x264 and x265. They are programs of
their own: the workstation starts them and is not linked with them. You may replace them by others, or name others by
FFMPEG_BIN and FFPROBE_BIN.

${files.join('\n')}

Unless the packager named others, they are those of
${builds.join('\n')}
whose builders publish how they were built: https://johnvansickle.com/ffmpeg/ (Linux), https://www.gyan.dev/ffmpeg/builds/
(Windows), https://evermeet.cx/ffmpeg/ and https://osxexperts.net (macOS).

## Offer of source

For three years from the day on which you got this package, whoever gave it to you will give you, on request and for no more
than the cost of doing so, the complete corresponding source of these two programs and of the libraries in them, on a medium
that is customary for exchanging software. Ask at the address from which you got the package. FFmpeg's source of every version
is also at https://ffmpeg.org/releases/ and https://git.ffmpeg.org/ffmpeg.git.
`;
}

/** Of electron-builder's context, what is used. Its architectures are numbers. */
interface PackContext {
  electronPlatformName: string;
  arch: number;
}
const architectures = ['ia32', 'x64', 'armv7l', 'arm64', 'universal'];

export default async function beforePack({
  electronPlatformName: platform,
  arch,
}: PackContext): Promise<void> {
  const target = { platform, architecture: architectures[arch] ?? 'x64' };
  try {
    await bring(target);
    const versions = await check(target);
    writePapers(target, versions);
  } catch (error) {
    // Nothing that was refused lies where a package is made from.
    rmSync(stagedTools, { recursive: true, force: true });
    throw error;
  }
}
