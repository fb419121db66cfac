import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { readQuestion, understandQuestion } from '../../preload/contract/reading/reading.ts';
import { isTaught, type ModelTeaching } from '../../preload/contract/teaching.ts';
import { instruments } from '../../preload/contract/vocabulary.ts';
import { HELD_OUT_WORDINGS, SPELLINGS, WORDINGS_OF, spell } from '../../models/data/dataset/grammar.ts';
import { RECORD_TYPES } from '../../models/data/dataset/record.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const taught = CheckpointManifest.parse(JSON.parse(read('models/nano/manifest.json')))
  .taught as ModelTeaching;
const ask = (text: string) => understandQuestion(text, taught);

/** Typed questions, each with what is asked: see the head of the file. */
const cases = read('test/fixtures/readings.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' => ') as [string, string]);
const understood = cases.filter(([, asked]) => asked !== '-' && asked !== '=');

/** The same draws in every run. */
function drawing(seed: number): <Item>(items: readonly Item[]) => Item {
  let state = seed;
  return (items) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return items[Math.floor((state / 2 ** 32) * items.length)]!;
  };
}

describe('a question that was typed', () => {
  test('has cases of every sort', () => {
    expect(understood.length).toBeGreaterThan(110);
    expect(cases.filter(([, asked]) => asked === '-').length).toBeGreaterThan(80);
  });

  test.each(cases)('%j => %s', (typed, expected) => {
    const { taught: known, reading } = ask(typed);
    expect(known ? '=' : (reading?.asked ?? '-')).toBe(expected);
    // What the ask box shows is what is asked.
    expect(readQuestion(typed, taught)).toEqual(reading);
  });

  test('is asked only in words that the exam takes for those of the kind it names', () => {
    for (const [typed] of understood) {
      const reading = readQuestion(typed, taught);
      const kinds = taught.kinds.filter(({ kind }) => kind === reading!.kind);
      expect(isTaught(reading!.asked, { kinds }), typed).toBe(true);
      // What was read once stands as it is.
      expect(ask(reading!.asked), typed).toMatchObject({ taught: true, reading: null });
    }
  });

  test('is not read any more once it has a word that nobody understands, wherever that stands', () => {
    const pick = drawing(1);
    const strange = [
      'tumour',
      'ureter',
      'not',
      'never',
      'was',
      'should',
      'zyxwv',
      'bladder',
      'still',
      'twelve',
      '3',
      'und',
    ];
    for (const [typed] of understood) {
      const words = typed.replaceAll(/[?.!,]/g, '').split(' ');
      for (let draw = 0; draw < 5; draw += 1) {
        const at = pick([...words.keys(), words.length]);
        const text = [...words.slice(0, at), pick(strange), ...words.slice(at)].join(' ');
        expect(readQuestion(text, taught), text).toBeNull();
      }
    }
  });

  test('is read the same whatever its letters, marks and courtesy', () => {
    for (const [typed, expected] of understood) {
      for (const text of [typed.toUpperCase(), `  ${typed}`, `${typed} please`, typed.replaceAll("'", '’')]) {
        if (!isTaught(text, taught)) expect(readQuestion(text, taught)?.asked, text).toBe(expected);
      }
    }
  });

  test('of words drawn at random is read as something that was taught, or not at all', () => {
    const pick = drawing(7);
    const words = [...new Set(cases.flatMap(([typed]) => typed.split(' ')))];
    let readings = 0;
    for (let draw = 0; draw < 200; draw += 1) {
      const text = Array.from({ length: 1 + (draw % 6) }, () => pick(words)).join(' ');
      const { reading, rewrites } = ask(text);
      if (reading !== null) readings += 1;
      for (const asked of [...(reading === null ? [] : [reading.asked]), ...rewrites]) {
        expect(isTaught(asked, taught), `${text} => ${asked}`).toBe(true);
      }
    }
    expect(readings).toBeGreaterThan(0);
  });

  test('in a wording of the data set is never put in other words', () => {
    for (const kind of RECORD_TYPES) {
      for (const wording of [...WORDINGS_OF[kind], ...HELD_OUT_WORDINGS[kind]]) {
        for (const spelling of SPELLINGS) {
          const text = spell(wording, instruments[0], spelling);
          expect(ask(text), text).toMatchObject({ taught: true, reading: null });
        }
      }
    }
  });
});

describe('a question that is not read', () => {
  test.each([
    ["where's the forceps", ['Where is bipolar forceps located?', 'Where is prograsp forceps located?']],
    ["where's the blood", ['Is there any blood in view?']],
    ['is there much smoke', ['Is there any smoke in view?']],
    ["what's that?", ['What organ is being operated?', 'Describe the frame.']],
    ['which instrument is near the blood', ['Which instrument is nearest to the blood?']],
    ['is the liver visible', ['Locate the liver.']],
  ])('%j has first among its rewrites what comes near it', (typed, expected) => {
    const { reading, rewrites } = ask(typed);
    expect(reading).toBeNull();
    expect(rewrites.slice(0, expected.length)).toEqual(expected);
    expect(rewrites.length).toBeLessThanOrEqual(4);
  });

  test('however long it is, takes no time', () => {
    const start = performance.now();
    for (const text of [
      'where is '.repeat(222),
      'left or '.repeat(250),
      `is suction ${'on left or '.repeat(180)}`,
      'x'.repeat(2000),
    ]) {
      expect(ask(text).reading).toBeNull();
    }
    // Far more than it takes, and far less than a pattern that tries every way would.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('a model that was taught less', () => {
  const only = (...kinds: string[]): ModelTeaching => ({
    kinds: taught.kinds.filter(({ kind }) => kinds.includes(kind)),
  });

  test('is asked nothing of a kind that it was not taught', () => {
    for (const [typed] of understood) {
      const reading = readQuestion(typed, only('organ', 'state'));
      if (reading !== null) expect(['organ', 'state']).toContain(reading.kind);
    }
    expect(understandQuestion("where's the suction", only('state')).reading).toBeNull();
  });

  test('is asked where an instrument is by a box where it tells no places', () => {
    expect(understandQuestion("where's the suction", only('grounding')).reading).toEqual({
      kind: 'grounding',
      asked: 'Locate the suction.',
    });
  });

  test('is not counted where it was not, and is led to a list', () => {
    const kinds = taught.kinds.filter(({ kind }) => kind !== 'count');
    const { reading, rewrites } = understandQuestion('how many tools are there', { kinds });
    expect(reading).toBeNull();
    expect(rewrites[0]).toBe('Which instruments are in view?');
  });

  test('counts where it was taught to', () => {
    const count = {
      kind: 'count',
      example: 'How many instruments are in view?',
      openings: ['how'],
      words: 'how many instruments are in view'.split(' '),
      subjects: [],
      about: 'any' as const,
    };
    expect(understandQuestion('number of tools?', { kinds: [count] }).reading?.asked).toBe(count.example);
  });
});
