import type { ErrorCode } from '../../preload/contract/index.ts';

/** What a command's exit code says; also printed by `--help`. */
export const exitCodes = {
  0: 'done',
  1: 'something unforeseen, or a part that is missing on this machine',
  2: 'wrong usage or input: an unknown option, a frame out of range, an unknown session',
  3: 'a file or video: missing, unreadable, not a video, no ffmpeg',
  4: 'a model: missing, altered, unsupported, out of memory, lost',
  5: 'the data folder: unwritable, full, locked, from a newer version',
  130: 'stopped by Ctrl-C',
} as const;

export type ExitCode = keyof typeof exitCodes;

const byError: Record<ErrorCode, ExitCode> = {
  'invalid-input': 2,
  'not-found': 2,
  'not-allowed': 2,
  'frame-out-of-range': 2,
  'frame-mismatch': 3,
  'prompt-too-long': 2,
  cancelled: 130,
  busy: 1,
  unavailable: 1,
  'changed-since': 1,
  'in-bin': 2,
  internal: 1,
  'file-missing': 3,
  'file-empty': 3,
  'file-changed': 3,
  'file-unreadable': 3,
  'video-not-a-video': 3,
  'video-no-picture': 3,
  'video-truncated': 3,
  'video-protected': 3,
  'video-too-large': 3,
  'ffmpeg-missing': 3,
  'ffmpeg-failed': 3,
  'ffmpeg-outdated': 3,
  'data-malformed': 3,
  'model-missing-file': 4,
  'model-altered-file': 4,
  'model-wrong-architecture': 4,
  'model-mismatch': 4,
  'model-no-tokenizer': 4,
  'model-unsupported': 4,
  'engine-lost': 4,
  'out-of-memory': 4,
  'store-unwritable': 5,
  'store-full': 5,
  'store-newer': 5,
  'store-corrupt': 5,
  'store-unreadable': 5,
  'record-broken': 5,
  'store-locked': 5,
  'store-lost': 5,
};

export const exitCodeOf = (code: ErrorCode): ExitCode => byError[code];
