import { readFile } from 'node:fs/promises';
import { basename, extname, relative } from 'node:path';
import { clampBox } from '../../preload/contract/boxes.ts';
import { isAbsentLabel } from '../../preload/contract/coherence.ts';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import type { Box, Size } from '../../preload/contract/values.ts';
import { reasonInWords } from '../../main/platform/file-errors.ts';
import { imageSize } from '../../main/platform/image-size.ts';
import { ImageIndex, stemsOf, usedLabels, walk } from './endovis-files.ts';
import type { Found, LabelFile, ReadOptions, Skipped } from './endovis-files.ts';
import { questionTypeOf } from './labels.ts';
import type { QuestionType } from './labels.ts';

export type { LabelFile, ReadOptions, Skipped } from './endovis-files.ts';

/**
 * Reader of EndoVis-18-VQLA and EndoVis-17-VQLA, and of the variants of their layout in circulation:
 * with and without `label/`, `vqla/` or `vqa/Classification/`, images in `left_frames/`, beside it or
 * under `Train_Data/`. It takes what it understands and reports the rest.
 */

/** The split of EndoVis-18-VQLA by sequence number. EndoVis-17-VQLA is an external test set as a whole. */
export const ENDOVIS_18_SPLIT = {
  train: [2, 3, 4, 6, 7, 9, 10, 11, 12, 14, 15],
  test: [1, 5, 16],
} as const;

/** One question about one frame, with its true answer. */
export interface QuestionRow {
  /** Path of the image file. */
  image: string;
  /** Stem of the image file, as `frame003`. */
  frameId: string;
  /** Sequence folder, as `seq_1`; null in a flat layout. */
  sequence: string | null;
  question: string;
  questionType: QuestionType;
  /** As spelt in the label file: case matters. */
  answer: string;
  /**
   * [x1, y1, x2, y2] in pixels of the image, counted from 0; null where the label file has no boxes and where the
   * answer is `not visible`.
   */
  box: Box | null;
  /** Size of the image in pixels. */
  width: number;
  height: number;
}

/** One picture with the questions of its label file. */
export interface AnnotatedFrame {
  /** Path of the image file. */
  image: string;
  frameId: string;
  sequence: string | null;
  width: number;
  height: number;
  /** Label file, below the data set's folder. */
  file: string;
  rows: AnnotatedRow[];
  /**
   * Whether the rows are all that is said of the picture: every line was read, and no other label file names it. Only
   * then is what they do not name absent.
   */
  whole: boolean;
}

export type AnnotatedRow = Pick<QuestionRow, 'question' | 'questionType' | 'answer' | 'box'> & {
  /** Line in the label file, counted from 1. */
  line: number;
};

export interface QuestionSet {
  rows: QuestionRow[];
  skipped: Skipped[];
  /** Rows that were kept with their box cut off at the image's edge. */
  corrected: Skipped[];
  frames: number;
}

interface ParsedLine {
  question: string;
  questionType: QuestionType;
  answer: string;
  box: Box | null;
  note: string | null;
}

/**
 * One line of a label file: `question|answer|x1,y1,x2,y2`, integer pixels counted from 1, or
 * `question|answer` in the sets without boxes and for the answer `not visible`. Returns the reason when it cannot be read.
 */
export function parseLabelLine(line: string, size: Size, boxes: boolean): ParsedLine | { reason: string } {
  const fields = line.split('|').map((field) => field.trim());
  const [question = '', answer = '', place = ''] = fields;
  // The answer to a question about an instrument that the picture does not show; it has no box.
  const absent = isAbsentLabel(answer) && /^(?:null|none)?$/i.test(place);
  if (fields.length !== 3 && !(fields.length === 2 && (!boxes || absent))) {
    return { reason: `expected question|answer|x1,y1,x2,y2, got ${fields.length} field(s)` };
  }
  const questionType = questionTypeOf(question);
  if (!questionType) return { reason: 'a question outside the three templates' };
  if (answer === '') return { reason: 'an empty answer' };
  if (absent || (place === '' && !boxes)) return { question, questionType, answer, box: null, note: null };
  const numbers = place.split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (numbers.length !== 4 || numbers.some((value) => !Number.isFinite(value))) {
    return { reason: `a box is four numbers, got "${place.slice(0, 40)}"` };
  }
  const [x1, y1, x2, y2] = numbers.map((value) => value - 1) as [number, number, number, number];
  if (x2 <= x1 || y2 <= y1) return { reason: `a box without area: ${place}` };
  if (isAbsentLabel(answer)) return { reason: `a box for the answer "${answer}": ${place}` };
  const box = clampBox([x1, y1, x2, y2], size);
  if (!box) return { reason: `a box outside the ${size.width}x${size.height} image: ${place}` };
  const cut = box.some((value, i) => Math.abs(value - [x1, y1, x2, y2][i]!) > 1);
  const note = cut ? `box cut off at the edge of the ${size.width}x${size.height} image: ${place}` : null;
  return { question, questionType, answer, box, note };
}

