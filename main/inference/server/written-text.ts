import type { WrittenToken } from '../answer/answer-decoding.ts';
import type { ServerToken } from './chat-stream.ts';

/** A token of the answer, with its place in the text. */
export interface PlacedToken extends ServerToken {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds each token's place in the text, from the end, where label and box stand. It goes as far as the tokens'
 * texts are the answer's: a character that spans tokens has no text of its own in any of them.
 *
 * @param raw The answer's text.
 * @param tokens As listed by the server; the last may be the mark that ended the answer, which is not in the text.
 * @returns The tokens that were found, in their order.
 */
export function placeTokens(raw: string, tokens: readonly ServerToken[]): PlacedToken[] {
  const placed: PlacedToken[] = [];
  let end = raw.length;
  for (const token of tokens.toReversed()) {
    const start = end - token.text.length;
    const fits = start >= 0 && raw.slice(start, end) === token.text;
    if (!fits && placed.length > 0) break;
    if (!fits || token.text === '') continue;
    placed.push({ ...token, start, end });
    end = start;
  }
  return placed.reverse();
}

/**
 * The tokens as the engine's own evidence reads them: text before the first found token has no probability. Reasoning is
 * what stands between the tags of thinking; where the text has none of them, no token is called reasoning.
 */
export function writtenTokens(raw: string, placed: readonly PlacedToken[]): WrittenToken[] {
  const before = placed[0]?.start ?? raw.length;
  const open = raw.indexOf('<think>');
  const [begin, close] = [open < 0 ? 0 : open + '<think>'.length, raw.indexOf('</think>')];
  const inside = (start: number, end: number): boolean => start <= close && end > begin;
  return [
    ...(before > 0 ? [{ end: before, logProbability: null, reasoning: inside(begin, before) }] : []),
    ...placed.map(({ start, end, logProbability }) => ({
      end,
      logProbability,
      reasoning: inside(start, end),
    })),
  ];
}
