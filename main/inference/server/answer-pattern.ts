import type { ConstrainedFormat, GrammarOptions } from '../grammar/grammar-state.ts';

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
  /** The part up to this many times, or not at all. */
  upTo(part: string, times: number): string;
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
  upTo: (part, times) => `(${part}){0,${times}}`,
  number: (digits) => (digits === 1 ? '[0-9]' : `(0|[1-9][0-9]{0,${digits - 1}})`),
  reasoning: '[^<]*',
  text: String.raw`([^"\\\x00-\x1f]|\\["\\/])+`,
  join: '',
};

const gbnf: Language = {
  literal: (text) => JSON.stringify(text),
  anyOf: (choices) => `(${choices.join(' | ')})`,
  upTo: (part, times) => `(${part}){0,${times}}`,
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

function patternIn(language: Language, options: GrammarOptions): string {
  const { format, labels, absent, boxless = [], lists = null, extent, opened } = options;
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
  const unplaced = [absent, ...(labels === null ? [] : boxless)];
  const placed = labels === null ? null : labels.filter((label) => !unplaced.includes(label));
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
  const boxed = (of: string): string => sequence(of, literal('", "bbox_2d": ['), corners, literal(']'));
  const single = sequence(
    literal('{"label": "'),
    anyOf([boxed(label), sequence(oneOf(unplaced), literal('", "bbox_2d": null'))]),
    literal('}'),
  );
  const list = (): string => {
    const { heads, items, most } = lists!;
    const item = sequence(literal('{"label": "'), boxed(oneOf(items)), literal('}'));
    const head = sequence(literal('{"label": "'), oneOf(heads), literal('", "bbox_2d": null}, '));
    return sequence(
      literal('['),
      ...(heads.length > 0 ? [language.upTo(head, 1)] : []),
      item,
      language.upTo(sequence(literal(', '), item), most - 1),
      literal(']'),
    );
  };
  const object = lists === null || labels === null ? single : anyOf([single, list()]);
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
  json: (options) => {
    const { lists = null, labels } = options;
    const single = schemaOfObject(options, true);
    if (lists === null || labels === null) return single;
    // This language cannot say that a first one alone may be without a box.
    const named = { ...options, labels: [...lists.heads, ...lists.items], boxless: [] };
    return {
      anyOf: [
        single,
        { type: 'array', items: schemaOfObject(named, true), minItems: 1, maxItems: lists.most + 1 },
      ],
    };
  },
  'qwen-bbox-list': (options) => ({ type: 'array', items: schemaOfObject(options, false), maxItems: 1 }),
};

function schemaOfObject(
  { labels, absent, boxless = [], extent }: GrammarOptions,
  withAbsent: boolean,
): object {
  const corner = { type: 'integer', minimum: 0, maximum: Math.max(extent.width, extent.height) };
  const box = { type: 'array', items: corner, minItems: 4, maxItems: 4 };
  const choices = labels
    ? [...new Set([...labels, ...boxless])].filter(
        (label) => withAbsent || (label !== absent && !boxless.includes(label)),
      )
    : undefined;
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
