import { Option } from 'commander';
import type { PictureStream } from '../../../preload/contract/index.ts';
import { wholeNumber } from './command.ts';

export interface StreamOption {
  stream?: number;
}

/** Where a file has several cameras: which one. */
export const streamOption = (): Option =>
  new Option(
    '--stream <n>',
    'picture stream, by the number that probe gives; otherwise the default of the file',
  ).argParser(wholeNumber(0));

/** One line for each picture stream of a file that has several. */
export function streamsInWords(facts: { streams: readonly PictureStream[]; streamIndex: number }): string[] {
  return facts.streams.map((stream) => {
    const { index, codec, width, height, title, isDefault, isCover } = stream;
    const notes = [
      ...(title === null ? [] : [title]),
      ...(isDefault && !isCover ? ['the default of the file'] : []),
      ...(isCover ? ['a cover or thumbnail'] : []),
      ...(index === facts.streamIndex ? ['this one'] : []),
    ];
    return `Stream ${String(index).padEnd(3)} ${codec}, ${width} x ${height}${notes.map((note) => `, ${note}`).join('')}`;
  });
}
