import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../models/evaluation/figures.ts';
import { isWholeList, listFigures, matchList } from '../../models/evaluation/lists.ts';
import { answerOf, parseAnswers } from '../../models/evaluation/answers.ts';
import { isWellFormed } from '../../models/evaluation/format.ts';
import type { AnsweredRow, EvaluationRow, RowAnswer } from '../../models/evaluation/rows.ts';
import type { Box } from '../../preload/contract/values.ts';

/** Answers that name several things, that say yes or no, and that decline. */
const labels = ['suction', 'stapler', 'blood', 'yes', 'no', '2'];
const [left, right]: [Box, Box] = [
  [0, 0, 100, 100],
  [200, 0, 300, 100],
];
const row = (change: Partial<EvaluationRow>): EvaluationRow => ({
  id: 'r',
  image: 'a.jpg',
  question: 'Which instruments are in view?',
  questionType: 'instruments',
  subject: 'instruments',
  wording: 'dataset',
  label: 'suction, stapler',
  box: null,
  items: [
    { label: 'suction', box: left },
    { label: 'stapler', box: right },
  ],
  width: 400,
  height: 300,
  ...change,
});
const said = (change: Partial<RowAnswer>): RowAnswer => ({
  label: null,
  box: null,
  reasoning: '',
  wellFormed: true,
  probability: null,
  ...change,
});
const items = (...named: [string, RowAnswer['box']][]): RowAnswer =>
  said({ label: 'x', items: named.map(([label, box]) => ({ label, box })) });

describe('the things of a list', () => {
  const cases: [string, RowAnswer, [number, number]][] = [
    ['all, in another order', items(['stapler', right], ['suction', left]), [2, 2]],
    ['one where it is, one elsewhere', items(['suction', left], ['stapler', left]), [2, 1]],
    ['names changed about', items(['stapler', left], ['suction', right]), [2, 0]],
    ['one twice', items(['suction', left], ['suction', left]), [2, 1]],
    ['one too many', items(['suction', left], ['stapler', right], ['blood', right]), [3, 2]],
    ['one without a box', items(['suction', left], ['stapler', null]), [2, 1]],
    ['an overlap of a half, just', items(['suction', [0, 0, 100, 50]]), [1, 1]],
    ['an overlap below it', items(['suction', [0, 0, 100, 49]]), [1, 0]],
    ['one thing and no list', said({ label: 'suction', box: left }), [1, 1]],
    ['nothing', said({}), [0, 0]],
  ];
  it.each(cases)('%s', (_name, answer, [named, found]) => {
    expect(matchList(row({}), answer, labels)).toEqual({ true: 2, said: named, found });
  });

  it('give precision, recall and F1 over all questions together', () => {
    const matches = [
      { true: 2, said: 2, found: 2 },
      { true: 4, said: 1, found: 1 },
      null,
      { true: 2, said: 3, found: 0 },
    ];
    expect(listFigures(matches)).toEqual({
      questions: 3,
      things: 8,
      precision: 3 / 6,
      recall: 3 / 8,
      f: 6 / 14,
    });
    expect(listFigures([null])).toBeNull();
    expect(listFigures([{ true: 2, said: 0, found: 0 }])).toMatchObject({ precision: null, recall: 0, f: 0 });
  });

  it('are the whole list where every name is there once, however boxes lie', () => {
    expect(isWholeList(row({}), items(['stapler', null], ['Suction', left]), labels)).toBe(true);
    expect(isWholeList(row({}), items(['suction', left], ['suction', right]), labels)).toBe(false);
    expect(isWholeList(row({}), items(['suction', left]), labels)).toBe(false);
  });
});

