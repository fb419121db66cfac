import { accessSync, chmodSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { silentLog, type Log } from './log.ts';
import { readProcess } from './process.ts';

/** Where a program was found, in the order looked. */
export type ToolOrigin = 'environment' | 'ffmpeg-static' | 'ffmpeg-installer' | 'beside-ffmpeg' | 'system';

export interface MediaTool {
  readonly path: string;
  readonly origin: ToolOrigin;
  /** As the program says it, such as `5.1.9-0+deb12u1` or `N-47683-g0e8eb07980-static`. */
  readonly version: string;
}

/** The ffmpeg and ffprobe in use, and what differs between their versions. */
export interface MediaTools {
  readonly ffmpeg: MediaTool;
  readonly ffprobe: MediaTool;
  /** Options that pass every decoded frame on, once, with its own time: `-vsync` left ffmpeg when `-fps_mode` came. */
  readonly everyFrame: readonly string[];
  readonly encoders: ReadonlySet<string>;
}

export interface FindOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly log?: Log;
}

const executableSuffix = process.platform === 'win32' ? '.exe' : '';
const require = createRequire(import.meta.url);
const found = new Map<string, Promise<MediaTools>>();

/**
 * Finds ffmpeg (`FFMPEG_BIN`, ffmpeg-static, @ffmpeg-installer/ffmpeg, the system's) and ffprobe (`FFPROBE_BIN`, the one
 * beside `FFMPEG_BIN`, @ffprobe-installer/ffprobe, the system's). Throws `ffmpeg-missing` saying what was tried. The
 * answer is kept for as long as the environment names the same programs.
 */
export function findMediaTools(options: FindOptions = {}): Promise<MediaTools> {
  const environment = options.environment ?? process.env;
  const key = [environment['FFMPEG_BIN'], environment['FFPROBE_BIN'], environment['PATH']].join('\n');
  let tools = found.get(key);
  if (!tools) {
    tools = lookForMediaTools(environment, options.log ?? silentLog);
    found.set(key, tools);
    // A person may install ffmpeg and try again.
    tools.catch(() => found.delete(key));
  }
  return tools;
}

async function lookForMediaTools(
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<MediaTools> {
  const ffmpeg = await firstThatRuns('ffmpeg', ffmpegCandidates(environment), log);
  const ffprobe = await firstThatRuns('ffprobe', ffprobeCandidates(environment), log);
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

function ffmpegCandidates(environment: Readonly<Record<string, string | undefined>>): Candidate[] {
  const named = environment['FFMPEG_BIN'];
  if (named) return [{ path: named, origin: 'environment' }];
  return [
    ...packaged('ffmpeg-static', 'ffmpeg-static'),
    ...packaged('@ffmpeg-installer/ffmpeg', 'ffmpeg-installer'),
    ...onSystemPath('ffmpeg', environment),
  ];
}

function ffprobeCandidates(environment: Readonly<Record<string, string | undefined>>): Candidate[] {
  const named = environment['FFPROBE_BIN'];
  if (named) return [{ path: named, origin: 'environment' }];
  const ffmpeg = environment['FFMPEG_BIN'];
  const beside = ffmpeg ? join(dirname(ffmpeg), `ffprobe${executableSuffix}`) : null;
  return [
    ...(beside ? [{ path: beside, origin: 'beside-ffmpeg' } as const] : []),
    ...packaged('@ffprobe-installer/ffprobe', 'ffmpeg-installer'),
    ...onSystemPath('ffprobe', environment),
  ];
}

/** A package that ships or downloads a program; optional, so that it may be absent. */
function packaged(name: string, origin: ToolOrigin): Candidate[] {
  let exported: unknown;
  try {
    exported = require(name);
  } catch {
    // Not installed, or not for this platform: the next place is looked at.
    return [];
  }
  const path = typeof exported === 'string' ? exported : (exported as { path?: unknown } | null)?.path;
  // In a packaged application, programs cannot be run from inside the archive.
  return typeof path === 'string'
    ? [{ path: path.replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked'), origin }]
    : [];
}

export function onSystemPath(
  program: string,
  environment: Readonly<Record<string, string | undefined>>,
): Candidate[] {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => ({ path: join(folder, program + executableSuffix), origin: 'system' as const }));
}

async function firstThatRuns(
  program: string,
  candidates: readonly Candidate[],
  log: Log,
): Promise<MediaTool> {
  for (const { path, origin } of candidates) {
    if (!isFile(path) || !makeExecutable(path)) continue;
    try {
      const { exitCode, output } = await readProcess(path, ['-version'], { log });
      const version = new RegExp(`^${program} version (\\S+)`).exec(output)?.[1];
      if (exitCode === 0 && version) return { path, origin, version };
    } catch (error) {
      log.debug('A media tool did not start', { program, origin, error: String(error) });
    }
  }
  const named = candidates.length === 1 && candidates[0]?.origin === 'environment';
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
      // Somebody else's file: not for us to use.
      return false;
    }
  }
}
