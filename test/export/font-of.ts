import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf');
/** The letter that is drawn for each character of a made font. */
const glyphOfA = 36;

/** A font that has these characters and no others, so that a test need not look for a font of a far script. */
export function fontOf(characters: string): Buffer {
  const font = Buffer.from(readFileSync(source));
  const codes = [...characters].map((character) => character.codePointAt(0)!).sort((a, b) => a - b);
  // One subtable of format 12: a group of one character each.
  const table = Buffer.alloc(12 + 16 + 12 * codes.length);
  table.writeUInt16BE(1, 2);
  table.writeUInt16BE(3, 4);
  table.writeUInt16BE(10, 6);
  table.writeUInt32BE(12, 8);
  table.writeUInt16BE(12, 12);
  table.writeUInt32BE(16 + 12 * codes.length, 16);
  table.writeUInt32BE(codes.length, 24);
  for (const [group, code] of codes.entries()) {
    table.writeUInt32BE(code, 28 + 12 * group);
    table.writeUInt32BE(code, 32 + 12 * group);
    table.writeUInt32BE(glyphOfA, 36 + 12 * group);
  }
  for (let record = 12; record < 12 + 16 * font.readUInt16BE(4); record += 16) {
    if (font.toString('latin1', record, record + 4) !== 'cmap') continue;
    font.writeUInt32BE(font.length, record + 8);
    font.writeUInt32BE(table.length, record + 12);
  }
  return Buffer.concat([font, table]);
}
