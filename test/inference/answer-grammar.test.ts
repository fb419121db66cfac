import { describe, expect, test } from 'vitest';
import { AnswerGrammar } from '../../main/inference/grammar/answer-grammar.ts';
import type { GrammarOptions, GrammarState } from '../../main/inference/grammar/grammar-state.ts';
import { answerLabels, labelsFor } from '../../main/inference/grammar/label-sets.ts';
import { TokenVocabulary, walk } from '../../main/inference/grammar/token-vocabulary.ts';
import { toBinary, tokenBytes } from '../../main/inference/model/token-bytes.ts';

const options: GrammarOptions = {
  format: 'think-answer-json',
  labels: ['Idle', 'Idle hands', 'left-top', 'say "so"'],
  absent: 'not visible',
  extent: { width: 448, height: 364 },
  step: 4,
  opened: false,
};

/** Whether the text is one whole answer, none, or the beginning of one. */
function judge(text: string, change: Partial<GrammarOptions> = {}): 'whole' | 'part' | 'no' {
  const state = walk(new AnswerGrammar({ ...options, ...change }).start, toBinary(text));
  return state === null ? 'no' : state.part === 'done' ? 'whole' : 'part';
}

const answer = (json: string): string => `<think>It is so.</think><answer>${json}</answer>`;

