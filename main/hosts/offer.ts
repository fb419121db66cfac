import { connect } from 'node:net';
import { join } from 'node:path';
import { mayFetch, type ConsentOptions } from './consent.ts';
import { findElectron, installElectron } from './electron-binary.ts';
import { ffmpegReleases } from './ffmpeg-builds.ts';
import { fetchFfmpeg, type FetchOptions } from './fetch-ffmpeg.ts';

export interface OfferOptions extends ConsentOptions {
  /** Of the checkout. */
  readonly repository: string;
  /** Whether a window of Electron's is wanted; else a browser is, or a terminal. */
  readonly window: boolean;
  readonly say: (line: string) => void;
  readonly fetching?: Partial<FetchOptions>;
}

/** What of the decoder in use a fetch would better; null where nothing would. */
async function findOldDecoder(): Promise<string | null> {
  const { describeDecoder } = await import('../workstation.ts');
  const decoder = await describeDecoder();
  return decoder === null ? 'ffmpeg is not here.' : decoder.warning;
}

/** Electron's own installer waits long for a network that isn't there. Proxies and mirrors are its to know. */
async function isWorthTrying(environment: OfferOptions['environment']): Promise<boolean> {
  const elsewhere = /^(https?_proxy|electron_mirror|electron_get_use_proxy|npm_config_electron_mirror)$/i;
  if (Object.keys(environment).some((name) => elsewhere.test(name))) return true;
  return reaches('github.com', 443, 5000);
}

/** Whether somebody takes a connection there, in this time. */
export function reaches(host: string, port: number, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reached: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reached);
    };
    const timer = setTimeout(() => end(false), milliseconds);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/**
 * Names what is missing and could be fetched from the network (Electron's program; a newer ffmpeg), asks once for all of
 * it, and fetches it. Whatever comes of it, the workstation starts.
 */
export async function offerToFetch(options: OfferOptions): Promise<void> {
  const { repository, window, say, environment } = options;
  const electron = join(repository, 'node_modules', 'electron');
  const wantsElectron = window && findElectron(electron, environment) === null;
  const oldDecoder = environment['FFMPEG_BIN'] ? null : await findOldDecoder();
  const wanted = [
    ...(wantsElectron ? ["Electron's program is not here (about 110 MB, for a window of its own)."] : []),
    ...(oldDecoder === null ? [] : [`${oldDecoder} A newer one can be had (about 60 MB).`]),
  ];
  if (wanted.length === 0) return;
  const from = new URL(environment['FFMPEG_BINARIES_URL'] || ffmpegReleases).host;
  const places = [
    ...new Set([...(wantsElectron ? ['github.com'] : []), ...(oldDecoder === null ? [] : [from])]),
  ];
  const question = [...wanted, `This asks ${places.join(' and ')}.`].join('\n');
  const consent = await mayFetch(question, options);
  if (!consent.may) {
    if (consent.how !== '') say(`${wanted.join(' ')} ${consent.how}`);
    return;
  }
  if (oldDecoder !== null) {
    say('Fetching ffmpeg...');
    const folder = join(repository, 'node_modules', 'ffmpeg-static');
    const fetched = await fetchFfmpeg({ folder, environment, ...options.fetching });
    for (const { program, reason } of fetched) {
      say(reason === null ? `${program} is here.` : `${program} could not be fetched: ${reason}.`);
    }
    const { forgetDecoder } = await import('../workstation.ts');
    forgetDecoder();
  }
  if (wantsElectron) {
    if (!(await isWorthTrying(environment))) {
      say("Electron could not be fetched: github.com can't be reached.");
      return;
    }
    say('Fetching Electron (up to two minutes)...');
    await installElectron(electron, 120_000);
  }
}
