import type { RowRange } from '../graphs/model-graphs.ts';
import { maskedScore } from '../graphs/window-layout.ts';

/** A token to try, in a list that puts parents first; `parent` is an index into it, -1 for what is written. */
export interface TreeToken {
  readonly id: number;
  readonly parent: number;
}

/** What one of several texts that lie in one cache wants of the decoder. */
export interface BatchRequest {
  /** Rows of its frame. */
  readonly frame: RowRange;
  /** Rows of its own tokens so far, one each, wherever they lie. */
  readonly rows: readonly number[];
  /** Position of its next token, on all axes. */
  readonly position: number;
  readonly ids: readonly number[];
  /** For a tree of tokens to try, the parent of each, -1 for the text; null for tokens that follow one another. */
  readonly parents: readonly number[] | null;
  /** Of how many of the last ids the logits are wanted; of a tree, all. */
  readonly keep: number;
}

/** The part of a request that goes into a run: its first `count` tokens. */
export interface RunPart {
  readonly request: BatchRequest;
  readonly count: number;
  /** Where in the run each of them stands. */
  readonly places: readonly number[];
}

/** One run of the decoder for several texts. */
export interface RunPlan {
  readonly parts: readonly RunPart[];
  readonly tokens: number;
  /** How many of the tokens, the first ones, stay in the cache. */
  readonly staying: number;
  /** Of how many of the last tokens the logits are wanted. */
  readonly logits: number;
  readonly ids: Int32Array;
  /** `[3, tokens]` */
  readonly positions: Int32Array;
  /** `[tokens, past + tokens]` */
  readonly attention: Float32Array;
}

/** Tokens that stay and of which nothing is wanted, tokens that stay, tokens that are only tried: in this order. */
type Kind = 0 | 1 | 2;

interface Slot {
  readonly part: { readonly request: BatchRequest; readonly count: number; readonly places: number[] };
  readonly index: number;
  readonly kind: Kind;
}

/**
 * Brings several texts into one run: each token sees the rows of its frame, those of its own text and itself, and none
 * of the others'. Of long requests, only the first tokens go into the run when all would be more than `most`; a tree
 * goes in whole or, where others do already, not at all.
 * @param past Rows in the cache.
 */
export function planRun(requests: readonly BatchRequest[], past: number, most: number): RunPlan {
  const parts = shareOf(requests, most).map(({ request, count }) => ({
    ...{ request, count },
    places: [] as number[],
  }));
  const slots = parts.flatMap((part) =>
    Array.from({ length: part.count }, (_, index): Slot => ({
      part,
      index,
      kind: kindOf(part.request, index),
    })),
  );
  slots.sort((first, second) => first.kind - second.kind);
  slots.forEach(({ part, index }, place) => (part.places[index] = place));
  const tokens = slots.length;
  const plan = {
    parts,
    tokens,
    staying: slots.filter(({ kind }) => kind < 2).length,
    logits: slots.filter(({ kind }) => kind > 0).length,
    ids: Int32Array.from(slots, ({ part, index }) => part.request.ids[index]!),
    positions: new Int32Array(3 * tokens),
    attention: new Float32Array(tokens * (past + tokens)).fill(maskedScore),
  };
  slots.forEach(({ part: { request, places }, index }, place) => {
    const line = ancestors(request, index);
    const position = request.position + line.length - 1;
    for (let axis = 0; axis < 3; axis += 1) plan.positions[axis * tokens + place] = position;
    const sight = plan.attention.subarray(place * (past + tokens), (place + 1) * (past + tokens));
    sight.fill(0, request.frame.start, request.frame.end);
    for (const row of request.rows) sight[row] = 0;
    for (const at of line) sight[past + places[at]!] = 0;
  });
  return plan;
}

/** What of each request goes into a run of `most` tokens: short ones first, so that a long one keeps none waiting. */
function shareOf(
  requests: readonly BatchRequest[],
  most: number,
): { readonly request: BatchRequest; readonly count: number }[] {
  const sorted = requests.toSorted((first, second) => first.ids.length - second.ids.length);
  const shares: { request: BatchRequest; count: number }[] = [];
  let left = most;
  for (const request of sorted) {
    const whole = request.ids.length;
    const count = request.parents === null ? Math.min(whole, left) : whole;
    if (count === 0 || (count > left && shares.length > 0)) continue;
    shares.push({ request, count });
    left -= count;
  }
  return shares;
}

function kindOf(request: BatchRequest, index: number): Kind {
  if (request.parents !== null) return 2;
  return index >= request.ids.length - request.keep ? 1 : 0;
}

/** A token of a request with those of the same request that it follows, itself first. */
function ancestors({ parents }: BatchRequest, index: number): number[] {
  if (parents === null) return Array.from({ length: index + 1 }, (_, back) => index - back);
  const line: number[] = [];
  for (let at = index; at >= 0; at = parents[at]!) line.push(at);
  return line;
}
