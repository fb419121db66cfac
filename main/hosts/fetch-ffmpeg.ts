import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { Agent, get as getSecure } from 'node:https';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ffmpegRelease, ffmpegReleases, packedHashes, type MediaProgram } from './ffmpeg-builds.ts';

export interface FetchOptions {
  /** Where ffmpeg-static looks for its program: the package's own folder. */
  readonly folder: string;
  readonly platform?: string;
  readonly architecture?: string;
  /** `FFMPEG_BINARIES_URL` names a mirror, as it does for ffmpeg-static. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly hashes?: Readonly<Record<string, string>>;
  /** A machine without a network must not wait for long: for the first answer, and for each next piece. */
  readonly patienceMilliseconds?: number;
}

export interface Fetched {
  readonly program: MediaProgram;
  /** Where it lies now; null where it could not be had. */
  readonly path: string | null;
  /** Why not, in words. */
  readonly reason: string | null;
}

/** Three times the largest of the release. What doesn't end is not taken. */
const maximumBytes = 96 * 1024 * 1024;
const maximumRedirects = 5;

/**
 * Fetches ffmpeg and ffprobe into ffmpeg-static's folder. Each is written beside its place, compared with its pinned hash
 * before anything of it is unpacked or run, and only then put there, whole. It never throws: what could not be had says
 * why, and nothing of it stays.
 */
export async function fetchFfmpeg(options: FetchOptions): Promise<Fetched[]> {
  const { platform = process.platform, architecture = process.arch } = options;
  const { hashes = packedHashes, environment = process.env } = options;
  const suffix = platform === 'win32' ? '.exe' : '';
  const results: Fetched[] = [];
  for (const program of ['ffmpeg', 'ffprobe'] as const) {
    const name = `${program}-${platform}-${architecture}`;
    const path = join(options.folder, program + suffix);
    const hash = hashes[name];
    if (existsSync(path)) {
      results.push({ program, path, reason: null });
    } else if (hash === undefined) {
      const reason = `no build for ${platform} ${architecture} is known by its hash`;
      results.push({ program, path: null, reason });
    } else {
      const base = environment['FFMPEG_BINARIES_URL'] || ffmpegReleases;
      const address = `${base.replace(/\/+$/, '')}/${ffmpegRelease}/${name}.gz`;
      try {
        await fetchOne(address, path, hash, options.patienceMilliseconds ?? 8000, environment);
        results.push({ program, path, reason: null });
      } catch (error) {
        results.push({ program, path: null, reason: reasonOf(error) });
        // What can't be reached for the first can't be for the second either.
        if (error instanceof Unreachable) break;
      }
    }
  }
  return results;
}

class Unreachable extends Error {}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}

async function fetchOne(
  address: string,
  path: string,
  hash: string,
  patience: number,
  environment: NonNullable<FetchOptions['environment']>,
): Promise<void> {
  const packed = `${path}.${process.pid}.gz`;
  const unpacked = `${path}.${process.pid}.part`;
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    const found = await download(address, packed, patience, environment);
    if (found !== hash) {
      throw new Error(
        `what came from ${new URL(address).host} is not the file that was expected; it was removed`,
      );
    }
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(unpacked, { flags: 'wx' }));
    await chmod(unpacked, 0o755);
    await rename(unpacked, path);
  } finally {
    rmSync(packed, { force: true });
    rmSync(unpacked, { force: true });
  }
}

/** Writes the body to `file` and returns its SHA-256. */
async function download(
  address: string,
  file: string,
  patience: number,
  environment: NonNullable<FetchOptions['environment']>,
): Promise<string> {
  const response = await request(address, patience, environment, maximumRedirects);
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      if (bytes > maximumBytes) done(new Error('the download is larger than it can be'));
      else done(null, chunk);
    },
  });
  response.setTimeout(patience, () => response.destroy(new Error('the download came to a standstill')));
  await pipeline(response, measure, createWriteStream(file, { flags: 'wx' }));
  // Node tells a body that was cut by an error only where its length was announced and not reached; a hash finds the rest.
  return hash.digest('hex');
}

function request(
  address: string,
  patience: number,
  environment: NonNullable<FetchOptions['environment']>,
  redirects: number,
): Promise<IncomingMessage> {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    // The proxy of the environment, from Node 24.5 on; older ones connect directly.
    const agent = secure ? new Agent({ proxyEnv: environment }) : false;
    const get = secure ? getSecure : getPlain;
    const asked = get(url, { agent, timeout: patience }, (response) => {
      clearTimeout(timer);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.resume();
        const next = new URL(headers.location, url);
        if (redirects === 0) reject(new Error('there were too many redirections'));
        else if (secure && next.protocol !== 'https:') reject(new Error('the download left the secure way'));
        else request(next.href, patience, environment, redirects - 1).then(resolve, reject);
        return;
      }
      if (statusCode !== 200) {
        response.resume();
        reject(new Error(`${url.host} answered with ${statusCode}`));
        return;
      }
      resolve(response);
    });
    const giveUp = () => asked.destroy(new Unreachable(`${url.host} did not answer`));
    const timer = setTimeout(giveUp, patience);
    asked.on('timeout', giveUp);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const unreachable = [
        'ENOTFOUND',
        'EAI_AGAIN',
        'ECONNREFUSED',
        'ENETUNREACH',
        'EHOSTUNREACH',
        'ETIMEDOUT',
      ];
      reject(
        error.code !== undefined && unreachable.includes(error.code)
          ? new Unreachable(`${url.host} can't be reached`, { cause: error })
          : error,
      );
    });
  });
}
