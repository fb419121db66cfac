import { constants } from 'node:os';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** What a refusal of the system comes to, whichever of its codes it has on this platform. */
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

/** The one wording of each. It goes into a sentence, as in "config.json cannot be read (permission denied)". */
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
  // Opening a socket, or a pipe without another end.
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

/** The system's code of an error, such as EIO; null of any other error. */
export function systemCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') {
    return null;
  }
  const { code, errno } = error as NodeJS.ErrnoException & { code: string };
  // Node has no name for some, a used-up share of a disk among them, and gives only their number.
  const unnamed = code === 'UNKNOWN' || code.startsWith('Unknown system error');
  return unnamed && errno !== undefined ? (nameOfNumber.get(Math.abs(errno)) ?? code) : code;
}

/** What the system refused; null of an error of another kind, or with a code that stands for no refusal above. */
export function refusalOf(error: unknown): RefusalKind | null {
  const code = error instanceof WorkstationError ? null : systemCode(error);
  return code === null ? null : (kindOfCode[code] ?? null);
}

/** Whether there is nothing of this name, or a file where its path needs a folder. */
export function isMissing(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal === 'missing' || refusal === 'not-a-folder';
}

/** Whether the system refused to write because the disk, or the account's share of it, is full. */
export const isDiskFull = (error: unknown): boolean => refusalOf(error) === 'full';

/**
 * Why something failed, in words that go into a sentence: the system's refusals as this module words them, and any other
 * error in its own words, without its full stop. Paths are left to the caller, who knows which of them a person may see.
 */
export function reasonInWords(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== null) return words[refusal];
  const code = error instanceof WorkstationError ? null : systemCode(error);
  // What Node itself refuses has a sentence of its own; what the system does has its code and a call with paths.
  if (code !== null && !code.startsWith('ERR_')) return `the system reports ${code}`;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
