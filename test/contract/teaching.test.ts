import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { understandQuestion } from '../../preload/contract/reading/reading.ts';
import { askable, examineQuestion, wordsOf, type ModelTeaching } from '../../preload/contract/teaching.ts';
import { instruments } from '../../preload/contract/vocabulary.ts';
import { HELD_OUT_WORDINGS, SPELLINGS, WORDINGS_OF, spell } from '../../models/data/dataset/grammar.ts';
import { ALL_TYPES, RECORD_TYPES } from '../../models/data/dataset/record.ts';

const manifest = CheckpointManifest.parse(
  JSON.parse(readFileSync(new URL('../../models/nano/manifest.json', import.meta.url), 'utf8')),
);
const taught = manifest.taught as ModelTeaching;
const ask = (text: string) => examineQuestion(text, taught);

describe('what the embedded model states that it was taught', () => {
  test('is every kind of question of its data, with all that each can ask about', () => {
    const kinds = ALL_TYPES.filter((kind) => kind !== 'refusal');
    expect(taught.kinds.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    for (const { kind, words, subjects } of taught.kinds) {
      const own = RECORD_TYPES.find((type) => type === kind);
      if (own === undefined) continue;
      const named = kind === 'organ' ? [] : instruments.map((name) => name.replaceAll('_', ' '));
      expect(subjects.map((name) => name.replaceAll('_', ' '))).toEqual(expect.arrayContaining(named));
      const spoken = WORDINGS_OF[own].flatMap((text) => wordsOf(text.replace('{subject}', '')));
      expect(words).toEqual(expect.arrayContaining([...new Set(spoken)]));
    }
  });

  test('knows every wording of its data, held-out ones too, however names are spelt', () => {
    for (const kind of RECORD_TYPES) {
      for (const wording of [...WORDINGS_OF[kind], ...HELD_OUT_WORDINGS[kind]]) {
        for (const spelling of SPELLINGS) {
          for (const subject of instruments) {
            const text = spell(wording, subject, spelling);
            expect(ask(text), text).toEqual({ taught: true, untaughtWords: [], rewrites: [] });
          }
        }
      }
    }
  });

  test.each([
    'Find the kidney.',
    'locate the Gallbladder',
    'WHAT ORGAN IS BEING OPERATED',
    ' which organ is this ?',
    'Is there bleeding?',
    'What instrument is at the left?',
    'which instruments are in',
    'Describe the picture.',
    'How many instruments are there?',
  ])('knows %j', (text) => {
    expect(ask(text).taught).toBe(true);
  });
});

describe('a question that it was not taught', () => {
  // Typed as a surgeon or a child at the keyboard would.
  test.each([
    ['Where is the tumor?', ['tumor']],
    ['hello', ['hello']],
    ['asdf qwer zxcv?? 12', ['asdf', 'qwer', 'zxcv', '12']],
    ['Was macht die Schere?', ['macht', 'die', 'schere']],
    ['¿Dónde está el riñón?', ['dónde', 'está', 'el', 'riñón']],
    ['Where is 器械 located?', ['器械']],
    ['Should I convert to open?', ['convert', 'open']],
    ['Which organ is the surgeon not operating on?', ['not']],
    ['Where is the stapler and the suction?', []],
    ['Could you please tell me about the anaemia of their kidney?', ['anaemia']],
    ["What isn't the stapler doing?", ["isn't"]],
  ])('%j is told by its words', (text, untaughtWords) => {
    expect(ask(text)).toMatchObject({ taught: false, untaughtWords });
  });

  test.each([
    'What is the forceps doing?',
    'Where is the kidney?',
    'Where is the organ?',
    'kidney?',
    'Is suction used here?',
    'Is the organ here?',
    'What is the state of the stapler the suction?',
    'What does the surgeon do?',
    '???',
    '   ',
    '',
  ])('%j is told though its words are known', (text) => {
    expect(ask(text)).toMatchObject({ taught: false, untaughtWords: [] });
  });

  test('gets questions in its place that the model knows, about what it named', () => {
    expect(ask('Are the scissors cutting?').rewrites[0]).toMatch(/^What is the state of (\w+ )*scissors\?$/);
    expect(ask('Where is the needle driver?').rewrites[0]).toBe('Where is large needle driver located?');
    expect(ask('whre is the staplr').rewrites.every((text) => /staple|organ/.test(text))).toBe(true);
    expect(ask('Where is the kidney?').rewrites).toContain('Locate the kidney.');
    // A part of a name is named: what is suggested has the whole name.
    expect(ask('Is the bipolar any good?').rewrites[0]).toMatch(/bipolar forceps/);
    const forceps = ask('What is the forceps doing?').rewrites.join(' ');
    expect(forceps).toMatch(/forceps/);
    expect(forceps).not.toMatch(/stapler|probe|suction/);
  });

  test('gets a few, and each of them is taught', () => {
    for (const text of ['organ '.repeat(300), 'forceps suction kidney', 'is the instrument tired']) {
      const { rewrites } = ask(text);
      expect(rewrites.length).toBeGreaterThan(0);
      expect(rewrites.length).toBeLessThanOrEqual(4);
      for (const rewrite of rewrites) expect(ask(rewrite).taught, rewrite).toBe(true);
    }
  });

  test.each([
    'Will he survive?',
    'Is there a fistula?',
    'hello',
    'how large is the length',
    'is a whale older',
    '',
    'x'.repeat(2000),
  ])('%j is near none of them: one of each kind is there to be shown instead', (text) => {
    expect(understandQuestion(text, taught).rewrites).toEqual([]);
    const examples = askable(taught);
    expect(examples).toHaveLength(taught.kinds.length);
    for (const example of examples) expect(ask(example).taught, example).toBe(true);
  });

  test('is not refused for a word that only holds or dresses it', () => {
    expect(ask('What will he do after the fistula, presumably?').untaughtWords).toEqual(['fistula']);
    expect(ask('What’s, or whats, the fistula?').untaughtWords).toEqual(['fistula']);
  });
});

test('a model that was taught one kind offers that one', () => {
  const kinds = taught.kinds.filter(({ kind }) => kind === 'organ');
  expect(examineQuestion('Which organ does the stapler hurt?', { kinds }).rewrites).toEqual([
    'What organ is being operated?',
  ]);
});
