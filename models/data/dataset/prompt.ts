import { sourceBoxToModel } from '../../../preload/contract/boxes.ts';
import type { CoordinateSpace } from '../../../preload/contract/boxes.ts';
import { absentLabel } from '../../../preload/contract/coherence.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import { smartResize } from '../../../main/inference/index.ts';
import { listEntries } from './language/answers.ts';
import type { DatasetRecord } from './record.ts';

/** What a model reads and writes: the prompt's text, the answer's text, and boxes in the model's coordinates. */

const UNITS: Readonly<Record<CoordinateSpace, string>> = {
  'resized-pixels': 'pixels of the image',
  'normalized-1000': 'thousandths of the image width and height',
};

/**
 * The format of an answer, said to a model that was not taught it. The workstation asks the question alone, so a
 * model that is fine-tuned for it is taught without.
 */
export const answerInstructions = (space: CoordinateSpace): string =>
  'First reason inside <think> and </think>: what is seen, where in the image, and what follows. ' +
  'Then answer inside <answer> and </answer> with one JSON object: ' +
  `{"label": the answer, "bbox_2d": [x1, y1, x2, y2] of what the question is about, in ${UNITS[space]}}. ` +
  `If it is not in view, the object is {"label": "${absentLabel}", "bbox_2d": null}.`;

export const promptText = (question: string, space: CoordinateSpace, instructions: boolean): string =>
  instructions ? `${question}\n${answerInstructions(space)}` : question;

/** Both sides of a picture of the Qwen2-VL family are multiples of patch size 14 times merge size 2. */
const FACTOR = 28;

export interface ModelInput {
  space: CoordinateSpace;
  /** Limits of the model's own resize, in pixels of area. */
  minPixels: number;
  maxPixels: number;
}

/** Size in pixels that the model is shown for a picture. */
export const shownSize = (source: Size, { minPixels, maxPixels }: ModelInput): Size =>
  smartResize(source, { factor: FACTOR, minPixels, maxPixels });

/** The largest area that Qwen2.5-VL's own preprocessor allows, in pixels. */
const OWN_MAX_PIXELS = 12_845_056;

/**
 * Size in pixels that LLaMA-Factory shows the model. It scales a picture above its limit itself, cutting fractions off,
 * and hands that to the model's preprocessor, which rounds both sides to whole patches and knows no such limit: 1920x1080
 * becomes 1335x751 and then 1344x756, where everyone else shows 1316x728.
 */
export function llamaFactorySize({ width, height }: Size, { minPixels, maxPixels }: ModelInput): Size {
  const limit = Math.min(Math.max(width * height, minPixels), maxPixels);
  const scale = limit === width * height ? 1 : Math.sqrt(limit / (width * height));
  const scaled = { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
  return smartResize(scaled, { factor: FACTOR, minPixels, maxPixels: OWN_MAX_PIXELS });
}

/** A box as the model writes it: whole numbers inside its extent, at least one unit wide and high. */
export function modelBox(
  box: Box,
  source: Size,
  input: ModelInput,
  resized: Size = shownSize(source, input),
): [number, number, number, number] {
  const extent = input.space === 'normalized-1000' ? { width: 1000, height: 1000 } : resized;
  const [x1, y1, x2, y2] = sourceBoxToModel(box, { space: input.space, resized, source }, 1);
  const left = Math.min(Math.max(x1, 0), extent.width - 1);
  const top = Math.min(Math.max(y1, 0), extent.height - 1);
  return [
    left,
    top,
    Math.min(Math.max(x2, left + 1), extent.width),
    Math.min(Math.max(y2, top + 1), extent.height),
  ];
}

/**
 * The answer of a record: an object, or a list of objects where it has items. `boxText` writes a box in the model's
 * units. Without reasoning there is no `<think>`.
 */
export function answerText(
  { reasoning, label, box, items }: DatasetRecord,
  boxText: (box: Box | null) => string,
): string {
  const objects = items === undefined ? [{ label, box }] : listEntries(label, items);
  const written = objects.map(
    (entry) => `{"label": ${JSON.stringify(entry.label)}, "bbox_2d": ${boxText(entry.box)}}`,
  );
  const answer = `<answer>${items === undefined ? written[0]! : `[${written.join(', ')}]`}</answer>`;
  return reasoning === null ? answer : `<think>${reasoning}</think>${answer}`;
}

/**
 * What an answer is held against by models/training/plugins: label and box, in pixels of a picture of `width` by
 * `height`. In resized pixels where the model writes those, else in pixels of the source.
 */
export function solutionText(record: DatasetRecord, input: ModelInput): string {
  const { label, question, width, height } = record;
  const source = { width, height };
  const truth =
    input.space === 'resized-pixels'
      ? { box: record.box && modelBox(record.box, source, input), ...shownSize(source, input) }
      : { box: record.box, ...source };
  return JSON.stringify({ label, ...truth, question });
}
