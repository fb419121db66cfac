import { z } from 'zod';
import { rejectReasonWords } from '../words/verdicts.ts';
import type { SiteSettings } from './settings.ts';

/** The parts of site settings, in the order in which people are told of them. */
export const SitePart = z.enum([
  'name',
  'label',
  'question-set',
  'segment-names',
  'reject-reason',
  'threshold',
]);
export type SitePart = z.infer<typeof SitePart>;

/** What importing a file adds, changes or removes. */
export const SiteDifference = z.object({
  part: SitePart,
  kind: z.enum(['added', 'changed', 'removed']),
  /** The thing itself: a label, the name of a question set or list, the words of a reason. */
  what: z.string(),
  /** How it was and how it is now, where more than its being there tells; null otherwise. */
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type SiteDifference = z.infer<typeof SiteDifference>;

/** The things of one part, each with its text, in their order. */
type Things = ReadonlyMap<string, string>;

const thingsOf: Readonly<Record<SitePart, (settings: SiteSettings) => Things>> = {
  name: ({ name }) => new Map(name === '' ? [] : [['name', name]]),
  label: ({ labels }) => new Map(labels.map((label) => [label, label])),
  'question-set': ({ questionSets }) =>
    new Map(questionSets.map(({ name, questions }) => [name, questions.join(' · ')])),
  'segment-names': ({ segmentNames }) =>
    new Map(segmentNames.map(({ list, names }) => [list, names.join(' · ')])),
  'reject-reason': ({ rejectReasons }) =>
    new Map(rejectReasons.map(({ words, means }) => [words, rejectReasonWords[means]])),
  threshold: ({ thresholds: { unsureBelow, unlikePictures } }) =>
    new Map([
      ...(unsureBelow === undefined ? [] : [['unsure below', String(unsureBelow)] as const]),
      ...(unlikePictures === undefined ? [] : [['unlike pictures', unlikePictures] as const]),
    ]),
};

/** Compares two site settings; nothing in the result means that they are equal, but for the order within a part. */
export function siteDifferences(before: SiteSettings, after: SiteSettings): SiteDifference[] {
  return SitePart.options.flatMap((part) => {
    const old = thingsOf[part](before);
    const now = thingsOf[part](after);
    const gone = [...old].filter(([what]) => !now.has(what));
    const fresh = [...now].flatMap(([what, text]): SiteDifference[] => {
      const was = old.get(what);
      if (was === text) return [];
      const told = text === what ? null : text;
      return [
        was === undefined
          ? { part, kind: 'added', what, before: null, after: told }
          : { part, kind: 'changed', what, before: was, after: told },
      ];
    });
    const removed = gone.map(([what, was]): SiteDifference => ({
      ...{ part, kind: 'removed', what, before: was === what ? null : was, after: null },
    }));
    return [...fresh, ...removed, ...movedOf(part, old, now)];
  });
}

/** A change of order, which matters for what is offered first, is told once for a part. */
function movedOf(part: SitePart, old: Things, now: Things): SiteDifference[] {
  const kept = [...old.keys()].filter((what) => now.has(what));
  const keptNow = [...now.keys()].filter((what) => old.has(what));
  if (kept.every((what, index) => what === keptNow[index])) return [];
  return [{ part, kind: 'changed', what: 'order', before: null, after: null }];
}

const partWords: Readonly<Record<SitePart, string>> = {
  name: 'Name of the site',
  label: 'Label',
  'question-set': 'Question set',
  'segment-names': 'Segment names',
  'reject-reason': 'Reason for rejection',
  threshold: 'Threshold',
};

/** "Label added: Stapler", "Threshold changed: unsure below, from 0.5 to 0.6". */
export function siteDifferenceInWords({ part, kind, what, before, after }: SiteDifference): string {
  const head = `${partWords[part]} ${kind}: ${part === 'name' ? (after ?? before ?? '') : what}`;
  if (kind === 'changed' && part !== 'name' && before !== null && after !== null) {
    return `${head}, from ${before} to ${after}`;
  }
  return kind === 'added' && after !== null && part !== 'name' ? `${head} (${after})` : head;
}
