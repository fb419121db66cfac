import {
  formatTimecode,
  parseTimecode,
  WorkstationError,
  type RecordingStart,
} from '../../preload/contract/index.ts';

/** What a person types about the beginning of a recording: pure functions. */

/** How it is stated: by what the files say, by the length of the gap before it, or by a clock. */
export type StartKind = 'files' | 'gap' | 'clock';

export const kindOfStart = (start: RecordingStart | undefined): StartKind =>
  start === undefined ? 'files' : 'at' in start ? 'clock' : 'gap';

const two = (value: number): string => String(value).padStart(2, '0');

/** Local time as a field of dates takes it: 2026-11-20T08:30:05. */
export function clockField(at: number): string {
  const time = new Date(at);
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** Local time as a person reads it. */
export const clockInWords = (at: number): string => clockField(at).replace('T', ' ');

export const gapField = (seconds: number): string => formatTimecode(seconds).replace(/\.000$/, '');

/** Null where it is neither a length nor a time. */
export function startOf(kind: StartKind, typed: string): { start: RecordingStart | null } | null {
  if (kind === 'files') return { start: null };
  if (kind === 'clock') {
    const at = Date.parse(typed);
    return Number.isInteger(at) && at >= 0 ? { start: { at } } : null;
  }
  try {
    const { seconds, frame } = parseTimecode(typed);
    return frame === null ? { start: { gapSeconds: seconds } } : null;
  } catch (error) {
    if (error instanceof WorkstationError) return null;
    throw error;
  }
}
