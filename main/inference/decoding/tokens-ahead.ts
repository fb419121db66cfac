import { sharedLength } from '../grammar/canonical-tokens.ts';

/** Tokens that went through the decoder with a frame's prefix, since the text that it was made for begins with them. */
export interface TokensAhead {
  readonly ids: readonly number[];
  /** After each of the last of them, `[vocabulary]`. */
  readonly logits: readonly Float32Array[];
}

/**
 * How many of the first tokens of a text need no run any more, and the logits after those of them whose logits are
 * wanted: of the last `keep` of `ids`.
 */
export function knownOf(
  ahead: TokensAhead,
  ids: readonly number[],
  keep: number,
): { count: number; logits: readonly Float32Array[] } {
  const wantedFrom = ids.length - keep;
  const knownFrom = ahead.ids.length - ahead.logits.length;
  const shared = sharedLength(ids, ahead.ids);
  // A token whose logits are wanted and were not kept goes through the decoder again.
  const count = wantedFrom < knownFrom ? Math.min(shared, wantedFrom) : shared;
  const logits = count <= wantedFrom ? [] : ahead.logits.slice(wantedFrom - knownFrom, count - knownFrom);
  return { count, logits };
}
