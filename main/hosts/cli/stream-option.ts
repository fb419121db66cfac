import { Option } from 'commander';
import type { PictureStream, Video } from '../../../preload/contract/index.ts';
import { wholeNumber } from './command.ts';

export interface StreamOption {
  stream?: number;
}

/** Lets a person choose one picture stream of a file that holds several, such as one camera each. */
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

/**
 * A recording's file, and which of its picture streams the recording is where there is a choice: the streams of a file share
 * its name. The number comes first, as `--stream` takes it and titles may be the same.
 */
export function recordingInWords({
  displayName,
  streams,
  streamIndex,
}: Pick<Video, 'displayName' | 'streams' | 'streamIndex'>): string {
  const choices = streams.filter(({ isCover }) => !isCover);
  const chosen = choices.find(({ index }) => index === streamIndex);
  if (chosen === undefined || choices.length < 2) return displayName;
  const { index, title } = chosen;
  return `${displayName}, stream ${index}${title === null ? '' : ` (${title})`}`;
}
