import { z } from 'zod';
import { isSameName } from '../marks.ts';
import { Sha256 } from '../values.ts';
import { mostRejectWords, RejectReason } from '../verdicts.ts';
import { visibleText } from '../visible-text.ts';
import { readable } from '../words/answers.ts';

/** What a file of site settings says of itself, by which it is told from any other JSON. */
export const siteFileFormat = 'surgery-r1-site-settings';
/** The newest version of such a file that this program reads, and the one that it writes. */
export const siteFileVersion = 1;
/** The most bytes of such a file. The record keeps the settings before and after a change, in a mebibyte together. */
export const mostSiteFileBytes = 256 * 1024;

export const mostSiteName = 120;
export const mostSiteLabels = 1000;
export const mostSiteLabelLength = 100;
export const mostQuestionSets = 50;
export const mostQuestionsOfSet = 50;
export const mostSiteQuestionLength = 500;
export const mostSegmentLists = 20;
export const mostNamesOfList = 200;
export const mostSegmentNameLength = 100;
export const mostRejectReasons = 20;

/** One line of text as people type it. Spaces are mended; what can't be seen is refused, because nobody could find it. */
const line = (most: number) =>
  z
    .string()
    .transform((text) => text.normalize('NFC').replace(/ {2,}/g, ' ').trim())
    .pipe(
      z
        .string()
        .min(1)
        .max(most)
        .superRefine((text, context) => {
          const seen = visibleText(text);
          if (seen !== text) {
            context.addIssue({ code: 'custom', message: `has characters that nobody can see: “${seen}”` });
          }
        }),
    );

/** A list in which nothing stands twice. The error says where the first one stands. */
const distinct = <Item extends z.ZodType>(
  item: Item,
  most: number,
  { name, same }: { name: (value: z.infer<Item>) => string; same: (one: string, other: string) => boolean },
) =>
  z
    .array(item)
    .max(most)
    .superRefine((items, context) => {
      items.forEach((value, index) => {
        const first = items.findIndex((other) => same(name(other), name(value)));
        if (first === index) return;
        const message = `“${name(value)}” is there already, as number ${first + 1} of this list`;
        context.addIssue({ code: 'custom', message, path: [index] });
      });
    });

const itself = { name: (value: string): string => value, same: isSameName };

/** Whether two labels are one, as "Tissue_Manipulation" and "tissue manipulation" are. */
export const isSameLabel = (one: string, other: string): boolean =>
  isSameName(readable(one), readable(other));

/** Questions that a site asks together. */
export const QuestionSet = z.strictObject({
  name: line(mostSiteName),
  questions: distinct(line(mostSiteQuestionLength), mostQuestionsOfSet, itself).min(1),
});
export type QuestionSet = z.infer<typeof QuestionSet>;

/** Names for segments that belong together, such as the phases of an operation, or its steps. */
export const SegmentNames = z.strictObject({
  list: line(mostSiteName),
  names: distinct(line(mostSegmentNameLength), mostNamesOfList, itself).min(1),
});
export type SegmentNames = z.infer<typeof SegmentNames>;

/** A site's own reason for rejecting an answer. Figures and training data know only what it `means`. */
export const SiteRejectReason = z.strictObject({ words: line(mostRejectWords), means: RejectReason });
export type SiteRejectReason = z.infer<typeof SiteRejectReason>;

export const SiteThresholds = z.strictObject({
  /** Answers with a smaller probability count as unsure. */
  unsureBelow: z.number().min(0).max(1).exactOptional(),
  /**
   * What is done where a picture is unlike those that the model was taught with: its answer is given and marked (also where
   * nothing is set), or none is given until a person wants it anyway.
   */
  unlikePictures: z.enum(['mark', 'refuse']).exactOptional(),
});
export type SiteThresholds = z.infer<typeof SiteThresholds>;

/**
 * What a site agrees on for all of its people: the words for labels, questions, segments and rejections, and thresholds. This
 * is also the format of the file by which it is carried from one machine to the next; docs/SITE-SETTINGS.md describes it.
 */
export const SiteSettings = z.strictObject({
  format: z.literal(siteFileFormat),
  version: z.literal(siteFileVersion),
  /** Whose settings they are; empty if nobody said. */
  name: z.union([z.literal(''), line(mostSiteName)]).default(''),
  labels: distinct(line(mostSiteLabelLength), mostSiteLabels, {
    name: (label: string) => label,
    same: isSameLabel,
  }).default([]),
  questionSets: distinct(QuestionSet, mostQuestionSets, {
    name: (set: { name: string }) => set.name,
    same: isSameName,
  }).default([]),
  segmentNames: distinct(SegmentNames, mostSegmentLists, {
    name: (names: { list: string }) => names.list,
    same: isSameName,
  }).default([]),
  rejectReasons: distinct(SiteRejectReason, mostRejectReasons, {
    name: (reason: { words: string }) => reason.words,
    same: isSameName,
  }).default([]),
  thresholds: SiteThresholds.default({}),
});
export type SiteSettings = z.infer<typeof SiteSettings>;

/** The settings of a site that has set nothing. */
export const noSiteSettings: SiteSettings = SiteSettings.parse({
  format: siteFileFormat,
  version: siteFileVersion,
});

/** The site settings that hold now. The hash is that of their canonical text; null while nothing is set. */
export const SiteSettingsNow = z.object({ settings: SiteSettings, sha256: Sha256.nullable() });
export type SiteSettingsNow = z.infer<typeof SiteSettingsNow>;

/** The text of a file with these settings. */
export const siteFileText = (settings: SiteSettings): string => `${JSON.stringify(settings, null, 2)}\n`;