describe('the grammar of an answer', () => {
  const rows: [name: string, json: string, verdict: 'whole' | 'no'][] = [
    ['a label and a box', '{"label": "Idle", "bbox_2d": [12, 108, 448, 364]}', 'whole'],
    ['corners without spaces', '{"label": "Idle", "bbox_2d": [12,108,448,364]}', 'whole'],
    ['spaces after some commas only', '{"label": "Idle", "bbox_2d": [12,108, 448,364]}', 'no'],
    ['a label that begins with another', '{"label": "Idle hands", "bbox_2d": [0, 0, 4, 4]}', 'whole'],
    ['a label with quotes', '{"label": "say \\"so\\"", "bbox_2d": [0, 0, 4, 4]}', 'whole'],
    ['a label that is not in the set', '{"label": "Idling", "bbox_2d": [0, 0, 4, 4]}', 'no'],
    ['the absent label', '{"label": "not visible", "bbox_2d": null}', 'whole'],
    ['the absent label with a box', '{"label": "not visible", "bbox_2d": [0, 0, 4, 4]}', 'no'],
    ['another label without a box', '{"label": "Idle", "bbox_2d": null}', 'no'],
    ['an empty box', '{"label": "Idle", "bbox_2d": [8, 0, 8, 4]}', 'no'],
    ['an inverted box', '{"label": "Idle", "bbox_2d": [0, 12, 8, 8]}', 'no'],
    ['a corner off the step', '{"label": "Idle", "bbox_2d": [2, 0, 8, 4]}', 'no'],
    ['a corner outside the image', '{"label": "Idle", "bbox_2d": [0, 0, 452, 4]}', 'no'],
    ['a corner that leaves no room', '{"label": "Idle", "bbox_2d": [448, 0, 448, 4]}', 'no'],
    ['leading zeros', '{"label": "Idle", "bbox_2d": [00, 0, 8, 4]}', 'no'],
    ['negative corners', '{"label": "Idle", "bbox_2d": [-4, 0, 8, 4]}', 'no'],
    ['fractions', '{"label": "Idle", "bbox_2d": [0.5, 0, 8, 4]}', 'no'],
    ['three corners', '{"label": "Idle", "bbox_2d": [0, 0, 8]}', 'no'],
    ['other white space', '{"label":"Idle", "bbox_2d": [0, 0, 8, 4]}', 'no'],
  ];
  test.each(rows)('%s', (_name, json, verdict) => {
    expect(judge(answer(json))).toBe(verdict);
  });

  test('reasoning is free but for the tags', () => {
    expect(judge('<think>\n a < b, {"x": 1} </thin> \u00e9\ud83d\ude42 </')).toBe('part');
    expect(judge('<think>once <think>')).toBe('no');
    expect(judge('<think>now <answer>')).toBe('no');
    expect(judge('no tag')).toBe('no');
    expect(judge('already inside</think><answer>', { opened: true })).toBe('part');
  });

  test('without a label set any text is a label, and the absent one is known however it is written', () => {
    const open = { labels: null };
    expect(judge(answer('{"label": "a \\"hook\\" of é", "bbox_2d": [0, 0, 4, 4]}'), open)).toBe('whole');
    expect(judge(answer('{"label": "Not_Visible", "bbox_2d": null}'), open)).toBe('whole');
    expect(judge(answer('{"label": "not visible here", "bbox_2d": null}'), open)).toBe('no');
    expect(judge(answer('{"label": "not visible", "bbox_2d": [0, 0, 4, 4]}'), open)).toBe('no');
    expect(judge(answer('{"label": " ", "bbox_2d": [0, 0, 4, 4]}'), open)).toBe('no');
    expect(judge(answer('{"label": "", "bbox_2d": [0, 0, 4, 4]}'), open)).toBe('no');
  });

  test('the object alone, and the list of Qwen2.5-VL', () => {
    const json = { format: 'json' } as const;
    expect(judge('{"label": "Idle", "bbox_2d": [0, 0, 4, 4]}', json)).toBe('whole');
    expect(judge('{"label": "not visible", "bbox_2d": null}', json)).toBe('whole');
    const list = { format: 'qwen-bbox-list' } as const;
    expect(judge('```json\n[\n\t{"bbox_2d": [4, 8, 12, 16], "label": "Idle"}\n]\n```', list)).toBe('whole');
    expect(judge('```json\n[]\n```', list)).toBe('whole');
    expect(judge('```json\n[\n\t{"bbox_2d": [4, 8, 12, 16], "label": "not visible"}\n]\n```', list)).toBe(
      'no',
    );
    const open = { ...list, labels: null };
    expect(judge('```json\n[\n\t{"bbox_2d": [4, 8, 12, 16], "label": "a hook"}\n]\n```', open)).toBe('whole');
    expect(judge('```json\n[\n\t{"bbox_2d": [4, 8, 12, 16], "label": "not visible"}\n]\n```', open)).toBe(
      'no',
    );
  });

  test('coordinates in thousandths, of any step', () => {
    const thousandths = { extent: { width: 1000, height: 1000 }, step: 1 };
    expect(judge(answer('{"label": "Idle", "bbox_2d": [1, 999, 1000, 1000]}'), thousandths)).toBe('whole');
    expect(judge(answer('{"label": "Idle", "bbox_2d": [1, 999, 1001, 1000]}'), thousandths)).toBe('no');
  });

  test('every text that the grammar begins, it can end', () => {
    // Wherever random choices lead, an answer comes: no corner is a dead end.
    let seed = 1;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 200; round += 1) {
      const extent = { width: 28 + next(900), height: 28 + next(900) };
      const grammar = new AnswerGrammar({ ...options, format: 'json', extent, step: 1 + next(28) });
      let state: GrammarState = grammar.start;
      let text = '';
      while (state.part !== 'done') {
        const byte: number = state.bytes![next(state.bytes!.length)]!;
        text += String.fromCharCode(byte);
        state = state.step(byte)!;
        expect(state, text).not.toBeNull();
      }
      const { bbox_2d: box } = JSON.parse(text) as { bbox_2d: [number, number, number, number] | null };
      if (box === null) continue;
      expect(box[2], text).toBeGreaterThan(box[0]);
      expect(box[3], text).toBeGreaterThan(box[1]);
      expect(box[2], text).toBeLessThanOrEqual(extent.width);
      expect(box[3], text).toBeLessThanOrEqual(extent.height);
    }
  });
});

