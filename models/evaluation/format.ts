import type { Corners } from '../../preload/contract/boxes.ts';
import { parseAnswerText } from '../../main/inference/index.ts';

/** `<think>...</think><answer>...</answer>` and nothing else, each tag once. */
const FORM =
  /^\s*<think>(?:(?!<\/?(?:think|answer)>)[\s\S])*<\/think>\s*<answer>(?:(?!<\/?(?:think|answer)>)[\s\S])*<\/answer>\s*$/;

/**
 * Whether a text has the form that the models of the workstation declare (`answerFormat` of a manifest,
 * "think-answer-json"): both blocks closed and nothing outside them, one object with a label and either a box
 * of four ordered numbers or null, or a list of such objects of which the first alone may be without a box. The parser that the workstation reads answers with forgives more; what it
 * had to forgive is not well-formed.
 */
export function isWellFormed(raw: string): boolean {
  if (!FORM.test(raw)) return false;
  const answer = raw.slice(raw.indexOf('<answer>') + '<answer>'.length, raw.indexOf('</answer>')).trim();
  const { label, corners, items, notes } = parseAnswerText(raw);
  if (label === null || notes.length > 0) return false;
  const ordered = (box: Corners | null): boolean => box !== null && box[2] > box[0] && box[3] > box[1];
  if (answer.startsWith('[')) {
    const written = objectsOf(answer);
    const placed = items.length > 0 ? items.map((item) => item.corners) : [corners];
    const headless = written !== null && written.length === placed.length;
    const headed = written?.length === placed.length + 1 && items.length > 0 && written[0] === null;
    return (headless || headed) && placed.every(ordered);
  }
  if (!answer.startsWith('{') || !answer.endsWith('}')) return false;
  if (corners === null) return /"bbox_2d"\s*:\s*null/.test(answer);
  return ordered(corners);
}

/** What each object of a JSON list has as its box; null where the text is no such list. */
function objectsOf(text: string): unknown[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map((object: { bbox_2d?: unknown } | null) => object?.bbox_2d) : null;
  } catch {
    // What is not JSON is not well-formed, whatever the parser makes of it.
    return null;
  }
}
