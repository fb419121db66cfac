import type { ModelLabels } from '../../../preload/contract/model.ts';
import { questionText } from '../../../preload/contract/vocabulary.ts';
import type { GrammarOptions } from './grammar-state.ts';

const anyTool = '\u0000';

/** A question's wording as a pattern, with anything in place of the tool. */
function wording(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replace(anyTool, '.+')}$`, 'i');
}

const kinds: readonly { wording: RegExp; labels: (labels: ModelLabels) => readonly string[] }[] = [
  { wording: wording(questionText.organ()), labels: ({ organ }) => organ },
  { wording: wording(questionText.state(anyTool)), labels: ({ state }) => state },
  { wording: wording(questionText.location(anyTool)), labels: ({ location }) => location },
  { wording: /^Locate the .+\.$/i, labels: ({ grounding, organ }) => [...(grounding ?? []), ...organ] },
];

/**
 * What may answer a question, for the grammar: labels with a box, labels without, and lists. A question in the data
 * set's own words has one answer of its kind; any other may get whatever the model was taught.
 */
export function answerLabels(
  question: string,
  labels: ModelLabels | undefined,
): Pick<GrammarOptions, 'labels' | 'boxless' | 'lists'> {
  if (labels === undefined) return { labels: null };
  const own = labelsFor(question, labels);
  const { presence, refusals = [], lists } = labels;
  if (kindOf(question) !== undefined) return { labels: own };
  const listed = [...(labels.grounding ?? []), ...labels.organ, ...(lists?.names ?? [])];
  return {
    labels: [...new Set([...own, ...(presence ? [presence.yes] : [])])],
    boxless: [...(presence ? [presence.no] : []), ...refusals],
    lists: lists
      ? {
          heads: [...lists.counts, ...(presence ? [presence.yes] : [])],
          items: [...new Set(listed)],
          most: lists.most,
        }
      : null,
  };
}

const kindOf = (question: string): (typeof kinds)[number] | undefined =>
  kinds.find((candidate) => candidate.wording.test(question.trim()));

/**
 * The labels that may answer a question: those of its kind where it is put in the data set's own words, else all
 * that the model knows, as a free wording doesn't tell its kind. The absent label is always among them.
 */
export function labelsFor(question: string, labels: ModelLabels): readonly string[] {
  const own = kindOf(question)?.labels(labels) ?? [];
  const all = [labels.organ, labels.state, labels.location, labels.grounding ?? []].flat();
  return [...new Set([...(own.length > 0 ? own : all), labels.absent])];
}