describe('lists, of a model that was taught them', () => {
  const lists = { heads: ['2', 'yes'], items: ['stapler', 'suction'], most: 3 };
  const taught = { labels: ['Idle', 'yes'], boxless: ['no', 'cannot be told'], lists };
  const item = (label: string, corners = '0, 0, 8, 8'): string =>
    `{"label": "${label}", "bbox_2d": [${corners}]}`;
  const head = (label: string): string => `{"label": "${label}", "bbox_2d": null}`;
  const rows: [name: string, json: string, verdict: 'whole' | 'no'][] = [
    ['one object', item('Idle'), 'whole'],
    ['yes with its box', item('yes'), 'whole'],
    ['no without one', head('no'), 'whole'],
    ['no with one', item('no'), 'no'],
    ['a label that declines', head('cannot be told'), 'whole'],
    ['the absent label', head('not visible'), 'whole'],
    ['yes without a box', head('yes'), 'no'],
    ['a list of one', `[${item('suction')}]`, 'whole'],
    ['a list of two', `[${item('suction')}, ${item('stapler', '4,4,12,12')}]`, 'whole'],
    ['a list with its count', `[${head('2')}, ${item('suction')}, ${item('stapler')}]`, 'whole'],
    ['yes in two places', `[${head('yes')}, ${item('suction')}, ${item('suction')}]`, 'whole'],
    ['the most', `[${head('2')}, ${Array(3).fill(item('suction')).join(', ')}]`, 'whole'],
    ['one too many', `[${Array(4).fill(item('suction')).join(', ')}]`, 'no'],
    ['a head alone', `[${head('2')}]`, 'no'],
    ['a head in the middle', `[${item('suction')}, ${head('2')}]`, 'no'],
    ['two heads', `[${head('2')}, ${head('yes')}, ${item('suction')}]`, 'no'],
    ['an empty list', '[]', 'no'],
    ['a name that is none of the list', `[${item('Idle')}]`, 'no'],
    ['other spaces', `[${item('suction')},${item('suction')}]`, 'no'],
    ['an inverted box in a list', `[${item('suction')}, ${item('suction', '8, 8, 0, 16')}]`, 'no'],
  ];
  test.each(rows)('%s', (_name, json, verdict) => {
    expect(judge(answer(json), taught)).toBe(verdict);
    expect(judge(json, { ...taught, format: 'json' })).toBe(verdict);
  });

  test('are for no other model', () => {
    expect(judge(answer(`[${item('Idle')}]`))).toBe('no');
    expect(judge(answer(head('no')))).toBe('no');
  });

  test('always end, hold together and stay within the image, whatever is drawn', () => {
    let seed = 11;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const lengths = new Set<number>();
    for (let round = 0; round < 300; round += 1) {
      const grammar = new AnswerGrammar({ ...options, ...taught, format: 'json', step: 1 + next(28) });
      let state: GrammarState = grammar.start;
      let text = '';
      while (state.part !== 'done') {
        const byte: number = state.bytes![next(state.bytes!.length)]!;
        text += String.fromCharCode(byte);
        state = state.step(byte)!;
      }
      const parsed: unknown = JSON.parse(text);
      const objects = (Array.isArray(parsed) ? parsed : [parsed]) as {
        label: string;
        bbox_2d: [number, number, number, number] | null;
      }[];
      if (Array.isArray(parsed)) lengths.add(objects.length);
      const boxes = objects.flatMap(({ bbox_2d: box }) => (box === null ? [] : [box]));
      if (Array.isArray(parsed)) expect(boxes.length).toBeGreaterThan(0);
      for (const box of boxes) {
        expect(box[2], text).toBeGreaterThan(box[0]);
        expect(box[3], text).toBeGreaterThan(box[1]);
        expect(box[2], text).toBeLessThanOrEqual(options.extent.width);
        expect(box[3], text).toBeLessThanOrEqual(options.extent.height);
      }
    }
    expect([...lengths].toSorted()).toEqual([1, 2, 3, 4]);
  });

  test('only the label of the answer has alternatives worth telling', () => {
    const text = answer(`[${head('2')}, ${item('suction')}, ${item('stapler')}]`);
    let state: GrammarState = new AnswerGrammar({ ...options, ...taught }).start;
    const told: string[] = [];
    for (const [at, byte] of Buffer.from(text).entries()) {
      if (state.unit?.alternatives === true && state.unit.written === '') told.push(text.slice(at, at + 1));
      state = state.step(byte)!;
    }
    expect(told).toEqual(['2']);
  });
});

