import { describe, expect, test } from 'vitest';
import { AnswerGrammar } from '../../main/inference/grammar/answer-grammar.ts';
import type { GrammarOptions } from '../../main/inference/grammar/grammar-state.ts';
import { toBinary } from '../../main/inference/model/token-bytes.ts';
import { walk } from '../../main/inference/grammar/token-vocabulary.ts';
import { answerPattern } from '../../main/inference/server/answer-pattern.ts';
import { chatBody, type ChatRequest, type ServedModel } from '../../main/inference/server/dialects.ts';
import { RegexAutomaton } from './model-server/regex-automaton.ts';

const options: GrammarOptions = {
  format: 'think-answer-json',
  labels: ['kidney', 'left-top', 'a "quoted" (label)', 'not visible'],
  absent: 'not visible',
  extent: { width: 448, height: 364 },
  step: 1,
  opened: false,
};

const lets = (pattern: RegexAutomaton, text: string): boolean => {
  const at = pattern.follow(pattern.start, text);
  return at !== null && pattern.accepts(at);
};
const grammarLets = (grammar: AnswerGrammar, text: string): boolean =>
  walk(grammar.start, toBinary(text))?.part === 'done';

describe('the regular expression', () => {
  const box = '[1, 20, 300, 364]';
  const answer = (label: string, corners: string, think = 'It is there.'): string =>
    `<think>${think}</think><answer>{"label": ${JSON.stringify(label)}, "bbox_2d": ${corners}}</answer>`;
  const listAnswer = '```json\n[\n\t{"bbox_2d": [1, 2, 30, 40], "label": "kidney"}\n]\n```';
  const taught = { boxless: ['no'], lists: { heads: ['2'], items: ['kidney', 'smoke'], most: 3 } };
  const named = (label: string): string => `{"label": "${label}", "bbox_2d": ${box}}`;
  const bare = (label: string): string => `{"label": "${label}", "bbox_2d": null}`;
  const things = (...objects: string[]): string =>
    `<think>So.</think><answer>[${objects.join(', ')}]</answer>`;
  const cases: [string, Partial<GrammarOptions>, string, boolean][] = [
    ['an answer', {}, answer('kidney', box), true],
    ['corners without spaces', {}, answer('kidney', '[1,20,300,364]'), true],
    ['a label to be escaped', {}, answer('a "quoted" (label)', box), true],
    ['no reasoning', {}, answer('kidney', box, ''), true],
    ['reasoning in several lines and scripts', {}, answer('kidney', box, 'Größe:\n3 – 4'), true],
    ['the absent label without a box', {}, answer('not visible', 'null'), true],
    ['the absent label with a box', {}, answer('not visible', box), false],
    ['a label without a box', {}, answer('kidney', 'null'), false],
    ['another label', {}, answer('spleen', box), false],
    ['mixed spaces', {}, answer('kidney', '[1, 20,300,364]'), false],
    ['a corner with a zero before it', {}, answer('kidney', '[01, 20, 300, 364]'), false],
    ['three corners', {}, answer('kidney', '[1, 20, 300]'), false],
    ['text behind', {}, `${answer('kidney', box)} `, false],
    ['an end that is missing', {}, answer('kidney', box).slice(0, -1), false],
    ['an answer in opened reasoning', { opened: true }, answer('kidney', box).slice('<think>'.length), true],
    ['any label where labels are open', { labels: null }, answer('sigmoid "colon"', box), true],
    ['an empty label where labels are open', { labels: null }, answer('', box), false],
    ['an object alone', { format: 'json' }, `{"label": "kidney", "bbox_2d": ${box}}`, true],
    ['a list', { format: 'qwen-bbox-list' }, listAnswer, true],
    ['an empty list', { format: 'qwen-bbox-list' }, '```json\n[]\n```', true],
    ['a list of things', taught, things(named('kidney'), named('smoke')), true],
    ['a list with its count', taught, things(bare('2'), named('kidney'), named('smoke')), true],
    ['a list of one', taught, things(named('smoke')), true],
    ['one object of a model that lists', taught, answer('kidney', box), true],
    ['a no', taught, answer('no', 'null'), true],
    ['a no with a box', taught, answer('no', box), false],
    ['a list that is too long', taught, things(...Array<string>(4).fill(named('smoke'))), false],
    ['a count behind', taught, things(named('smoke'), bare('2')), false],
    ['a count alone', taught, things(bare('2')), false],
    ['a list of a model that does not list', {}, things(named('kidney')), false],
    ['a list without its fence', { format: 'qwen-bbox-list' }, listAnswer.slice(8), false],
  ];
  test.each(cases)('agrees with the engine’s grammar on %s', (_name, changes, text, fits) => {
    const changed = { ...options, ...changes };
    const { regex } = answerPattern(changed);
    expect(lets(new RegexAutomaton(regex), text)).toBe(fits);
    expect(grammarLets(new AnswerGrammar(changed), text)).toBe(fits);
    // The same by an engine that everybody has.
    expect(new RegExp(`^(?:${regex})$`).test(text)).toBe(fits);
  });

  test('is the grammar of llama.cpp in other words', () => {
    const { grammar } = answerPattern({ ...options, labels: ['kidney', 'not visible'] });
    expect(grammar).toBe(
      String.raw`root ::= "<think>" [^<]* "</think><answer>" "{\"label\": \"" ("kidney" "\", \"bbox_2d\": [" ` +
        String.raw`(("0" | [1-9] [0-9]{0,2}) ", " ("0" | [1-9] [0-9]{0,2}) ", " ("0" | [1-9] [0-9]{0,2}) ", " ("0" | [1-9] [0-9]{0,2})` +
        String.raw` | ("0" | [1-9] [0-9]{0,2}) "," ("0" | [1-9] [0-9]{0,2}) "," ("0" | [1-9] [0-9]{0,2}) "," ("0" | [1-9] [0-9]{0,2})) "]"` +
        String.raw` | "not visible" "\", \"bbox_2d\": null") "}" "</answer>"`,
    );
  });

  test('has a schema beside it where the format is JSON alone', () => {
    expect(answerPattern(options).jsonSchema).toBeNull();
    expect(answerPattern({ ...options, format: 'json' }).jsonSchema).toMatchObject({
      properties: {
        label: { enum: options.labels },
        bbox_2d: { anyOf: [{ minItems: 4 }, { type: 'null' }] },
      },
      required: ['label', 'bbox_2d'],
      additionalProperties: false,
    });
    const lists = { heads: ['2'], items: ['smoke'], most: 3 };
    expect(answerPattern({ ...options, format: 'json', boxless: ['no'], lists }).jsonSchema).toMatchObject({
      anyOf: [
        { properties: { label: { enum: [...options.labels!, 'no'] } } },
        { type: 'array', maxItems: 4, items: { properties: { label: { enum: ['2', 'smoke'] } } } },
      ],
    });
    expect(answerPattern({ ...options, format: 'qwen-bbox-list' }).jsonSchema).toMatchObject({
      type: 'array',
      maxItems: 1,
      items: { properties: { label: { enum: options.labels!.slice(0, 3) } } },
    });
  });
});

