import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recogniseQuestion } from '../../models/data/dataset/recognise.ts';
import { ALL_TYPES } from '../../models/data/dataset/record.ts';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { understandQuestion } from '../../preload/contract/reading/reading.ts';
import { examineQuestion } from '../../preload/contract/teaching.ts';

/** Questions as people type them, with what is to become of each; see the head of the file. */
const typed = readFileSync(resolve(import.meta.dirname, '../fixtures/typed-questions.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [expected = '', question = ''] = line.split(' | ');
    return { expected, question };
  });
const shipped = CheckpointManifest.parse(
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../../models/nano/manifest.json'), 'utf8')),
);
const taughtKinds = shipped.taught!.kinds.map(({ kind }) => kind);

describe('200 questions typed by hand', () => {
  it('are of every kind, each once, and none is a wording of the data set', () => {
    expect(typed).toHaveLength(200);
    expect(new Set(typed.map(({ question }) => question)).size).toBe(200);
    expect(new Set(typed.map(({ expected }) => expected))).toEqual(
      new Set([...ALL_TYPES.filter((type) => type !== 'refusal'), 'picture', 'question']),
    );
    const known = typed.filter(({ question }) => recogniseQuestion(question) !== null);
    expect(known.map(({ question }) => question)).toEqual([]);
  });

  it('never get an answer of the shipped model where they ask what it was not taught', () => {
    const others = typed.filter(({ expected }) => !taughtKinds.includes(expected));
    const passed = others.filter(({ question }) => examineQuestion(question, shipped.taught!).taught);
    expect(others).toHaveLength(73);
    expect(passed).toEqual([]);
  });

  it('are read as what they ask or not at all, and most that ask about the picture are', () => {
    const understood = typed.flatMap(({ expected, question }) => {
      const { taught, reading } = understandQuestion(question, shipped.taught!);
      if (reading !== null) expect(reading.kind, question).toBe(expected);
      return taught || reading !== null ? [expected] : [];
    });
    expect(understood.every((expected) => taughtKinds.includes(expected))).toBe(true);
    expect(understood.length).toBeGreaterThanOrEqual(76);
  });

  it('are led on to something near where they are refused, if they ask about the picture', () => {
    const refused = typed
      .map(({ expected, question }) => ({ expected, ...understandQuestion(question, shipped.taught!) }))
      .filter(({ taught, reading }) => !taught && reading === null);
    for (const rewrite of refused.flatMap(({ rewrites }) => rewrites))
      expect(examineQuestion(rewrite, shipped.taught!).taught).toBe(true);
    const own = refused.filter(({ expected }) => taughtKinds.includes(expected));
    const led = own.filter(({ rewrites }) => rewrites.length > 0);
    expect(led.length / own.length).toBeGreaterThan(0.8);
  });
});
