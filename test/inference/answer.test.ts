import { describe, expect, test } from 'vitest';
import type { AnswerFormat } from '../../preload/contract/model.ts';
import { parseAnswer, type AnswerContext } from '../../main/inference/grammar/answer-parser.ts';
import { AnswerSplitter, type AnswerText } from '../../main/inference/grammar/answer-stream.ts';

/** A 1280 by 1024 frame that the model saw at 448 by 364. */
const context: AnswerContext = {
  mapping: {
    space: 'resized-pixels',
    resized: { width: 448, height: 364 },
    source: { width: 1280, height: 1024 },
  },
  absentLabels: ['not visible'],
  ending: 'end-token',
};

const good =
  '<think>The jaws are open.</think><answer>{"label": "Grasping", "bbox_2d": [112, 91, 224, 182]}</answer>';
const sourceBox = [320, 256, 640, 512];

describe('a list answer', () => {
  const item = (label: string, box: string): string => `{"label": "${label}", "bbox_2d": ${box}}`;
  const list = (...objects: string[]): string => `<think>So.</think><answer>[${objects.join(', ')}]</answer>`;
  const suction = item('suction', '[112, 91, 224, 182]');
  const stapler = item('stapler', '[0, 0, 112, 91]');
  const placed = [
    { label: 'suction', box: sourceBox },
    { label: 'stapler', box: [0, 0, 320, 256] },
  ];
  const bare = (raw: string, change: Partial<AnswerContext> = {}) => {
    const { items, ...parsed } = parseAnswer(raw, { ...context, ...change });
    return { ...parsed, items: items.map(({ label, box }) => ({ label, box })) };
  };

  test('has its items with a box each; its label is their names', () => {
    expect(bare(list(suction, stapler))).toMatchObject({
      status: 'answered',
      label: 'suction, stapler',
      labelRange: null,
      box: null,
      items: placed,
      notes: [],
    });
  });

  test('has the label of its first object, where that has no box', () => {
    const raw = list(item('2', 'null'), suction, stapler);
    const parsed = bare(raw);
    expect(parsed).toMatchObject({ status: 'answered', label: '2', box: null, items: placed, notes: [] });
    expect(raw.slice(...parsed.labelRange!)).toBe('2');
    expect(bare(list(item('yes', 'null'), suction))).toMatchObject({ label: 'yes', items: [placed[0]] });
  });

  test('tells where each label and box stands in the text', () => {
    const raw = list(suction, stapler);
    const { items } = parseAnswer(raw, context);
    expect(items.map(({ labelRange }) => raw.slice(...labelRange!))).toEqual(['suction', 'stapler']);
    expect(items.map(({ boxRange }) => raw.slice(...boxRange!))).toEqual([
      '112, 91, 224, 182',
      '0, 0, 112, 91',
    ]);
  });

  test('keeps a thing whose box cannot be used, and says why', () => {
    const found = bare(list(suction, item('stapler', '[50, 50, 20, 80]')));
    expect(found.items).toEqual([placed[0], { label: 'stapler', box: null }]);
    expect(found.status).toBe('answered');
    expect(found.notes).toEqual(['The box [50, 50, 20, 80] is empty or inverted.']);
    const none = bare(list(item('suction', '[50, 50, 20, 80]'), item('stapler', '"here"')));
    expect(none.status).toBe('answered-without-location');
    expect(none.notes).toHaveLength(2);
  });

  test('is whole up to where it was cut off', () => {
    const raw = `<think>So.</think><answer>[${suction}, ${stapler}, {"label": "clip_ap`;
    const found = bare(raw, { ending: 'token-limit' });
    expect(found.items).toEqual(placed);
    expect(found.notes).toEqual(['The <answer> block is not closed.', 'The answer reached its token limit.']);
  });

  test('comes from Qwen’s list and from a list without a fence, too', () => {
    const object = (label: string, box: string): string => `\t{"bbox_2d": ${box}, "label": "${label}"}`;
    const raw = `\`\`\`json\n[\n${object('suction', '[112, 91, 224, 182]')},\n${object('stapler', '[0, 0, 112, 91]')}\n]\n\`\`\``;
    expect(bare(raw, { format: 'qwen-bbox-list' })).toMatchObject({
      items: placed,
      reasoning: '',
      notes: [],
    });
    expect(bare(`Seen: [${suction},${stapler}] and no more {`).items).toEqual(placed);
  });

  test('does not take in what stands apart from it', () => {
    expect(bare(`<think>x</think><answer>${suction} or ${stapler}</answer>`)).toMatchObject({
      label: 'suction',
      box: sourceBox,
      items: [],
    });
    const many = Array.from({ length: 200 }, () => suction);
    expect(bare(list(...many)).items).toHaveLength(64);
  });

  test('yes, no and a label that declines are whole answers', () => {
    const meanings = { boxless: ['no'], refusals: ['cannot be told from this picture'] };
    const one = (label: string, box: string) =>
      bare(`<think>a</think><answer>${item(label, box)}</answer>`, meanings);
    expect(one('no', 'null')).toMatchObject({ status: 'answered', label: 'no', box: null, notes: [] });
    expect(one('yes', '[112, 91, 224, 182]')).toMatchObject({ status: 'answered', box: sourceBox });
    expect(one('yes', 'null')).toMatchObject({ status: 'answered-without-location' });
    expect(one('cannot be told from this picture', 'null')).toMatchObject({ status: 'refused', box: null });
    expect(one('Cannot be told from this picture', '[1, 1, 9, 9]')).toMatchObject({
      status: 'refused',
      box: null,
      notes: ['A box came with an answer that declines; it is not shown.'],
    });
  });
});