/** A data set whose files are known and whose pictures are read one after the other. */
export interface EndoVisFolder {
  folder: string;
  /** Label files to read, in order of sequence and name. */
  labels: readonly LabelFile[];
  /** Files that will not be read, and what `frames` met so far. */
  skipped: Skipped[];
  corrected: Skipped[];
  textFiles: number;
  imageFiles: number;
  /** Reads the label files one after the other; `onFile` is told of each before it is read. */
  frames: (options?: {
    onFile?: (label: LabelFile) => void;
    signal?: AbortSignal | undefined;
  }) => AsyncGenerator<AnnotatedFrame>;
}

/**
 * Find a data set's files: the folder itself, one of its sequences, or a folder that holds it.
 *
 * @throws WorkstationError `file-missing` when the folder cannot be read.
 */
export async function openEndoVis(folder: string, options: ReadOptions = {}): Promise<EndoVisFolder> {
  const found: Found = { labels: [], images: [] };
  try {
    await walk(folder, 0, found);
  } catch (error) {
    throw new WorkstationError(
      'file-missing',
      `The data set's folder ${folder} cannot be read: ${reasonInWords(error)}.`,
      'Give the folder that holds seq_1, seq_2 and so on, or left_frames and vqla.',
      { cause: error },
    );
  }
  const images = new ImageIndex(found.images);
  const skipped: Skipped[] = [];
  const corrected: Skipped[] = [];
  const labels = usedLabels(folder, found.labels, options, skipped);
  const labelFiles = Map.groupBy(labels, (label) => images.of(label));
  return {
    folder,
    labels,
    skipped,
    corrected,
    textFiles: found.labels.length,
    imageFiles: found.images.length,
    async *frames({ onFile, signal } = {}) {
      for (const label of labels) {
        throwIfAborted(signal);
        onFile?.(label);
        const frame = await readLabels(folder, label, images, { skipped, corrected });
        if (frame) yield { ...frame, whole: frame.whole && labelFiles.get(frame.image)?.length === 1 };
      }
    },
  };
}

/**
 * Read a whole data set. Rows come in order of sequence, file and line.
 *
 * @throws WorkstationError `file-missing` when the folder cannot be read, `data-malformed` when it holds no
 * question that can be used.
 */
export async function readEndoVis(folder: string, options: ReadOptions = {}): Promise<QuestionSet> {
  const set = await openEndoVis(folder, options);
  const rows: QuestionRow[] = [];
  const frames = new Set<string>();
  for await (const frame of set.frames({ signal: options.signal })) {
    const { image, frameId, sequence, width, height } = frame;
    frames.add(image);
    for (const { line: _line, ...row } of frame.rows) {
      rows.push({ image, frameId, sequence, ...row, width, height });
    }
  }
  if (rows.length === 0) throw noQuestions(set);
  return { rows, skipped: set.skipped, corrected: set.corrected, frames: frames.size };
}

/** The error of a data set without a single usable question. */
export function noQuestions(set: EndoVisFolder): WorkstationError {
  const first = set.skipped[0];
  return new WorkstationError(
    'data-malformed',
    `No question was found in ${set.folder} (${set.textFiles} text files, ${set.imageFiles} images` +
      `${first ? `; first problem: ${first.file}${first.line === null ? '' : `:${first.line}`}: ${first.reason}` : ''}).`,
    'The layout is seq_N/left_frames/frameNNN.png with seq_N/vqla/label/frameNNN_QAL.txt, or left_frames/*.jpg with vqla/label/*.txt.',
  );
}

async function readLabels(
  folder: string,
  label: LabelFile,
  images: ImageIndex,
  notes: { skipped: Skipped[]; corrected: Skipped[] },
): Promise<AnnotatedFrame | null> {
  const file = relative(folder, label.path);
  const skip = (line: number | null, reason: string): void => {
    notes.skipped.push({ file, line, reason });
  };
  const image = images.of(label);
  if (image === null) {
    skip(null, `no image named ${stemsOf(label).join(' or ')} in ${label.sequence ?? 'the set'}`);
    return null;
  }
  let size: Size | null;
  try {
    size = await imageSize(image);
  } catch (error) {
    skip(null, `the image ${relative(folder, image)} cannot be read: ${reasonInWords(error)}`);
    return null;
  }
  if (size === null) {
    skip(null, `the image ${relative(folder, image)} is not a readable PNG or JPEG`);
    return null;
  }
  let text: string;
  try {
    text = (await readFile(label.path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    skip(null, `the label file cannot be read: ${reasonInWords(error)}`);
    return null;
  }
  const rows: AnnotatedRow[] = [];
  let whole = true;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    const parsed = parseLabelLine(line, size, label.kind === 'vqla');
    if ('reason' in parsed) {
      skip(index + 1, parsed.reason);
      whole = false;
      continue;
    }
    const { note, ...row } = parsed;
    if (note !== null) notes.corrected.push({ file, line: index + 1, reason: note });
    rows.push({ ...row, line: index + 1 });
  }
  if (text.trim() === '') skip(null, 'an empty label file');
  if (rows.length === 0) return null;
  return {
    image,
    frameId: basename(image, extname(image)),
    sequence: label.sequence,
    ...size,
    file,
    rows,
    whole,
  };
}
