import { parseAnswerText } from '../../main/inference/grammar/answer-parser.ts';

/** `<think>...</think><answer>...</answer>` and nothing else, each tag once. */
const FORM =
  /^\s*<think>(?:(?!<\/?(?:think|answer)>)[\s\S])*<\/think>\s*<answer>(?:(?!<\/?(?:think|answer)>)[\s\S])*<\/answer>\s*$/;

/**
 * Whether a text has the form that the models of the workstation declare (`answerFormat` of a manifest,
 * "think-answer-json"): both blocks closed and nothing outside them, one object with a label and either a box
 * of four ordered numbers or null. The parser that the workstation reads answers with forgives more; what it
 * had to forgive is not well-formed.
 */
export function isWellFormed(raw: string): boolean {
  if (!FORM.test(raw)) return false;
  const answer = raw.slice(raw.indexOf('<answer>') + '<answer>'.length, raw.indexOf('</answer>')).trim();
  if (!answer.startsWith('{') || !answer.endsWith('}')) return false;
  const { label, corners, notes } = parseAnswerText(raw);
  if (label === null || notes.length > 0) return false;
  if (corners === null) return /"bbox_2d"\s*:\s*null/.test(answer);
  return corners[2] > corners[0] && corners[3] > corners[1];
}