describe('the answer parser', () => {
  const rows: [name: string, raw: string, expected: Record<string, unknown>][] = [
    ['the plain form', good, { status: 'answered', label: 'Grasping', box: sourceBox, notes: [] }],
    [
      'white space and a code fence',
      '<think>\n a \n</think>\n\n<answer>\n```json\n{ "label" : " kidney ",\n "bbox_2d" : [112,91,224,182] }\n```\n</answer>\n',
      { status: 'answered', label: 'kidney', box: sourceBox, reasoning: 'a', notes: [] },
    ],
    [
      'a list around the box',
      '<think></think><answer>{"label": "Idle", "bbox_2d": [[112, 91, 224, 182]]}</answer>',
      { status: 'answered', box: sourceBox, notes: [] },
    ],
    [
      'two boxes',
      '<think></think><answer>{"label": "Idle", "bbox_2d": [[112, 91, 224, 182], [0, 0, 9, 9]]}</answer>',
      { status: 'answered', box: sourceBox, notes: ['The model gave 2 boxes; the first is shown.'] },
    ],
    [
      'a list around the object',
      '<think>x</think><answer>[{"bbox_2d": [112, 91, 224, 182], "label": "Idle"}]</answer>',
      { status: 'answered', label: 'Idle', box: sourceBox },
    ],
    [
      'no tags at all',
      'I see it. {"label": "Idle", "bbox_2d": [112, 91, 224, 182]}',
      { status: 'answered', label: 'Idle', reasoning: 'I see it.', notes: ['No <answer> tag.'] },
    ],
    [
      'reasoning that the template opened',
      'open</think><answer>{"label": "Idle", "bbox_2d": [112, 91, 224, 182]}</answer>',
      { status: 'answered', reasoning: 'open', notes: [] },
    ],
    [
      'an answer block that is not closed',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [112, 91, 224, 182]}',
      { status: 'answered', notes: ['The <answer> block is not closed.'] },
    ],
    [
      'braces in the reasoning',
      '<think>{"label": "wrong"}</think><answer>{"label": "Idle", "bbox_2d": [112, 91, 224, 182]}</answer>',
      { status: 'answered', label: 'Idle', reasoning: '{"label": "wrong"}' },
    ],
    [
      'a label with quotes and braces',
      '<think></think><answer>{"label": "a } \\" b", "bbox_2d": null}</answer>',
      { status: 'answered-without-location', label: 'a } " b' },
    ],
    [
      'no box',
      '<think>a</think><answer>{"label": "Idle"}</answer>',
      { status: 'answered-without-location', label: 'Idle', box: null, notes: [] },
    ],
    [
      'a box of three numbers',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [1, 2, 3]}</answer>',
      { status: 'answered-without-location', notes: ['The box is not a list of four numbers.'] },
    ],
    [
      'a box of texts',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": ["1", "2", "3", "4"]}</answer>',
      { status: 'answered-without-location', notes: ['The box is not a list of four numbers.'] },
    ],
    [
      'an inverted box',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [224, 91, 112, 182]}</answer>',
      { status: 'answered-without-location', notes: ['The box [224, 91, 112, 182] is empty or inverted.'] },
    ],
    [
      'a box without area',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [112, 91, 112, 182]}</answer>',
      { status: 'answered-without-location', box: null },
    ],
    [
      'a box outside the frame',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [500, 10, 600, 20]}</answer>',
      {
        status: 'answered-without-location',
        notes: ['The box [500, 10, 600, 20] lies outside the frame.'],
      },
    ],
    [
      'a box over the edge',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [-10, 91, 224, 182]}</answer>',
      {
        status: 'answered',
        box: [0, 256, 640, 512],
        notes: ['The box [-10, 91, 224, 182] reaches over the edge of the frame and was cut there.'],
      },
    ],
    [
      'not visible',
      '<think>none</think><answer>{"label": "Not_Visible", "bbox_2d": []}</answer>',
      { status: 'not-visible', label: 'Not_Visible', box: null, notes: [] },
    ],
    [
      'not visible with a box',
      '<think>none</think><answer>{"label": "not visible", "bbox_2d": [1, 2, 30, 40]}</answer>',
      {
        status: 'not-visible',
        box: null,
        notes: ['A box came with an answer of "not visible"; it is not shown.'],
      },
    ],
    [
      'no label',
      '<think>a</think><answer>{"bbox_2d": [1, 2, 3, 4]}</answer>',
      { status: 'malformed', label: null, box: null, notes: ['No label.'] },
    ],
    [
      'an empty label',
      '<think>a</think><answer>{"label": " "}</answer>',
      { status: 'malformed', label: null },
    ],
    ['a label that is a number', '<answer>{"label": 4}</answer>', { status: 'malformed', label: null }],
    [
      'broken JSON',
      '<think>a</think><answer>{"label": "Idle", "bbox_2d": [1, 2</answer>',
      { status: 'malformed' },
    ],
    ['prose', 'It is a kidney.', { status: 'malformed', reasoning: 'It is a kidney.' }],
    ['nothing', '', { status: 'malformed', label: null, box: null, reasoning: '' }],
  ];
  test.each(rows)('%s', (_name, raw, expected) => {
    expect(parseAnswer(raw, context)).toMatchObject(expected);
  });

  test('the label is found at its own characters', () => {
    const { labelRange } = parseAnswer(good, context);
    expect(good.slice(...(labelRange ?? [0, 0]))).toBe('Grasping');
  });

  test('the corners are found between their brackets', () => {
    const { boxRange } = parseAnswer(good, context);
    expect(good.slice(...(boxRange ?? [0, 0]))).toBe('112, 91, 224, 182');
    expect(parseAnswer('<answer>{"label": "Idle", "bbox_2d": null}</answer>', context).boxRange).toBeNull();
  });

  const others: [name: string, raw: string, format: AnswerFormat, expected: Record<string, unknown>][] = [
    [
      'a list of Qwen2.5-VL',
      '```json\n[\n\t{"bbox_2d": [112, 91, 224, 182], "label": "a hook"}\n]\n```',
      'qwen-bbox-list',
      { status: 'answered', label: 'a hook', box: sourceBox, reasoning: '', notes: [] },
    ],
    [
      'an empty list',
      '```json\n[]\n```',
      'qwen-bbox-list',
      { status: 'not-visible', label: 'not visible', box: null, notes: [] },
    ],
    [
      'an object alone',
      '{"label": "Idle", "bbox_2d": [112, 91, 224, 182]}',
      'json',
      { status: 'answered', label: 'Idle', box: sourceBox, reasoning: '', notes: [] },
    ],
    [
      'words before an object',
      'I see it:\n```json\n[{"label": "Idle", "bbox_2d": [112, 91, 224, 182]}]\n```',
      'none',
      { status: 'answered', label: 'Idle', box: sourceBox, reasoning: 'I see it:', notes: [] },
    ],
    ['words alone', 'A kidney.', 'none', { status: 'malformed', label: null, reasoning: 'A kidney.' }],
  ];
  test.each(others)('without tags: %s', (_name, raw, format, expected) => {
    expect(parseAnswer(raw, { ...context, format })).toMatchObject(expected);
  });

  test('a stopped text stays stopped, with what it says so far', () => {
    const partial = parseAnswer('<think>The jaws', { ...context, ending: 'stopped' });
    expect(partial).toMatchObject({ status: 'stopped', label: null, reasoning: 'The jaws' });
    expect(parseAnswer(good, { ...context, ending: 'stopped' })).toMatchObject({
      status: 'stopped',
      label: 'Grasping',
      box: sourceBox,
    });
  });

  test('a text that reached its limit says so', () => {
    expect(parseAnswer('<think>The jaws', { ...context, ending: 'token-limit' })).toMatchObject({
      status: 'malformed',
      notes: expect.arrayContaining(['The answer reached its token limit.']) as unknown,
    });
  });
});

