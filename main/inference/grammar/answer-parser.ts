import {
  clampBox,
  modelBoxToSource,
  type BoxMapping,
  type Corners,
} from '../../../preload/contract/boxes.ts';
import type { AnswerFormat } from '../../../preload/contract/model.ts';
import type { AnswerItem } from '../../../preload/contract/domain.ts';
import type { Box } from '../../../preload/contract/values.ts';
import { plainLabel } from './plain-label.ts';

/** How the text of an answer ended. */
export type TextEnding = 'end-token' | 'token-limit' | 'stopped';

export type ParsedStatus =
  'answered' | 'answered-without-location' | 'not-visible' | 'refused' | 'malformed' | 'stopped';

/** One object of a text, still in the model's own coordinates. */
export interface ParsedObject {
  readonly label: string;
  /** Where the label's characters stand in the text, `[start, end)`. */
  readonly labelRange: readonly [number, number] | null;
  readonly corners: Corners | null;
  /** Where the corners' characters stand in the text, between the brackets. */
  readonly boxRange: readonly [number, number] | null;
}

/** What a model's text says, still in the model's own coordinates. */
export interface ParsedText {
  /** Of a list without a label of its own: its items' labels, joined. */
  readonly label: string | null;
  /** Where the label's characters stand in the text, `[start, end)`; null, too, where the label is joined. */
  readonly labelRange: readonly [number, number] | null;
  readonly corners: Corners | null;
  readonly boxRange: readonly [number, number] | null;
  /** The things of a list answer, in the model's order; empty for an answer of one object. */
  readonly items: readonly ParsedObject[];
  readonly reasoning: string;
  readonly notes: readonly string[];
}

export interface ParsedAnswer extends Omit<ParsedText, 'corners' | 'items'> {
  readonly status: ParsedStatus;
  /** In pixels of the source frame, inside it; null for a list. */
  readonly box: Box | null;
  readonly items: readonly (AnswerItem & Pick<ParsedObject, 'labelRange' | 'boxRange'>)[];
}

export interface AnswerContext {
  readonly mapping: BoxMapping;
  /** Labels that mean that nothing of the kind is in sight. */
  readonly absentLabels: readonly string[];
  /** Labels by which the model declines to answer. */
  readonly refusals?: readonly string[];
  /** Labels that are whole answers without a box, such as "no". */
  readonly boxless?: readonly string[];
  readonly ending: TextEnding;
  /** How the model declares to write; with tags by default. */
  readonly format?: AnswerFormat;
}

/**
 * Reads `<think>...</think><answer>{"label": ..., "bbox_2d": [x1, y1, x2, y2]}</answer>`, or a list of such objects.
 * A first object of a list that has no box is the answer's label, the others are its items; without such a one, the
 * label is the items' labels, joined.
 *
 * Tolerated, each with a note where it changes what is shown: white space, a code fence, a list around the
 * object or the box, missing tags, text around the object. Nothing is guessed: text that is no JSON object
 * with a label gives no label. A model that declares a format without tags is not expected to write them.
 */
export function parseAnswerText(raw: string, format: AnswerFormat = 'think-answer-json'): ParsedText {
  const notes: string[] = [];
  const { reasoning, start, end } = sections(raw, notes, format === 'think-answer-json');
  const nothing = { label: null, labelRange: null, corners: null, boxRange: null, items: [], reasoning };
  const objects = findObjects(raw, start, end);
  if (objects.length === 0) return { ...nothing, notes: [...notes, noObject] };
  const read = objects.flatMap((found) => readObject(raw, found, notes) ?? []);
  const [first, ...others] = read;
  if (first === undefined) return { ...nothing, notes: [...notes, 'No label.'] };
  if (others.length === 0) return { ...first, items: [], reasoning, notes };
  const headed = first.corners === null;
  const items = headed ? others : read;
  return {
    label: headed ? first.label : items.map(({ label }) => label).join(', '),
    labelRange: headed ? first.labelRange : null,
    corners: null,
    boxRange: null,
    items,
    reasoning,
    notes,
  };
}

