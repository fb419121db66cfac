import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { charactersOf } from './text.ts';

/** Whether one of the fonts at hand, those of the system included, draws a character. */
export type HasGlyph = (character: string) => boolean;

/** No font has it: what stands for it is the sign of a missing character. */
const nowhere = '\u{10ffff}';
const size = 20;
const side = 2 * size;

/**
 * Tells by drawing: a character that looks like the sign of a missing one is missing. No font says it by itself, since what
 * it lacks is taken from the system's fonts where one of them has it.
 *
 * @param font as a canvas takes it, after the size
 */
export function glyphsOf(font: string): HasGlyph {
  const context = createCanvas(side, side).getContext('2d');
  context.font = `${size}px ${font}`;
  const missing = look(context, nowhere);
  const known = new Map<string, boolean>();
  return (character) => {
    if (character < '\u007f') return true;
    let has = known.get(character);
    if (has === undefined) {
      has = !look(context, character).equals(missing);
      known.set(character, has);
    }
    return has;
  };
}

function look(context: SKRSContext2D, character: string): Buffer {
  context.clearRect(0, 0, side, side);
  context.fillText(character, size / 2, 1.5 * size);
  return Buffer.from(context.getImageData(0, 0, side, side).data);
}

/**
 * A text as it can be drawn: characters that no font has are counted and named in their place, since a picture that shows boxes for
 * them says something else than was written. A character counts as a person counts it, with its accents.
 */
export function nameMissing(text: string, has: HasGlyph): string {
  let told = '';
  let missing = 0;
  /** Spaces within a run of missing characters, which belong to it if it goes on. */
  let spaces = '';
  const end = (): void => {
    if (missing > 0) told += missingWords(missing);
    told += spaces;
    missing = 0;
    spaces = '';
  };
  for (const character of charactersOf(text)) {
    if (missing > 0 && /^\s+$/u.test(character)) spaces += character;
    else if ([...character].every(has)) {
      end();
      told += character;
    } else {
      missing += 1;
      spaces = '';
    }
  }
  end();
  return told;
}

const missingWords = (count: number): string =>
  `[${count === 1 ? '1 character' : `${count} characters`} that this machine has no font for]`;