function split(pieces: string[]): AnswerText[] {
  const splitter = new AnswerSplitter();
  const shown = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.finish()];
  return shown.reduce<AnswerText[]>((joined, piece) => {
    const last = joined.at(-1);
    if (last?.section !== piece.section) return [...joined, piece];
    return [...joined.slice(0, -1), { section: piece.section, text: last.text + piece.text }];
  }, []);
}

describe('the stream splitter', () => {
  const sorted = [
    { section: 'reasoning', text: 'The jaws are open.' },
    { section: 'answer', text: '{"label": "Grasping", "bbox_2d": [112, 91, 224, 182]}' },
  ];

  test.each([1, 2, 3, 5, 7, 1000])('the sections do not depend on pieces of %i characters', (length) => {
    const pieces: string[] = [];
    for (let at = 0; at < good.length; at += length) pieces.push(good.slice(at, at + length));
    expect(split(pieces)).toEqual(sorted);
  });

  test('no piece ever shows a part of a tag', () => {
    const splitter = new AnswerSplitter();
    for (const character of good) {
      for (const { text } of splitter.push(character)) expect(text).not.toMatch(/[<>]/);
    }
  });

  test('an object without tags is the answer where the model declares so', () => {
    const splitter = new AnswerSplitter('json');
    expect(splitter.push('{"label": "Idle"}')).toEqual([{ section: 'answer', text: '{"label": "Idle"}' }]);
  });

  test('a smaller-than sign that starts no tag is kept', () => {
    expect(split(['<think>a < b', ' and <', 'c</think>'])).toEqual([
      { section: 'reasoning', text: 'a < b and <c' },
    ]);
    expect(split(['<think>ends with <ans'])).toEqual([{ section: 'reasoning', text: 'ends with <ans' }]);
  });

  test('text without tags counts as reasoning, white space between blocks is dropped', () => {
    expect(split(['plain ', 'text'])).toEqual([{ section: 'reasoning', text: 'plain text' }]);
    expect(split(['<think>a</think>\n\n', '<answer>\nb</answer>\n'])).toEqual([
      { section: 'reasoning', text: 'a' },
      { section: 'answer', text: 'b' },
    ]);
  });
});
