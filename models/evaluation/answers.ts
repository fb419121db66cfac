import { z } from 'zod';
import { parseAnswer } from '../../main/inference/index.ts';
import { absentLabel } from '../../preload/contract/coherence.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { Size } from '../../preload/contract/values.ts';
import { isWellFormed } from './format.ts';
import type { Corners as BoxCorners } from '../../preload/contract/boxes.ts';
import type { EvaluationRow, Problem, RowAnswer } from './rows.ts';

/**
 * Answers in a file: JSONL, a header in the first line, then one answer a line. The runner keeps its own so and
 * goes on from them; answers written elsewhere (by the training code, or another system) are scored from them.
 */
export const AnswersHeader = z.object({
  format: z.literal('surgery-r1-answers'),
  formatVersion: z.literal(1),
  /** Name of the model. */
  model: z.string().min(1),
  modelSha256: z.string().optional(),
  domain: z.string().optional(),
  split: z.string().nullable().optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
  /**
   * Boxes are in pixels of the image resized to this size; in pixels of the row's image when absent. What
   * `text` lines need.
   */
  resized: Size.optional(),
});
export type AnswersHeader = z.infer<typeof AnswersHeader>;

const Probability = z.number().min(0).max(1).nullable();
const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** An answer that has been read. */
export const ReadAnswer = z.object({
  id: z.string().min(1),
  label: z.string().nullable(),
  box: Corners.nullable(),
  items: z.array(z.object({ label: z.string(), box: Corners.nullable() })).optional(),
  reasoning: z.string().nullable(),
  wellFormed: z.boolean(),
  probability: Probability.optional(),
  boxProbability: Probability.optional(),
  /** Written by the runner: what the answer depends on, in short. */
  key: z.string().optional(),
});
export type ReadAnswer = z.infer<typeof ReadAnswer>;

/** A model's text as it wrote it. */
const TextAnswer = z.object({ id: z.string().min(1), text: z.string(), probability: Probability.optional() });

type AnswerLine = ReadAnswer | z.infer<typeof TextAnswer>;

export interface AnswersFile {
  header: AnswersHeader;
  lines: Map<string, AnswerLine>;
  problems: Problem[];
  /** Characters up to the end of the last whole line. */
  wholeCharacters: number;
}

/**
 * Reads a file of answers. A last line without its line break is one that was being written: it is left out.
 *
 * @throws WorkstationError `data-malformed` naming file and line when the header is none.
 */
export function parseAnswers(text: string, name: string): AnswersFile {
  const end = text.lastIndexOf('\n') + 1;
  const [first = '', ...rest] = text.slice(0, end).split('\n').slice(0, -1);
  const head = AnswersHeader.safeParse(json(first));
  if (!head.success) {
    throw new WorkstationError(
      'data-malformed',
      `${name}, line 1, is not the header of a file of answers: ${reasonOf(head.error)}.`,
      'The first line is {"format":"surgery-r1-answers","formatVersion":1,"model":"...","settings":{}}.',
    );
  }
  const lines: AnswersFile['lines'] = new Map();
  const problems: Problem[] = [];
  for (const [index, line] of rest.entries()) {
    if (line.trim() === '') continue;
    const where = `${name}:${index + 2}`;
    const value = json(line);
    const isText = typeof value === 'object' && value !== null && 'text' in value;
    const parsed = (isText ? TextAnswer : ReadAnswer).safeParse(value);
    if (!parsed.success) problems.push({ where, what: `not an answer: ${reasonOf(parsed.error)}` });
    else if (lines.has(parsed.data.id)) {
      problems.push({ where, what: `a second answer to ${parsed.data.id}; the first counts` });
    } else lines.set(parsed.data.id, parsed.data);
  }
  if (end < text.length)
    problems.push({ where: `${name}:${rest.length + 2}`, what: 'half a line, left out' });
  return { header: head.data, lines, problems, wholeCharacters: end };
}

/**
 * The answer of a line to its row, box in pixels of the row's image.
 *
 * @throws WorkstationError `data-malformed` for a text whose box cannot be placed, because the header names no
 * size of the resized image.
 */
export function answerOf(line: AnswerLine, row: EvaluationRow, { resized }: AnswersHeader): RowAnswer {
  const source = { width: row.width, height: row.height };
  if ('text' in line) {
    if (!resized) {
      throw new WorkstationError(
        'data-malformed',
        `The answer to ${row.id} is a text, and the file's first line names no "resized" size for its box.`,
        'Write {"resized":{"width":...,"height":...}} into the first line, or boxes in pixels of the source.',
      );
    }
    const { label, box, items, reasoning } = parseAnswer(line.text, {
      mapping: { space: 'resized-pixels', resized, source },
      absentLabels: [absentLabel],
      ending: 'end-token',
    });
    return {
      label,
      box,
      ...(items.length > 0 && { items: items.map((item) => ({ label: item.label, box: item.box })) }),
      reasoning,
      wellFormed: isWellFormed(line.text),
      probability: line.probability ?? null,
    };
  }
  const x = resized ? source.width / resized.width : 1;
  const y = resized ? source.height / resized.height : 1;
  const onSource = ([x1, y1, x2, y2]: BoxCorners): BoxCorners => [x1 * x, y1 * y, x2 * x, y2 * y];
  return {
    label: line.label,
    box: line.box && onSource(line.box),
    ...(line.items && {
      items: line.items.map((item) => ({ label: item.label, box: item.box && onSource(item.box) })),
    }),
    reasoning: line.reasoning ?? '',
    wellFormed: line.wellFormed,
    probability: line.probability ?? null,
    boxProbability: line.boxProbability ?? null,
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fits no shape: the caller says where it stands.
    return undefined;
  }
}

function reasonOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join('.') || 'the line'}: ${issue.message}` : error.message;
}
