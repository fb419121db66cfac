/** The UTF-8 bytes of a text as a binary string: one character for each byte. */
export const toBinary = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
/** The text of a binary string. */
export const fromBinary = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** A token and the bytes that it stands for, as a binary string. */
export interface TokenText {
  readonly id: number;
  readonly bytes: string;
}

/** What a vocabulary's entry is spelled in: GPT-2's printable bytes, or text with `▁` for a space and `<0x0A>` for a byte. */
export type TokenSpelling = 'byte-level' | 'metaspace';

/** GPT-2's printable character for every byte, which byte-level tokenizers spell their tokens in. */
function byteAlphabet(): ReadonlyMap<string, string> {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  const alphabet = new Map<string, string>();
  let extra = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const spelled = printable(byte) ? byte : 256 + extra++;
    alphabet.set(String.fromCodePoint(spelled), String.fromCharCode(byte));
  }
  return alphabet;
}

const alphabet = byteAlphabet();

/** The bytes of a vocabulary's entry, as a binary string. */
export function tokenBytes(entry: string, spelling: TokenSpelling): string {
  if (spelling === 'byte-level') {
    let bytes = '';
    // A character outside the alphabet stands for itself; such an entry is no product of the tokenizer's own.
    for (const character of entry) bytes += alphabet.get(character) ?? toBinary(character);
    return bytes;
  }
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(entry)?.[1];
  return byte === undefined
    ? toBinary(entry.replaceAll('\u2581', ' '))
    : String.fromCharCode(Number.parseInt(byte, 16));
}

/** What a tokenizer tells of its tokens. */
export interface TokenList {
  /** Tokens that stand for text. */
  readonly texts: readonly TokenText[];
  /** How many logits there are; ids that stand for nothing among them. */
  readonly size: number;
  /** Tokens that end the text. */
  readonly ends: readonly number[];
}