describe('each program is asked in its own words', () => {
  const request: ChatRequest = {
    model: 'surgery-r1',
    question: 'What is it?',
    pictures: [Buffer.from('a picture')],
    begun: null,
    settings: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1.05, seed: 3, maxNewTokens: 64 },
    maxTokens: 64,
    pattern: { regex: 'a regex', grammar: 'a grammar', jsonSchema: { type: 'object' } },
    structuredOutput: 'auto',
    stop: '</answer>',
  };
  const body = (served: Partial<ServedModel>, changes: Partial<ChatRequest> = {}): Record<string, unknown> =>
    chatBody({ ...request, ...changes }, { software: 'vllm', version: null, contextTokens: 4096, ...served });

  test('pictures in their order, the question behind them', () => {
    const pictures = [Buffer.from('the frame'), Buffer.from('a crop')];
    const url = (index: number): object => ({
      image_url: { url: `data:image/png;base64,${pictures[index]!.toString('base64')}` },
    });
    expect(body({}, { pictures })).toMatchObject({
      messages: [{ content: [url(0), url(1), { type: 'text', text: 'What is it?' }] }],
    });
  });

  test('vLLM, by its version', () => {
    const now = body({ version: '0.12.1' });
    expect(now).toMatchObject({
      structured_outputs: { regex: 'a regex' },
      repetition_penalty: 1.05,
      top_k: -1,
      stop: ['</answer>'],
      include_stop_str_in_output: true,
    });
    expect(now).not.toHaveProperty('guided_regex');
    expect(body({ version: '0.10.1' })).toMatchObject({ guided_regex: 'a regex' });
    expect(body({ version: 'v1.0.0' })).toMatchObject({ structured_outputs: { regex: 'a regex' } });
    expect(body({}, { begun: 'It', stop: null })).toMatchObject({
      messages: [{ role: 'user' }, { role: 'assistant', content: 'It' }],
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  test('SGLang', () => {
    expect(body({ software: 'sglang' })).toMatchObject({
      regex: 'a regex',
      repetition_penalty: 1.05,
      no_stop_trim: true,
      separate_reasoning: false,
    });
  });

  test('llama-server', () => {
    const asked = body({ software: 'llama-server' });
    expect(asked).toMatchObject({
      grammar: 'a grammar',
      repeat_penalty: 1.05,
      repeat_last_n: 4096,
      reasoning_format: 'none',
    });
    expect(asked).not.toHaveProperty('stop');
  });

  test('another, by the standard alone', () => {
    const asked = body({ software: 'other' });
    expect(asked).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
    });
    expect(body({ software: 'other' }, { structuredOutput: 'none' })).not.toHaveProperty('response_format');
    expect(body({ software: 'vllm' }, { structuredOutput: 'json_schema' })).toHaveProperty('response_format');
  });

  test('with the picture as it is', () => {
    expect(JSON.stringify(body({}).messages)).toContain(
      `data:image/png;base64,${Buffer.from('a picture').toString('base64')}`,
    );
  });
});
