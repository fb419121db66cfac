import { constants } from 'node:os';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** Why the system refused something, whichever code this platform has for it. */
export type RefusalKind =
  | 'missing'
  | 'not-a-folder'
  | 'is-a-folder'
  | 'not-a-file'
  | 'taken'
  | 'not-empty'
  | 'denied'
  | 'read-only'
  | 'full'
  | 'too-large'
  | 'name-too-long'
  | 'link-circle'
  | 'in-use'
  | 'other-disk'
  | 'too-many-open'
  | 'disk-failed'
  | 'disk-away'
  | 'unsupported';

/** The only wording of each refusal. It goes into a sentence: "config.json cannot be read (permission denied)". */
const words: Readonly<Record<RefusalKind, string>> = {
  missing: 'it is not there',
  'not-a-folder': 'a file stands where a folder is needed',
  'is-a-folder': 'a folder stands where a file is needed',
  'not-a-file': 'it is no file',
  taken: 'something else stands in its place',
  'not-empty': 'the folder is not empty',
  denied: 'permission denied',
  'read-only': 'the disk is read-only',
  full: 'the disk is full',
  'too-large': 'the disk cannot hold a file of this size',
  'name-too-long': 'its name is too long',
  'link-circle': 'its links lead in a circle',
  'in-use': 'another program is using it',
  'other-disk': 'it lies on another disk',
  'too-many-open': 'too many files are open',
  'disk-failed': 'the disk failed to read or write',
  'disk-away': 'its disk or network folder is not connected',
  unsupported: 'its disk does not support this',
};

/**
 * The codes that the file systems of Linux, macOS and Windows give, as Node names them. The lint rule
 * `house/file-errors` refuses them anywhere else, so that no second place decides what one of them means.
 */
export const kindOfCode: Readonly<Record<string, RefusalKind>> = {
  ENOENT: 'missing',
  ENOTDIR: 'not-a-folder',
  EISDIR: 'is-a-folder',
  // The system says so on opening a socket, or a pipe that nobody reads.
  ENXIO: 'not-a-file',
  EEXIST: 'taken',
  ENOTEMPTY: 'not-empty',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'read-only',
  ENOSPC: 'full',
  // The account's share of the disk is used up.
  EDQUOT: 'full',
  EFBIG: 'too-large',
  ENAMETOOLONG: 'name-too-long',
  ELOOP: 'link-circle',
  EBUSY: 'in-use',
  ETXTBSY: 'in-use',
  EXDEV: 'other-disk',
  EMFILE: 'too-many-open',
  ENFILE: 'too-many-open',
  EIO: 'disk-failed',
  ENODEV: 'disk-away',
  ESTALE: 'disk-away',
  EHOSTDOWN: 'disk-away',
  ENOTSUP: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENOSYS: 'unsupported',
};

const nameOfNumber = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The system's code of an error, such as EIO; null for an error without one. */
export function systemCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') {
    return null;
  }
  const { code, errno } = error as NodeJS.ErrnoException & { code: string };
  // Node has no name for some codes, such as that of a used-up quota, and gives only their number.
  const unnamed = code === 'UNKNOWN' || code.startsWith('Unknown system error');
  return unnamed && errno !== undefined ? (nameOfNumber.get(Math.abs(errno)) ?? code) : code;
}

/** Why the system refused something; null if the error is of another kind or its code is not listed above. */
export function refusalOf(error: unknown): RefusalKind | null {
  const code = error instanceof WorkstationError ? null : systemCode(error);
  return code === null ? null : (kindOfCode[code] ?? null);
}

/** Whether an error says that a path does not exist, be it because a part of it is a file and no folder. */
export function isMissing(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal === 'missing' || refusal === 'not-a-folder';
}

/** Whether the system refused to write because the disk, or the account's share of it, is full. */
export const isDiskFull = (error: unknown): boolean => refusalOf(error) === 'full';

/**
 * Why something failed, in words that fit into a sentence: refusals of the system as worded above, and any other error in
 * its own words without its full stop. It names no path, because only the caller knows which ones a person may see.
 */
export function reasonInWords(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== null) return words[refusal];
  const code = error instanceof WorkstationError ? null : systemCode(error);
  // Errors of Node itself (`ERR_…`) read as sentences; those of the system hold paths, so only their code is told.
  if (code !== null && !code.startsWith('ERR_')) return `the system reports ${code}`;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
