import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { glyphsOf, nameMissing } from '../../main/export/glyphs.ts';
import { fontOf } from './font-of.ts';

const person = mkdtempSync(join(tmpdir(), 'workstation-fonts-'));
afterAll(() => rmSync(person, { recursive: true, force: true }));

/** Hashes of the pictures with these questions, drawn by a process that finds these fonts. */
const drawn = (environment: Record<string, string>, questions: string[]): string[] =>
  execFileSync(process.execPath, [join(import.meta.dirname, 'draw-question.ts'), ...questions], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
    .trim()
    .split('\n');

const none = (count: number): string =>
  `[${count === 1 ? '1 character' : `${count} characters`} that this machine has no font for]`;

describe('characters that no font has', () => {
  const lacking = (text: string): string => nameMissing(text, (character) => !/[中文字🫀क]/u.test(character));

  it.each([
    ['Where is the kidney?', 'Where is the kidney?'],
    ['中', none(1)],
    ['中文', none(2)],
    ['Is 中文 字 there? 中', `Is ${none(3)} there? ${none(1)}`],
    ['中 ', `${none(1)} `],
    // One sign of several parts, and a letter with its vowel, are one character to a person.
    ['🫀\ufe0f', none(1)],
    ['कि', none(1)],
    ['', ''],
  ])('of %j are counted: %j', (text, told) => {
    expect(lacking(text)).toBe(told);
  });

  it('are told by drawing; what the workstation brings along is there on every machine', () => {
    const has = glyphsOf('sans-serif');
    expect(has('\u{10fffd}')).toBe(false);
    for (const character of 'aé€ ') expect(has(character)).toBe(true);
  });
});

describe('a saved picture', () => {
  const hindi = 'क्या यह गुर्दा है?';
  const noSystem = { DISABLE_SYSTEM_FONTS_LOAD: '1' };

  it('names what this machine has no font for, and draws what the workstation brings', () => {
    const questions = ['出血 where?', `${none(2)} where?`, 'أين الكلية؟', `${none(10)}؟`, 'Où est le rein ?'];
    const [chinese, named, arabic, arabicNamed, french] = drawn(noSystem, questions);
    expect(chinese).toBe(named);
    expect(arabic).not.toBe(arabicNamed);
    expect(french).not.toBe(named);
  });

  it.runIf(process.platform === 'linux')('takes the font of the system where that has the characters', () => {
    mkdirSync(join(person, '.fonts'));
    writeFileSync(join(person, '.fonts', 'far.ttf'), fontOf([...new Set(hindi)].join('')));
    const letters = [...new Intl.Segmenter('hi').segment(hindi)].filter(
      ({ segment }) => !/[ ?]/.test(segment),
    );
    const named = `${none(letters.length)}?`;
    const [without, withoutNamed] = drawn(noSystem, [hindi, named]);
    expect(without).toBe(withoutNamed);
    const [withFont, withNamed] = drawn({ HOME: person }, [hindi, named]);
    expect(withFont).not.toBe(withNamed);
    expect(withNamed).toBe(withoutNamed);
  });
});
