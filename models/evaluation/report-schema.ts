import { z } from 'zod';
import { EvaluationType, Wording } from './rows.ts';

/** Shape of an evaluation's JSON file, format version 1. Parts and rates are 0..1 unless a name says points. */

const Count = z.int().min(0);
const Rate = z.number().min(0).max(1);
/** Null where there is nothing to divide by. */
const RateOrNone = Rate.nullable();

/** Figures over some of the questions. */
export const Part = z.object({
  questions: Count,
  frames: Count,
  /** Questions that have a true box: what `miou` and the illusions are over. */
  withBox: Count,
  /** Micro accuracy. */
  accuracy: Rate,
  macroF: Rate,
  /** True mean IoU; a row without a usable box counts 0. */
  miou: RateOrNone,
  /** Mean IoU as the reference repository computes it: inflated, comparable with published figures only. */
  miouReference: RateOrNone,
  /** Accuracy of the most frequent answer to each question, with no image. */
  blindFloor: Rate,
  /** `accuracy` minus `blindFloor`. */
  margin: z.number().min(-1).max(1),
  /** Half widths of 95 % intervals, drawn frames taken as the sample; null on fewer than two frames. */
  halfWidths: z.object({
    accuracy: z.number().nullable(),
    miou: z.number().nullable(),
    illusions: z.number().nullable(),
  }),
  illusions: z.object({
    rows: Count,
    count: Count,
    rate: RateOrNone,
    rightLabels: Count,
    rateAmongRight: RateOrNone,
    /** Of the right labels: with a box of too little overlap, with no usable box, against their own box. */
    misplaced: Count,
    withoutBox: Count,
    contradictory: Count,
  }),
  format: z.object({
    wellFormed: Count,
    rate: Rate,
    /** Answers whose label is on no list. */
    unknownLabels: Count,
    /** Rows with a true box whose answer has none that can be used. */
    withoutBox: Count,
  }),
  /** Part of the answers whose label, reasoning and box tell one story, right or wrong. */
  coherent: Rate,
  abstention: z.object({
    absent: Count,
    rightly: Count,
    rate: RateOrNone,
    present: Count,
    falsely: Count,
    falseRate: RateOrNone,
  }),
  /**
   * Of the questions whose answer names several things: how many of the things are named with a box that overlaps theirs by 0.5
   * or more. Null without such questions; missing in reports from before there were any.
   */
  lists: z
    .object({ questions: Count, things: Count, precision: RateOrNone, recall: Rate, f: Rate })
    .nullable()
    .default(null),
  /** Questions that are not to be answered, and those that are, with how many the model declined of each. */
  refusals: z
    .object({
      outOfScope: Count,
      caught: Count,
      rate: RateOrNone,
      inScope: Count,
      wrongly: Count,
      wrongRate: RateOrNone,
    })
    .nullable()
    .default(null),
});
export type Part = z.infer<typeof Part>;
export type PartName = z.infer<typeof EvaluationType>;

const Calibration = z.object({
  count: Count,
  error: Rate,
  bins: z.array(
    z.object({ from: Rate, to: Rate, count: Count, confidence: RateOrNone, accuracy: RateOrNone }),
  ),
});

const Selection = z.object({
  count: Count,
  auroc: RateOrNone,
  aurc: Rate,
  points: z.array(z.object({ coverage: Rate, threshold: Rate, accuracy: Rate })),
});

export const Wordings = z.object({
  byWording: z.partialRecord(Wording, z.object({ questions: Count, accuracy: Rate })),
  /** Accuracy on the data set's wording minus that on all others, in points of a hundred. */
  lossPoints: z.number().nullable(),
  /** The same over questions that were asked in both kinds of words about one picture. */
  paired: z.object({ groups: Count, lossPoints: z.number().nullable() }),
  /** Part of the questions asked in several wordings that got one label for all of them. */
  consistency: z.object({ groups: Count, rate: RateOrNone }),
});
export type Wordings = z.infer<typeof Wordings>;

export const EvaluationFigures = z.object({
  /** Types of question that `overall`, calibration, wordings and classes are over. */
  countedTypes: z.array(EvaluationType),
  overall: Part,
  byType: z.partialRecord(EvaluationType, Part),
  blindFloorFittedOn: z.enum(['training rows', 'the evaluated rows']),
  calibration: z.object({ answer: Calibration.nullable(), box: Calibration.nullable() }),
  /** How well the stated probability tells right from wrong; missing in reports from before it was measured. */
  selection: Selection.nullable().optional(),
  wordings: Wordings,
  perClass: z.record(
    z.string(),
    z.object({ support: Count, predicted: Count, precision: Rate, recall: Rate, f: Rate }),
  ),
  confusion: z.partialRecord(
    EvaluationType,
    z.object({ labels: z.array(z.string()), counts: z.array(z.array(Count)) }),
  ),
});
export type EvaluationFigures = z.infer<typeof EvaluationFigures>;

export const EvaluationReport = z.object({
  format: z.literal('surgery-r1-evaluation'),
  formatVersion: z.literal(1),
  /** What the run belongs to, for tables over several: a method, and the seed it was trained with. */
  label: z.string(),
  seed: z.int().nullable(),
  model: z.object({
    id: z.string(),
    name: z.string(),
    /** Identity of the weights; null for answers that came without one. */
    sha256: z.string().nullable(),
    domain: z.string(),
  }),
  data: z.object({
    source: z.string(),
    layout: z.enum(['endovis', 'dataset']),
    split: z.string().nullable(),
    /** Drawn, not filmed: never comparable with published figures. */
    synthetic: z.boolean(),
    /** Over the measured rows: ids, questions, true labels and boxes. */
    sha256: z.string(),
    questions: Count,
    frames: Count,
  }),
  /** How the answers were made: decoding settings, and a limit where there was one. */
  settings: z.record(z.string(), z.unknown()),
  figures: EvaluationFigures,
  /** Questions that are not in the figures, and why. */
  problems: z.array(z.object({ where: z.string(), what: z.string() })),
  /** All that differs between two runs of the same thing. */
  timing: z.object({
    startedAt: z.string(),
    seconds: z.number().min(0),
    answeredNow: Count,
    answeredBefore: Count,
  }),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;
