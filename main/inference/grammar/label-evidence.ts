import type { AnswerEvidence } from '../../../preload/contract/domain.ts';
import { fromBinary } from '../model/token-bytes.ts';
import type { ChoiceNode } from './canonical-tokens.ts';
import { logSumExp } from './log-probabilities.ts';

/** A tree of labels, as far as it takes a look at the model to tell its branches apart. */
export interface LabelTree {
  /** Tokens to try, parents first. */
  readonly tokens: readonly { readonly id: number; readonly parent: number; readonly node: ChoiceNode }[];
}

/** Whether the model has a choice after this token. */
function branches(node: ChoiceNode): boolean {
  return node.children.size + (node.choice === null ? 0 : 1) > 1;
}

/** The tokens after which labels part, and those that lead there. The root itself is known from the answer. */
export function labelTree(root: ChoiceNode): LabelTree {
  const tokens: { id: number; parent: number; node: ChoiceNode }[] = [];
  const leads = (node: ChoiceNode): boolean => branches(node) || [...node.children.values()].some(leads);
  const visit = (node: ChoiceNode, parent: number): void => {
    for (const [id, child] of node.children) {
      if (!leads(child)) continue;
      tokens.push({ id, parent, node: child });
      visit(child, tokens.length - 1);
    }
  };
  visit(root, -1);
  return { tokens };
}

/**
 * The probability of each label among those that the grammar allows: at every parting the model's scores of the
 * allowed tokens, normalised over them, multiplied along the label.
 *
 * @param root The choices, with `rootLogits` `[vocabulary]` before the first token of the label.
 * @param tree Of the same choices, with `treeLogits` `[tokens, vocabulary]` after each of its tokens.
 * @returns Labels with their probabilities, the most likely first; the sum is 1.
 */
export function labelProbabilities(
  root: ChoiceNode,
  rootLogits: Float32Array,
  tree: LabelTree,
  treeLogits: Float32Array,
): AnswerEvidence['choices'] {
  const size = rootLogits.length;
  const logitsOf = new Map<ChoiceNode, Float32Array>([[root, rootLogits]]);
  tree.tokens.forEach(({ node }, index) => {
    logitsOf.set(node, treeLogits.subarray(index * size, (index + 1) * size));
  });
  const found: { label: string; probability: number }[] = [];
  const visit = (node: ChoiceNode, logProbability: number): void => {
    const tokens = [...node.children.keys()];
    const closes = node.choice !== null && node.follower !== null;
    const logits = tokens.length + (closes ? 1 : 0) > 1 ? logitsOf.get(node) : undefined;
    const scores = [...tokens, ...(closes ? [node.follower!] : [])].map((id) => logits?.[id] ?? 0);
    const total = scores.length > 0 ? logSumExp(Float32Array.from(scores)) : 0;
    tokens.forEach((id, index) => {
      visit(node.children.get(id)!, logProbability + scores[index]! - total);
    });
    if (node.choice !== null) {
      const own = tokens.length === 0 ? 0 : (scores.at(-1) ?? 0) - total;
      const label = JSON.parse(`"${fromBinary(node.choice)}"`) as string;
      found.push({ label, probability: Math.min(1, Math.exp(logProbability + own)) });
    }
  };
  visit(root, 0);
  return found.toSorted((first, second) => second.probability - first.probability);
}

/** Shannon entropy in bits: 0 where the model is sure, log2(n) where n labels are equally likely. */
export function entropyBits(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, value) => sum - (value > 0 ? value * Math.log2(value) : 0), 0);
}