function readObject(raw: string, { value, start, end }: FoundObject, notes: string[]): ParsedObject | null {
  const label = typeof value['label'] === 'string' ? value['label'].trim() : '';
  if (label === '') return null;
  const corners = readCorners(value['bbox_2d'], notes);
  return {
    label,
    labelRange: rangeOfLabel(raw, start, end, label),
    corners,
    boxRange: corners === null ? null : rangeOfBox(raw, start, end),
  };
}

const noObject = 'No JSON object.';
/** The list of a model that found nothing to put into it. */
const emptyList = /^\s*(?:```(?:json)?)?\s*\[\s*\]/;

/** Parses the text and puts its box on the source frame. The raw text is for the caller to keep. */
export function parseAnswer(raw: string, context: AnswerContext): ParsedAnswer {
  const parsed = parseAnswerText(raw, context.format);
  const { labelRange, corners, boxRange, reasoning, notes } = parsed;
  const nothingFound = context.format === 'qwen-bbox-list' && emptyList.test(raw);
  const label = nothingFound ? (context.absentLabels[0] ?? null) : parsed.label;
  const said = notes.filter((note) => !nothingFound || note !== noObject);
  if (context.ending === 'token-limit') said.push('The answer reached its token limit.');
  const absent = label !== null && isOneOf(label, context.absentLabels);
  const declined = label !== null && isOneOf(label, context.refusals ?? []);
  if (absent && corners !== null) said.push('A box came with an answer of "not visible"; it is not shown.');
  else if (declined && corners !== null)
    said.push('A box came with an answer that declines; it is not shown.');
  const box = corners === null || absent || declined ? null : placeBox(corners, context.mapping, said);
  const items = parsed.items.map((item) => ({
    label: item.label,
    box: item.corners === null ? null : placeBox(item.corners, context.mapping, said),
    labelRange: item.labelRange,
    boxRange: item.boxRange,
  }));
  const whole = label !== null && isOneOf(label, context.boxless ?? []);
  const placed = box !== null || items.some((item) => item.box !== null);
  const status: ParsedStatus =
    context.ending === 'stopped'
      ? 'stopped'
      : label === null
        ? 'malformed'
        : declined
          ? 'refused'
          : absent
            ? 'not-visible'
            : placed || whole
              ? 'answered'
              : 'answered-without-location';
  return { status, label, labelRange, boxRange, box, items, reasoning, notes: said };
}

function isOneOf(label: string, labels: readonly string[]): boolean {
  return labels.some((known) => plainLabel(known) === plainLabel(label));
}

function placeBox(corners: Corners, mapping: BoxMapping, notes: string[]): Box | null {
  const [x1, y1, x2, y2] = corners;
  if (!(x2 > x1 && y2 > y1)) {
    notes.push(`The box [${corners.join(', ')}] is empty or inverted.`);
    return null;
  }
  const onSource = modelBoxToSource(corners, mapping);
  const box = clampBox(onSource, mapping.source);
  if (box === null) notes.push(`The box [${corners.join(', ')}] lies outside the frame.`);
  else if (box.some((side, index) => side !== onSource[index])) {
    notes.push(`The box [${corners.join(', ')}] reaches over the edge of the frame and was cut there.`);
  }
  return box;
}

interface Sections {
  readonly reasoning: string;
  /** Where the answer's text stands, `[start, end)`. */
  readonly start: number;
  readonly end: number;
}

function sections(raw: string, notes: string[], tagged: boolean): Sections {
  const thinkClose = raw.indexOf('</think>');
  const answerOpen = raw.indexOf('<answer>', Math.max(thinkClose, 0));
  const thinkOpen = raw.indexOf('<think>');
  const reasoningStart = thinkOpen < 0 ? 0 : thinkOpen + '<think>'.length;
  let start: number;
  if (answerOpen >= 0) {
    start = answerOpen + '<answer>'.length;
  } else {
    start = thinkClose >= 0 ? thinkClose + '</think>'.length : 0;
    if (tagged) notes.push('No <answer> tag.');
  }
  const answerClose = raw.indexOf('</answer>', start);
  if (answerOpen >= 0 && answerClose < 0) notes.push('The <answer> block is not closed.');
  const end = answerClose < 0 ? raw.length : answerClose;
  // With neither tag, what stands before the object is the reasoning; so is all of a text that broke off.
  const object = raw.indexOf('{', start);
  const reasoningEnd =
    thinkClose >= 0 ? thinkClose : answerOpen >= 0 ? answerOpen : object >= 0 ? object : raw.length;
  const text = raw.slice(reasoningStart, Math.max(reasoningEnd, reasoningStart));
  // A code fence or a list that opens around the object is not reasoning.
  const reasoning = tagged ? text : text.replace(/(?:```(?:json)?)?\s*\[?\s*$/, '');
  return { reasoning: reasoning.trim(), start, end };
}

