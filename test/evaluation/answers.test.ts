import { describe, expect, it } from 'vitest';
import { answerOf, parseAnswers } from '../../models/evaluation/answers.ts';
import { question } from './rows.ts';

const header = {
  format: 'surgery-r1-answers',
  formatVersion: 1,
  model: 'sft-seed0',
  split: 'test',
  settings: {},
};
const file = (...lines: unknown[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
const line = { id: 'x#0', label: 'Idle', box: [10, 20, 30, 40], reasoning: 'Seen.', wellFormed: true };
const row = question('a', 'state', 'Idle', { id: 'x#0', width: 200, height: 100 });

describe('a file of answers', () => {
  it('gives answers by row, boxes in pixels of the source', () => {
    const read = parseAnswers(file(header, { ...line, probability: 0.75 }), 'a.jsonl');
    const found = read.lines.get('x#0');
    expect(read.problems).toEqual([]);
    expect(found && answerOf(found, row, read.header)).toEqual({
      label: 'Idle',
      box: [10, 20, 30, 40],
      reasoning: 'Seen.',
      wellFormed: true,
      probability: 0.75,
      boxProbability: null,
    });
  });

  it('scales boxes of a resized image whose size the first line tells', () => {
    const read = parseAnswers(file({ ...header, resized: { width: 100, height: 100 } }, line), 'a.jsonl');
    expect(answerOf(read.lines.get('x#0')!, row, read.header).box).toEqual([20, 20, 60, 40]);
  });

  it('reads texts in the format that the models write', () => {
    const text =
      '<think>It lies in the upper left.</think><answer>{"label": "Idle", "bbox_2d": [10,20,30,40]}</answer>';
    const read = parseAnswers(
      file(
        { ...header, resized: { width: 100, height: 100 } },
        { id: 'x#0', text },
        { id: 'x#1', text: 'Idle.' },
      ),
      'a.jsonl',
    );
    expect(answerOf(read.lines.get('x#0')!, row, read.header)).toEqual({
      label: 'Idle',
      box: [20, 20, 60, 40],
      reasoning: 'It lies in the upper left.',
      wellFormed: true,
      probability: null,
    });
    expect(answerOf(read.lines.get('x#1')!, row, read.header)).toMatchObject({
      label: null,
      box: null,
      wellFormed: false,
    });
    const unsized = parseAnswers(file(header, { id: 'x#0', text }), 'a.jsonl');
    expect(() => answerOf(unsized.lines.get('x#0')!, row, unsized.header)).toThrow('no "resized" size');
  });

  it('names every line that is none, and keeps the others', () => {
    const { lines, problems } = parseAnswers(
      `${file(header, '{"id": "x#0", "label"', line, { ...line, label: 'Cutting' }, { ...line, id: 'x#1', box: [1, 2, 3] }, { ...line, id: 'x#2', probability: 7 })}{"id":"x#3"`,
      'a.jsonl',
    );
    expect([...lines.values()]).toEqual([line]);
    expect(problems.map(({ where }) => where)).toEqual([
      'a.jsonl:2',
      'a.jsonl:4',
      'a.jsonl:5',
      'a.jsonl:6',
      'a.jsonl:7',
    ]);
    expect(problems[1]?.what).toContain('second answer to x#0');
    expect(problems[2]?.what).toContain('box');
    expect(problems[4]?.what).toContain('half a line');
  });

  it.each([
    ['nothing', ''],
    ['no header', file(line)],
    ['another version', file({ ...header, formatVersion: 2 })],
    ['no model', file({ ...header, model: '' })],
  ])('with %s is refused', (_name, text) => {
    expect(() => parseAnswers(text, 'a.jsonl')).toThrow(/a\.jsonl, line 1, is not the header/);
  });
});
