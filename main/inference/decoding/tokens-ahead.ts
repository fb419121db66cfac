import { sharedLength } from '../grammar/canonical-tokens.ts';

/** Tokens that went through the decoder together with a frame's prefix, because the text that needs it begins with them. */
export interface TokensAhead {
  readonly ids: readonly number[];
  /** Logits after each of the last tokens, `[vocabulary]` each. */
  readonly logits: readonly Float32Array[];
}

/**
 * How many of the first tokens of a text have been computed already, and the logits after those of them that belong to
 * the last `keep` of `ids`.
 */
export function knownOf(
  ahead: TokensAhead,
  ids: readonly number[],
  keep: number,
): { count: number; logits: readonly Float32Array[] } {
  const wantedFrom = ids.length - keep;
  const knownFrom = ahead.ids.length - ahead.logits.length;
  const shared = sharedLength(ids, ahead.ids);
  // A token whose logits are needed but were not kept has to be computed again.
  const count = wantedFrom < knownFrom ? Math.min(shared, wantedFrom) : shared;
  const logits = count <= wantedFrom ? [] : ahead.logits.slice(wantedFrom - knownFrom, count - knownFrom);
  return { count, logits };
}
