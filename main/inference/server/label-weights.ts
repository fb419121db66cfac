import type { AnswerEvidence } from '../../../preload/contract/domain.ts';
import type { TokenChoice } from './chat-stream.ts';
import type { PlacedToken } from './written-text.ts';

/** Branches less likely than this are left out rather than asked for. */
const negligible = 0.002;
/** The share that labels which the server did not list may have at most, for the listed ones to be told. */
const tolerated = 0.02;

export interface LabelQuestion {
  readonly raw: string;
  /** Where the label stands in the text, `[start, end)`. */
  readonly range: readonly [number, number];
  readonly tokens: readonly PlacedToken[];
  readonly labels: readonly string[];
  /**
   * The likeliest tokens after this beginning of an answer; null where the server can't say, or may not be asked
   * any more.
   */
  readonly after: (beginning: string) => Promise<readonly TokenChoice[] | null>;
}

/**
 * The probability of each label among those that were possible, read off the server's lists of likely tokens: at
 * every parting of labels the tokens that lead to one are weighed against each other, and multiplied along the way.
 * Where a token leads to several labels that the answer itself did not tell apart, the server is asked what would
 * have followed.
 *
 * @returns The most likely first, with sum 1; empty where a branch that matters remains unknown, or where labels that
 *   the server did not list may be as likely as those that it did.
 */
export async function weighLabels(question: LabelQuestion): Promise<AnswerEvidence['choices']> {
  const { raw, range, labels } = question;
  // The quotation mark tells a label from a longer one that begins alike.
  const spelled = labels.map((label) => ({ label, text: `${JSON.stringify(label).slice(1, -1)}"` }));
  const weights = new Map<string, number>();
  let unknown = false;

  const visit = async (
    written: string,
    left: typeof spelled,
    share: number,
    listed: readonly TokenChoice[] | null,
  ): Promise<void> => {
    const [only] = left;
    if (left.length <= 1) {
      if (only !== undefined) weights.set(only.label, (weights.get(only.label) ?? 0) + share);
      return;
    }
    if (share < negligible) return;
    const candidates = listed ?? (await question.after(raw.slice(0, range[0]) + written));
    if (candidates === null) {
      unknown = true;
      return;
    }
    const branches = candidates.flatMap(({ text, logProbability }) => {
      const next = text === '' ? [] : left.filter((label) => leadsTo(label.text, written, text));
      return next.length === 0 ? [] : [{ text, next, weight: Math.exp(logProbability) }];
    });
    const total = branches.reduce((sum, { weight }) => sum + weight, 0);
    const listedLabels = new Set(branches.flatMap(({ next }) => next));
    // What is not listed is at most as likely as the last that is.
    const least = Math.exp(Math.min(...candidates.map(({ logProbability }) => logProbability)));
    if (total === 0 || (left.length - listedLabels.size) * least > tolerated * total) {
      unknown = true;
      return;
    }
    for (const { text, next, weight } of branches) {
      const longer = written + text;
      await visit(longer, next, (share * weight) / total, ownList(question, longer));
    }
  };

  await visit('', spelled, 1, ownList(question, ''));
  if (unknown || weights.size === 0) return [];
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  return [...weights]
    .map(([label, weight]) => ({ label, probability: Math.min(1, weight / sum) }))
    .toSorted((first, second) => second.probability - first.probability);
}

/** Whether this token takes a text on its way to the label; it may reach past the label's end. */
function leadsTo(label: string, written: string, token: string): boolean {
  const rest = label.slice(written.length);
  return rest.startsWith(token) || token.startsWith(rest);
}

/**
 * What the answer's own tokens say of the place after `written`: the list of the token that begins there, where
 * the answer took this way. A token that begins before the label, as a quotation mark melted with it does, is read
 * from where the label begins.
 */
function ownList({ raw, range, tokens }: LabelQuestion, written: string): readonly TokenChoice[] | null {
  const at = range[0] + written.length;
  if (raw.slice(range[0], at) !== written) return null;
  const token = tokens.find(({ start, end }) => start <= at && end > at);
  if (token === undefined || (token.start !== at && written !== '')) return null;
  const before = raw.slice(token.start, at);
  return token.top
    .filter(({ text }) => text.startsWith(before))
    .map(({ text, logProbability }) => ({ text: text.slice(before.length), logProbability }));
}
