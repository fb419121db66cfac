import type { ModelLabels } from '../../../preload/contract/model.ts';
import { questionText } from '../../../preload/contract/vocabulary.ts';

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
 * The labels that may answer a question: those of its kind where it is put in the data set's own words, else all
 * that the model knows, as a free wording doesn't tell its kind. The absent label is always among them.
 */
export function labelsFor(question: string, labels: ModelLabels): readonly string[] {
  const kind = kinds.find((candidate) => candidate.wording.test(question.trim()));
  const own = kind?.labels(labels) ?? [];
  const all = [labels.organ, labels.state, labels.location, labels.grounding ?? []].flat();
  return [...new Set([...(own.length > 0 ? own : all), labels.absent])];
}
