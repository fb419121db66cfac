import { absentLabel, isSameLabel, type Answer, type EntrySummary } from '../../preload/contract/index.ts';

/** Labels to choose from: those that the model could have given here, those of the site, and those that the session has. */
export function vocabularyOf(
  { answer, entries }: { answer: Answer | null; entries: readonly EntrySummary[] },
  site: readonly string[] = [],
): string[] {
  const possible = answer?.evidence?.choices.map(({ label }) => label) ?? [];
  const named = answer?.items.map(({ label }) => label) ?? [];
  const given = entries.flatMap(({ newest }) => (newest.itemCount > 0 ? [] : (newest.label ?? [])));
  // A session may have thousands of answers with a handful of labels: each spelling is compared once.
  const all = [...new Set([...possible, ...named, ...site, ...given, absentLabel])];
  return all.filter((label, index) => all.findIndex((other) => isSameLabel(other, label)) === index);
}

/** A typed label in the spelling of the vocabulary, where that has it. */
export const spelt = (label: string, vocabulary: readonly string[]): string =>
  vocabulary.find((known) => isSameLabel(known, label)) ?? label;
