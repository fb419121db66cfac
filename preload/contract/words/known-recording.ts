import type { KnownVideo } from '../domain.ts';

/** Tells a person that a file holds a recording which is known already, and what follows from that. */
export function knownInWords(name: string, known: KnownVideo): [what: string, consequence: string] {
  const { casePseudonym, displayName } = known;
  if (known.grown) {
    return [
      `${name} has grown since it was last opened: it is the recording of ${casePseudonym} with what came since.`,
      'Its sessions and answers are kept; its frames are counted anew.',
    ];
  }
  return known.availability === 'available'
    ? [
        `${name} holds the same recording as ${displayName} of ${casePseudonym}.`,
        'The case keeps its own file either way.',
      ]
    : [
        `${name} holds the recording of ${casePseudonym}, whose own file is not where it was.`,
        'If you go on there, the case reads this file from now on.',
      ];
}

/** For a person who continues a session that was begun when the recording was shorter. */
export const grownBehindInWords = (name: string): string =>
  `${name} has grown since this session was begun, which goes on with the frames that were there then. ` +
  'Open the file without naming a session for what came since.';
