import { basename, extname } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { FirstBytes } from './first-bytes.ts';

/** Names by which programs know a file that stands for other files or for addresses. */
const namesOfPlaylists: Readonly<Record<string, string>> = {
  ...named('a playlist', 'm3u m3u8 pls asx wax wvx wpl xspf ram smil smi qtl b4s zpl'),
  ...named('a manifest', 'mpd ism ismc isml f4m'),
  ...named('a list of files', 'ffconcat ffcat concat edl'),
  ...named('a session description', 'sdp'),
  ...named('a script', 'avs avsi vpy'),
  ...named('an address', 'url webloc strm'),
};

function named(what: string, endings: string): Record<string, string> {
  return Object.fromEntries(endings.split(' ').map((ending) => [`.${ending}`, what]));
}

/** Throws `video-not-a-video` for a name that stands for a playlist, whatever the file holds. */
export function refuseByName(path: string): void {
  const ending = extname(path).toLowerCase();
  const what = namesOfPlaylists[ending];
  if (what !== undefined) throw pointsElsewhere(`${what} (${ending})`);
}

/** Throws `video-not-a-video` or `video-protected` for a file that its first bytes show to be something else. */
export function refuseByFirstBytes({ kind, name }: FirstBytes, path: string): void {
  if (kind === 'playlist') throw pointsElsewhere(name ?? 'a playlist');
  if (kind === 'encrypted-archive') {
    throw new WorkstationError(
      'video-protected',
      'This is an archive locked with a password, not a video.',
      'Unpack it with its password first, then open the video inside.',
    );
  }
  if (kind === 'archive') {
    throw notOne('an archive', 'Unpack it first, then open the video inside.');
  }
  if (kind === 'document') throw notOne('a document', 'Choose a video file.');
  if (kind === 'text') throw notOne('a text', 'Choose a video file.');
  if (kind === 'picture' && !isMotionJpeg(path)) throw notOne('a single picture', 'Choose a video file.');
}

/** JPEG pictures one after another begin like a single one; their name tells. */
export const isMotionJpeg = (path: string): boolean => /\.(mjpe?g|mjpg)$/i.test(basename(path));

function notOne(what: string, hint: string): WorkstationError {
  return new WorkstationError('video-not-a-video', `This is ${what}, not a video.`, hint);
}

function pointsElsewhere(what: string): WorkstationError {
  return new WorkstationError(
    'video-not-a-video',
    `This is ${what}, not a video: it names other files or addresses, and those are never opened.`,
    'Choose the file with the recording itself, such as MP4, MOV, MKV, AVI, MPG or TS.',
  );
}
