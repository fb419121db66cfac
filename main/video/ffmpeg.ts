import { accessSync, chmodSync, constants, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import {
  compareToolVersions,
  hasKnownHoles,
  readToolVersion,
  shortVersion,
  type ToolVersion,
} from './ffmpeg-version.ts';
import { silentLog, type Log } from '../platform/log.ts';
import { readProcess } from './process.ts';

/** Where a program was found. */
export type ToolOrigin =
  'environment' | 'package' | 'ffmpeg-static' | 'ffmpeg-installer' | 'beside-ffmpeg' | 'system';

export interface MediaTool {
  readonly path: string;
  readonly origin: ToolOrigin;
  /** As the program says it, such as `5.1.9-0+deb12u1` or `N-47683-g0e8eb07980-static`. */
  readonly version: string;
  readonly details: ToolVersion;
}

/** The ffmpeg and ffprobe in use, and what differs between their versions. */
export interface MediaTools {
  readonly ffmpeg: MediaTool;
  readonly ffprobe: MediaTool;
  /** Options that pass every decoded frame on, once, with its own time: `-vsync` left ffmpeg when `-fps_mode` came. */
  readonly everyFrame: readonly string[];
  readonly encoders: ReadonlySet<string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface FindOptions {
  readonly environment?: Environment;
  readonly log?: Log;
}

const executableSuffix = process.platform === 'win32' ? '.exe' : '';
const require = createRequire(import.meta.url);
const found = new Map<string, Promise<MediaTools>>();

/**
 * Finds ffmpeg and ffprobe: what `FFMPEG_BIN` and `FFPROBE_BIN` name, else the newest of what is there, which may have been
 * fetched into ffmpeg-static's folder, come with @ffmpeg-installer and @ffprobe-installer, or be the system's. The ffprobe
 * that lies beside the chosen ffmpeg goes before others. Throws `ffmpeg-missing` saying what was tried. The answer is kept
 * for as long as the environment names the same programs.
 */
export function findMediaTools(options: FindOptions = {}): Promise<MediaTools> {
  const environment = options.environment ?? process.env;
  const key = [environment['FFMPEG_BIN'], environment['FFPROBE_BIN'], environment['PATH']].join('\n');
  let tools = found.get(key);
  if (!tools) {
    tools = lookForMediaTools(environment, options.log ?? silentLog);
    found.set(key, tools);
    // A failure is not remembered, because a person may install ffmpeg and try again.
    tools.catch(() => found.delete(key));
  }
  return tools;
}

/** Makes the next call look again, because a program was fetched. */
export function forgetMediaTools(): void {
  found.clear();
}

async function lookForMediaTools(environment: Environment, log: Log): Promise<MediaTools> {
  const ffmpeg = await chooseFfmpeg(environment, log);
  const ffprobe = await chooseFfprobe(environment, ffmpeg, log);
  const [help, encoders] = await Promise.all([
    readProcess(ffmpeg.path, ['-hide_banner', '-h', 'long'], { log }),
    readProcess(ffmpeg.path, ['-hide_banner', '-encoders'], { log }),
  ]);
  log.info('Media tools found', {
    ffmpeg: ffmpeg.version,
    ffmpegFrom: ffmpeg.origin,
    ffprobe: ffprobe.version,
    ffprobeFrom: ffprobe.origin,
  });
  return {
    ffmpeg,
    ffprobe,
    everyFrame: /^-fps_mode\b/m.test(help.output) ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'],
    encoders: parseEncoders(encoders.output),
  };
}

/** Names in the second column of `ffmpeg -encoders`. */
export function parseEncoders(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const match = /^ [VAS][A-Z.]{5} (\S+)/.exec(line);
    if (match?.[1] && match[1] !== '=') names.add(match[1]);
  }
  return names;
}

interface Candidate {
  readonly path: string;
  readonly origin: ToolOrigin;
}

async function chooseFfmpeg(environment: Environment, log: Log): Promise<MediaTool> {
  const named = environment['FFMPEG_BIN'];
  const candidates: Candidate[] = named
    ? [{ path: named, origin: 'environment' }]
    : [
        ...broughtAlong('ffmpeg'),
        ...packaged('ffmpeg-static', 'ffmpeg-static'),
        ...packaged('@ffmpeg-installer/ffmpeg', 'ffmpeg-installer'),
        ...onSystemPath('ffmpeg', environment),
      ];
  return newest(await thoseThatRun('ffmpeg', candidates, log)) ?? refuse('ffmpeg', Boolean(named));
}

async function chooseFfprobe(environment: Environment, ffmpeg: MediaTool, log: Log): Promise<MediaTool> {
  const named = environment['FFPROBE_BIN'];
  if (named) {
    const candidate: Candidate = { path: named, origin: 'environment' };
    return newest(await thoseThatRun('ffprobe', [candidate], log)) ?? refuse('ffprobe', true);
  }
  const beside: Candidate = {
    path: join(dirname(ffmpeg.path), `ffprobe${executableSuffix}`),
    origin: 'beside-ffmpeg',
  };
  const [matching] = await thoseThatRun('ffprobe', [beside], log);
  if (matching) return matching;
  const others = [
    ...packaged('ffmpeg-static', 'ffmpeg-static').map(({ path, origin }) => ({
      path: join(dirname(path), `ffprobe${executableSuffix}`),
      origin,
    })),
    ...packaged('@ffprobe-installer/ffprobe', 'ffmpeg-installer'),
    ...onSystemPath('ffprobe', environment),
  ];
  return newest(await thoseThatRun('ffprobe', others, log)) ?? refuse('ffprobe', false);
}

/** Those without known holes first, then the newest; of like ones the first. */
function newest(tools: readonly MediaTool[]): MediaTool | undefined {
  return [...tools].sort(
    ({ details: a }, { details: b }) =>
      Number(hasKnownHoles(a)) - Number(hasKnownHoles(b)) || compareToolVersions(b, a),
  )[0];
}

/** What a package of the workstation brings along, beside its archive; there is no such folder in a checkout. */
function broughtAlong(program: string): Candidate[] {
  const { resourcesPath } = process as { resourcesPath?: string };
  if (resourcesPath === undefined) return [];
  return [{ path: join(resourcesPath, 'media-tools', program + executableSuffix), origin: 'package' }];
}

/** A package that ships or downloads a program; optional, so that it may be absent. */
function packaged(name: string, origin: ToolOrigin): Candidate[] {
  let exported: unknown;
  try {
    exported = require(name);
  } catch {
    // The package is not installed or not made for this platform, so the next place is tried.
    return [];
  }
  const path = typeof exported === 'string' ? exported : (exported as { path?: unknown } | null)?.path;
  // In a packaged application, programs cannot be run from inside the archive.
  return typeof path === 'string'
    ? [{ path: path.replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked'), origin }]
    : [];
}

export function onSystemPath(program: string, environment: Environment): Candidate[] {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => ({ path: join(folder, program + executableSuffix), origin: 'system' as const }));
}

/** In the order given; of several names of one file the first. */
async function thoseThatRun(
  program: string,
  candidates: readonly Candidate[],
  log: Log,
): Promise<MediaTool[]> {
  const files = new Map<string, Candidate>();
  for (const candidate of candidates) {
    if (!isFile(candidate.path) || !makeExecutable(candidate.path)) continue;
    const file = realpathSync(candidate.path);
    if (!files.has(file)) files.set(file, candidate);
  }
  const tools = await Promise.all(
    [...files.values()].map(async ({ path, origin }) => {
      try {
        const { exitCode, output } = await readProcess(path, ['-version'], { log });
        const details = exitCode === 0 ? readToolVersion(program, output) : null;
        return details && { path, origin, version: details.text, details };
      } catch (error) {
        log.debug('A media tool did not start', { program, origin, error: String(error) });
        return null;
      }
    }),
  );
  return tools.filter((tool) => tool !== null);
}

function refuse(program: 'ffmpeg' | 'ffprobe', named: boolean): never {
  const variable = program === 'ffmpeg' ? 'FFMPEG_BIN' : 'FFPROBE_BIN';
  throw new WorkstationError(
    'ffmpeg-missing',
    named
      ? `${variable} names a program that is not a working ${program}.`
      : `No working ${program} was found.`,
    named
      ? `Point ${variable} at ${program}, or unset it to use the one that comes with the application.`
      : `Install ffmpeg (for example with your system's package manager), or set ${variable} to its full path.`,
  );
}

/** The decoder in use, as the evidence of an answer names it. */
export const decoderName = ({ ffmpeg }: MediaTools): string => `ffmpeg ${ffmpeg.version}`;

/** What a person should know of the decoder in use: null where nothing is known against it. */
export function decoderWarning({ ffmpeg }: MediaTools): WorkstationError | null {
  if (!hasKnownHoles(ffmpeg.details)) return null;
  return new WorkstationError(
    'ffmpeg-outdated',
    `Videos are decoded by ffmpeg ${shortVersion(ffmpeg.details)} (${ffmpeg.version}), which has known security holes.`,
    ffmpeg.origin === 'environment'
      ? 'FFMPEG_BIN names it. Point it at a newer ffmpeg, and until then open only videos from recorders that you trust.'
      : "Install a newer ffmpeg (with your system's package manager) or name one by FFMPEG_BIN; the newest is taken. Until then open only videos from recorders that you trust.",
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Programs shipped inside npm packages may lack the execute bit, since no install script runs. */
function makeExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    try {
      chmodSync(path, 0o755);
      return true;
    } catch {
      // The file belongs to somebody else, so it is not ours to change.
      return false;
    }
  }
}