describe('the figures', () => {
  const count = row({ id: 'c', questionType: 'count', question: 'How many?', label: '2' });
  const no = row({ id: 'n', questionType: 'presence', subject: 'blood', label: 'no', items: undefined });
  const advice = row({
    ...{ id: 'a', questionType: 'refusal', subject: 'picture', question: 'Shall I cut?' },
    ...{ label: 'cannot be told from this picture', items: undefined },
  });
  const both: [string, RowAnswer['box']][] = [
    ['suction', left],
    ['stapler', right],
  ];
  const answered: AnsweredRow[] = [
    { row: row({}), answer: items(...both) },
    { row: count, answer: { ...items(...both), label: '3' } },
    { row: no, answer: said({ label: 'no', reasoning: 'No blood is seen in this view.' }) },
    { row: { ...no, id: 'n2' }, answer: said({ label: 'cannot be told from this picture' }) },
    { row: advice, answer: said({ label: 'not a question that I was taught' }) },
    { row: { ...advice, id: 'a2' }, answer: said({ label: 'cannot be told from this picture' }) },
    { row: { ...advice, id: 'a3' }, answer: said({ label: 'suction', box: left }) },
  ];

  it('count a list as right or not, a count and a no by their label', () => {
    const { byType, overall, countedTypes } = figuresOf(answered);
    expect(countedTypes).toEqual(['instruments', 'count', 'presence', 'refusal']);
    expect(byType.instruments?.accuracy).toBe(1);
    expect(byType.count?.accuracy).toBe(0);
    expect(byType.presence?.accuracy).toBe(0.5);
    expect(byType.refusal?.accuracy).toBeCloseTo(1 / 3);
    expect(overall.withBox).toBe(0);
    expect(overall.lists).toMatchObject({ questions: 2, things: 4, f: 1 });
    expect(overall.coherent).toBe(1);
  });

  it('tell what was declined of what was to be, and of what was not', () => {
    expect(figuresOf(answered).overall.refusals).toEqual({
      ...{ outOfScope: 3, caught: 2, rate: 2 / 3 },
      ...{ inScope: 4, wrongly: 1, wrongRate: 0.25 },
    });
    expect(figuresOf(answered.slice(0, 2)).overall.refusals).toBeNull();
  });

  it('have one class for all lists, and none for the names of one', () => {
    const classes = Object.keys(figuresOf(answered).perClass);
    expect(classes).toContain('the whole list');
    expect(classes).not.toContain('suction, stapler');
  });
});

describe('a file of answers', () => {
  const header = '{"format":"surgery-r1-answers","formatVersion":1,"model":"m","settings":{}';
  it('has lists as items or as text, boxes scaled alike', () => {
    const text =
      '<think>So.</think><answer>[{\\"label\\": \\"2\\", \\"bbox_2d\\": null}, {\\"label\\": \\"suction\\", \\"bbox_2d\\": [0, 0, 50, 50]}, {\\"label\\": \\"stapler\\", \\"bbox_2d\\": [100, 0, 150, 50]}]</answer>';
    const file = parseAnswers(
      `${header},"resized":{"width":200,"height":150}}\n{"id":"r","label":"2","box":null,"items":[{"label":"suction","box":[0,0,50,50]},{"label":"stapler","box":[100,0,150,50]}],"reasoning":"","wellFormed":true}\n{"id":"t","text":"${text}"}\n`,
      'answers.jsonl',
    );
    expect(file.problems).toEqual([]);
    for (const id of ['r', 't']) {
      const answer = answerOf(file.lines.get(id)!, row({}), file.header);
      expect(answer).toMatchObject({ label: '2', box: null, wellFormed: true });
      expect(answer.items).toEqual([
        { label: 'suction', box: left },
        { label: 'stapler', box: right },
      ]);
    }
  });

  it('knows a well-formed list from one that only the reader forgives', () => {
    const list = (...objects: string[]): string =>
      `<think>So.</think><answer>[${objects.join(', ')}]</answer>`;
    const thing = '{"label": "suction", "bbox_2d": [0, 0, 8, 8]}';
    const head = '{"label": "2", "bbox_2d": null}';
    expect(isWellFormed(list(thing))).toBe(true);
    expect(isWellFormed(list(head, thing, thing))).toBe(true);
    expect(isWellFormed(list(thing, head))).toBe(false);
    expect(isWellFormed(list(head))).toBe(false);
    expect(isWellFormed(list(head, '{"label": "suction", "bbox_2d": [8, 0, 0, 8]}'))).toBe(false);
    expect(isWellFormed(list())).toBe(false);
    expect(isWellFormed('<think>So.</think><answer>[{"label": "2"}, 3]</answer>')).toBe(false);
  });
});
