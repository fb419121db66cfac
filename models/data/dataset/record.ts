import type { Decision } from '../../../preload/contract/verdicts.ts';
import { z } from 'zod';
import { absentLabel } from '../../../preload/contract/coherence.ts';
import { ModelTeaching } from '../../../preload/contract/teaching.ts';
import { Box } from '../../../preload/contract/values.ts';
import { QUESTION_TYPES } from '../labels.ts';
import { isPlaceless } from './language/answers.ts';

/** The folder that `cli data build` writes: `dataset.json`, `DATA_CARD.md` and one JSONL file a split. */

export const FORMAT = 'surgery-r1-54k-style';
export const FORMAT_VERSION = 1;

export const KINDS = ['visual-qa', 'grounding-qa', 'chain-of-thought'] as const;
export const SPLITS = ['train', 'validation', 'test'] as const;
/**
 * The data set's own words, another of the training wordings, a wide one of training with words that no list has, one
 * that only the test split has, or a training wording with a word that only the test split says.
 */
export const WORDINGS = ['dataset', 'paraphrase', 'wide', 'held-out', 'held-out-words'] as const;
/** What an annotation of EndoVis-VQLA answers. */
export const RECORD_TYPES = [...QUESTION_TYPES, 'grounding'] as const;
/** What only a drawn scene answers, of which everything is known; `refusal`: what is not to be answered. */
export const SCENE_TYPES = [
  'instruments',
  'count',
  'presence',
  'relation',
  'description',
  'refusal',
] as const;
export const ALL_TYPES = [...RECORD_TYPES, ...SCENE_TYPES] as const;
export const SPAN_ROLES = ['presence', 'place', 'cue', 'label'] as const;

/** [begin, end, role]: characters of `reasoning` from begin up to end, with the space before them. */
export const Span = z.tuple([z.int().min(0), z.int().positive(), z.enum(SPAN_ROLES)]);

/** Where a record comes from. `line` counts from 1; null when a whole label file says it, as what is absent. */
export const AnnotationProvenance = z.strictObject({
  type: z.literal('annotation'),
  file: z.string().min(1),
  line: z.int().positive().nullable(),
});

/** A question that was answered in the workstation and judged by a person. Times in ms since the epoch. */
export const ReviewedProvenance = z.strictObject({
  type: z.literal('reviewed'),
  sessionId: z.string().min(1),
  questionId: z.string().min(1),
  /** What the person typed, where the model was asked it in words that it was taught: those are the record's question. */
  typed: z.string().min(1).optional(),
  answerId: z.string().min(1),
  verdict: z.enum(['accepted', 'corrected'] satisfies Decision[]),
  reviewer: z.string().nullable(),
  reviewedAt: z.int().min(0),
  /** No SHA-256 where it answered on a server. */
  model: z.strictObject({ name: z.string(), sha256: z.string().nullable() }).nullable(),
  answeredAt: z.int().min(0),
  frame: z.strictObject({ fingerprint: z.string(), index: z.int().min(0), hash: z.string() }),
});

/** Two kinds of origin: a data set's annotation, or a reviewed session. */
export const Provenance = z.discriminatedUnion('type', [AnnotationProvenance, ReviewedProvenance]);

/** One of several things that an answer names. */
export const AnswerItem = z.strictObject({ label: z.string().min(1), box: Box });
export type AnswerItem = z.infer<typeof AnswerItem>;

/** One line of a JSONL file: a question about one picture with its true answer. */
export const DatasetRecord = z
  .strictObject({
    /** `<source>/<image without extension>#<n>`, unique in the whole data set. */
    id: z.string().min(1),
    kind: z.enum(KINDS),
    split: z.enum(SPLITS),
    source: z.string().min(1),
    sequence: z.string().min(1),
    /** Path below the source's root, with forward slashes. */
    image: z.string().min(1),
    width: z.int().positive(),
    height: z.int().positive(),
    questionType: z.enum(ALL_TYPES),
    /** What the question is about: an instrument or an organ, asked for even where it is absent. */
    subject: z.string().min(1),
    question: z.string().min(1),
    wording: z.enum(WORDINGS),
    label: z.string().min(1),
    /**
     * [x1, y1, x2, y2] in continuous pixels of the image, counted from 0; null where the subject is absent, where the
     * label has no place, and where `items` have the boxes.
     */
    box: Box.nullable(),
    /** Of an answer with several boxes: each with its name, from the top of the picture to its bottom. */
    items: z.array(AnswerItem).min(1).optional(),
    reasoning: z.string().min(1).nullable(),
    spans: z.array(Span),
    provenance: Provenance,
  })
  .refine(({ label, box, items }) => (isPlaceless(label) || items !== undefined) === (box === null), {
    message: `the box is null exactly where the label has no place, such as "${absentLabel}", or there are items`,
    path: ['box'],
  });

export type DatasetRecord = z.infer<typeof DatasetRecord>;
export type Kind = DatasetRecord['kind'];
export type Split = DatasetRecord['split'];
export type Wording = DatasetRecord['wording'];
export type RecordType = (typeof RECORD_TYPES)[number];
export type SceneType = (typeof SCENE_TYPES)[number];
export type AnyType = DatasetRecord['questionType'];
export type Span = z.infer<typeof Span>;
export type SpanRole = Span[2];

/** How many records there are, by what. */
export const Counts = z.object({
  frames: z.int().min(0),
  records: z.int().min(0),
  byKind: z.record(z.string(), z.int()),
  byType: z.record(z.string(), z.int()),
  byWording: z.record(z.string(), z.int()),
  /** Question type, then label. */
  byLabel: z.record(z.string(), z.record(z.string(), z.int())),
});
export type Counts = z.infer<typeof Counts>;

export const SourceEntry = z.object({
  name: z.string().min(1),
  /** Absolute path: `image` of a record lies below it. */
  root: z.string().min(1),
  layout: z.enum(['endovis', 'scenes', 'reviewed', 'masks', 'coco', 'cvat']),
  generator: z.string().optional(),
  seed: z.int().optional(),
});
export type SourceEntry = z.infer<typeof SourceEntry>;

/** `dataset.json`. */
export const DatasetFile = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  sources: z.array(SourceEntry).min(1),
  options: z.record(z.string(), z.unknown()),
  /** What reasoning says of a look with a colour, and the same without: for pictures whose hue training turns. */
  colourless: z.record(z.string(), z.string()).optional(),
  /** What a model learns of questions from these records, for its manifest. */
  taught: ModelTeaching.optional(),
  counts: z.partialRecord(z.enum(SPLITS), Counts),
});
export type DatasetFile = z.infer<typeof DatasetFile>;