test('what a model was taught says which labels, refusals and lists a free question may get', () => {
  const labels = {
    organ: ['kidney'],
    state: ['Idle'],
    location: ['left-top'],
    grounding: ['stapler'],
    absent: 'not visible',
    presence: { yes: 'yes', no: 'no' },
    refusals: ['cannot be told'],
    lists: { names: ['blood', 'stapler'], counts: ['1', '2'], most: 6 },
  };
  expect(answerLabels('How many are there?', labels)).toEqual({
    labels: ['kidney', 'Idle', 'left-top', 'stapler', 'not visible', 'yes'],
    boxless: ['no', 'cannot be told'],
    lists: { heads: ['1', '2', 'yes'], items: ['stapler', 'kidney', 'blood'], most: 6 },
  });
  expect(answerLabels('Where is the stapler located?', labels)).toEqual({
    labels: ['left-top', 'not visible'],
  });
  expect(answerLabels('How many are there?', undefined)).toEqual({ labels: null });
});

describe('the vocabulary', () => {
  const entries = [
    '<',
    '</',
    'think',
    '>',
    '><',
    'answer',
    ' ',
    'a',
    '.</think>',
    '.</think>x',
    '"',
    '12',
    '1',
    '2',
  ];
  entries.push(
    ', ',
    ',',
    'Idle',
    'Id',
    'le',
    '"Idle',
    '", "bbox_2d": [',
    '\u00c3',
    '\u00a9',
    ']}</answer>',
    ']',
  );
  const vocabulary = new TokenVocabulary({
    texts: entries.map((bytes, id) => ({ id, bytes })),
    size: entries.length + 4,
    ends: [entries.length + 1],
  });

  test('lets through the very tokens that the automaton does, in every state', () => {
    const text = answer('{"label": "Idle", "bbox_2d": [12, 108, 448, 364]}');
    let state: GrammarState | null = new AnswerGrammar(options).start;
    for (const byte of Buffer.from(text)) {
      const mask = vocabulary.mask(state!);
      const through = entries.flatMap((bytes, id) => (walk(state!, bytes) === null ? [] : [id]));
      if ('allow' in mask) expect([...mask.allow].toSorted((a, b) => a - b)).toEqual(through);
      else {
        const broken = entries.flatMap((_bytes, id) => (through.includes(id) ? [] : [id]));
        // Control tokens and padding are out; the token that ends a text is a wish to go on to the answer.
        const silent = [entries.length, entries.length + 2, entries.length + 3];
        expect([...mask.forbid].toSorted((a, b) => a - b)).toEqual([...broken, ...silent]);
      }
      state = state!.step(byte);
    }
    expect(state?.part).toBe('done');
  });

  test('entries are bytes in both spellings', () => {
    expect(tokenBytes('Ġé', 'byte-level')).toBe(' \u00e9');
    expect(tokenBytes('Ãī', 'byte-level')).toBe(toBinary('É'));
    expect(tokenBytes('\u2581word', 'metaspace')).toBe(' word');
    expect(tokenBytes('<0x0A>', 'metaspace')).toBe('\n');
    expect(tokenBytes('é', 'metaspace')).toBe(toBinary('é'));
  });
});

test('a question in the words of the data set has the labels of its kind, any other all of them', () => {
  const labels = {
    organ: ['kidney'],
    state: ['Idle'],
    location: ['left-top'],
    grounding: ['stapler'],
    absent: 'not visible',
  };
  expect(labelsFor('What organ is being operated?', labels)).toEqual(['kidney', 'not visible']);
  expect(labelsFor('What is the state of clip_applier?', labels)).toEqual(['Idle', 'not visible']);
  expect(labelsFor('Where is large needle driver located?', labels)).toEqual(['left-top', 'not visible']);
  expect(labelsFor('Locate the stapler.', labels)).toEqual(['stapler', 'kidney', 'not visible']);
  const all = ['kidney', 'Idle', 'left-top', 'stapler', 'not visible'];
  expect(labelsFor('What do you see?', labels)).toEqual(all);
  expect(labelsFor('Locate the hook.', { ...labels, grounding: [], organ: [] })).toEqual([
    'Idle',
    'left-top',
    'not visible',
  ]);
});