interface FoundObject {
  readonly value: Record<string, unknown>;
  readonly start: number;
  readonly end: number;
}

/** No answer names more things than this. What comes after them is left out. */
const mostObjects = 64;

/** The first JSON object of the range that parses, and those that follow it as in a list; a fence doesn't matter. */
function findObjects(raw: string, from: number, end: number): FoundObject[] {
  const found: FoundObject[] = [];
  for (let start = raw.indexOf('{', from); start >= 0 && start < end; start = raw.indexOf('{', start + 1)) {
    const before = found.at(-1);
    if (before !== undefined && !/^\s*,\s*$/.test(raw.slice(before.end, start))) break;
    const close = closingBrace(raw, start, end);
    if (close === undefined) continue;
    const value = parseObject(raw.slice(start, close + 1));
    if (value === undefined) continue;
    found.push({ value, start, end: close + 1 });
    if (found.length === mostObjects) break;
    start = close;
  }
  return found;
}

function closingBrace(raw: string, start: number, end: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < end; at += 1) {
    const character = raw[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The text is not JSON. The caller looks for another object, and says so if there is none.
    return undefined;
  }
}

function readCorners(value: unknown, notes: string[]): Corners | null {
  if (value === undefined || value === null) return null;
  let candidate = value;
  if (Array.isArray(candidate) && Array.isArray(candidate[0])) {
    if (candidate.length > 1) notes.push(`The model gave ${candidate.length} boxes; the first is shown.`);
    candidate = candidate[0];
  }
  if (
    !Array.isArray(candidate) ||
    candidate.length !== 4 ||
    !candidate.every((side) => typeof side === 'number' && Number.isFinite(side))
  ) {
    if (!(Array.isArray(candidate) && candidate.length === 0)) {
      notes.push('The box is not a list of four numbers.');
    }
    return null;
  }
  return candidate as unknown as Corners;
}

/** Finds the label's own characters in the text, so that the probability of its tokens can be told. */
function rangeOfLabel(
  raw: string,
  start: number,
  end: number,
  label: string,
): readonly [number, number] | null {
  const key = raw.indexOf('"label"', start);
  if (key < 0 || key >= end) return null;
  const value = raw.indexOf(label, key + '"label"'.length);
  return value >= 0 && value + label.length <= end ? [value, value + label.length] : null;
}

/** The characters between the first bracket after the box's key and the one that closes it. */
function rangeOfBox(raw: string, start: number, end: number): readonly [number, number] | null {
  const key = raw.indexOf('"bbox_2d"', start);
  const open = key < 0 ? -1 : raw.indexOf('[', key);
  const close = open < 0 ? -1 : raw.indexOf(']', open);
  return close >= 0 && close < end ? [open + 1, close] : null;
}
