import type { Bookmark, SegmentLook } from '../marks.ts';

const most = 60;

/** Names a bookmark by its name, or else by the beginning of its note, or else by its time. */
export function bookmarkInWords({
  name,
  note,
  location,
}: Pick<Bookmark, 'name' | 'note' | 'location'>): string {
  const said = (name === '' ? note : name).replace(/\s+/g, ' ').trim();
  if (said === '') return `at ${location.timecode}`;
  return `“${said.length <= most ? said : `${said.slice(0, most - 1).trimEnd()}…`}”`;
}

/** The words for a segment's colour and its pattern. */
export const lookWords: Readonly<Record<SegmentLook, string>> = {
  teal: 'teal, plain',
  amber: 'amber, slanted lines',
  violet: 'violet, dots',
  green: 'green, level lines',
  red: 'red, crossed lines',
  blue: 'blue, upright lines',
};
