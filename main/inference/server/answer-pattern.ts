import type { ConstrainedFormat, GrammarOptions } from '../grammar/answer-grammar.ts';

/**
 * The answer format in the languages that servers hold a model to. They say what `AnswerGrammar` says but for the
 * order of corners, which these languages cannot compare, and for `<` in the reasoning, where it would need a look
 * ahead that servers' engines don't have.
 */
export interface AnswerPattern {
  /** Of a whole answer, without look-around. */
  readonly regex: string;
  /** GBNF, llama.cpp's grammars; the root rule is `root`. */
  readonly grammar: string;
  /** Null where the format is more than JSON. */
  readonly jsonSchema: object | null;
}

/** One language, by how it writes each part of a pattern. */
interface Language {
  literal(text: string): string;
  anyOf(choices: readonly string[]): string;
  /** Digits of a whole number up to this many. */
  number(digits: number): string;
  /** Text without `<`. */
  readonly reasoning: string;
  /** Text between quotes, with escapes. */
  readonly text: string;
  /** Between parts that follow one another. */
  readonly join: string;
}

const regex: Language = {
  literal: (text) =>
    text
      .replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
      .replaceAll('\n', String.raw`\n`)
      .replaceAll('\t', String.raw`\t`),
  anyOf: (choices) => `(${choices.join('|')})`,
  number: (digits) => (digits === 1 ? '[0-9]' : `(0|[1-9][0-9]{0,${digits - 1}})`),
  reasoning: '[^<]*',
  text: String.raw`([^"\\\x00-\x1f]|\\["\\/])+`,
  join: '',
};

const gbnf: Language = {
  literal: (text) => JSON.stringify(text),
  anyOf: (choices) => `(${choices.join(' | ')})`,
  number: (digits) => (digits === 1 ? '[0-9]' : `("0" | [1-9] [0-9]{0,${digits - 1}})`),
  reasoning: '[^<]*',
  text: String.raw`([^"\\\x00-\x1f] | "\\" ["\\/])+`,
  join: ' ',
};

/** The pattern of every answer that a question may get. */
export function answerPattern(options: GrammarOptions): AnswerPattern {
  return {
    regex: patternIn(regex, options),
    grammar: `root ::= ${patternIn(gbnf, options)}`,
    jsonSchema: jsonSchemas[options.format]?.(options) ?? null,
  };
}

function patternIn(language: Language, { format, labels, absent, extent, opened }: GrammarOptions): string {
  const { literal, anyOf, join } = language;
  const sequence = (...parts: string[]): string => parts.filter((part) => part !== '').join(join);
  const escaped = (label: string): string => literal(JSON.stringify(label).slice(1, -1));
  const oneOf = (choices: readonly string[]): string =>
    choices.length === 1 ? escaped(choices[0]!) : anyOf(choices.map(escaped));
  const number = language.number(String(Math.floor(Math.max(extent.width, extent.height))).length);
  const corners = anyOf(
    [', ', ','].map((comma) => {
      const rest = [literal(comma), number];
      return sequence(number, ...rest, ...rest, ...rest);
    }),
  );
  const placed = labels === null ? null : labels.filter((label) => label !== absent);
  const label = placed === null ? language.text : oneOf(placed);
  if (format === 'qwen-bbox-list') {
    const found = sequence(
      literal('\n\t{"bbox_2d": ['),
      corners,
      literal('], "label": "'),
      label,
      literal('"}\n]'),
    );
    return sequence(literal('```json\n['), anyOf([found, literal(']')]), literal('\n```'));
  }
  const box = sequence(label, literal('", "bbox_2d": ['), corners, literal(']'));
  const object = sequence(
    literal('{"label": "'),
    anyOf([box, sequence(escaped(absent), literal('", "bbox_2d": null'))]),
    literal('}'),
  );
  if (format === 'json') return object;
  return sequence(
    opened ? '' : literal('<think>'),
    language.reasoning,
    literal('</think><answer>'),
    object,
    literal('</answer>'),
  );
}

const jsonSchemas: Partial<Record<ConstrainedFormat, (options: GrammarOptions) => object>> = {
  json: (options) => schemaOfObject(options, true),
  'qwen-bbox-list': (options) => ({ type: 'array', items: schemaOfObject(options, false), maxItems: 1 }),
};

function schemaOfObject({ labels, absent, extent }: GrammarOptions, withAbsent: boolean): object {
  const corner = { type: 'integer', minimum: 0, maximum: Math.max(extent.width, extent.height) };
  const box = { type: 'array', items: corner, minItems: 4, maxItems: 4 };
  const choices = labels?.filter((label) => withAbsent || label !== absent);
  return {
    type: 'object',
    properties: {
      label: choices === undefined ? { type: 'string', minLength: 1 } : { type: 'string', enum: choices },
      bbox_2d: withAbsent ? { anyOf: [box, { type: 'null' }] } : box,
    },
    required: ['label', 'bbox_2d'],
    additionalProperties: false,
  };
}
