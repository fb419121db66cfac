import { afterEach, describe, expect, it } from 'vitest';
import { placeBeside } from '../../renderer/view/beside.ts';
import { english } from '../../renderer/words/english/index.ts';
import { filled } from '../../renderer/words/message.ts';
import { piecesOf } from '../../renderer/words/pieces.ts';
import { pseudoText } from '../../renderer/words/pseudo.ts';
import { chooseLanguage, pseudoLanguage, say } from '../../renderer/words/say.ts';

afterEach(() => chooseLanguage(null));

describe('texts of the window', () => {
  it('are filled, with numbers grouped and the form that the number wants', () => {
    expect(say('tour.at', { at: 2, of: 5 })).toBe('Step 2 of 5.');
    expect(say('site.labels', { count: 1 })).toBe('1 label');
    expect(say('site.labels', { count: 1200 })).toBe('1\u2009200 labels');
  });

  it('have the plural forms of their language, not those of English', () => {
    const polish = {
      one: '{count} etykieta',
      few: '{count} etykiety',
      many: '{count} etykiet',
      other: '{count} etykiety',
    };
    expect([1, 3, 5, 22, 112].map((count) => filled(polish, { count }, 'pl'))).toEqual([
      '1 etykieta',
      '3 etykiety',
      '5 etykiet',
      '22 etykiety',
      '112 etykiet',
    ]);
  });

  it('leave what is put in as it is, even if it looks like a place for something', () => {
    expect(filled('{name} changes', { name: '{count} $& {name}' }, 'en')).toBe('{count} $& {name} changes');
  });

  it('are longer, bracketed and still filled in the pseudo-language, and English in one that is not there', () => {
    chooseLanguage(pseudoLanguage);
    expect(say('tour.at', { at: 2, of: 5 })).toMatch(/^⟦Štép 2 óf 5\.~+⟧$/);
    for (const message of Object.values(english)) {
      const text = typeof message === 'string' ? message : message.other;
      expect(pseudoText(text).length).toBeGreaterThan(text.length * 1.3);
      expect(pseudoText(text).match(/\{\w+\}/g)).toEqual(text.match(/\{\w+\}/g));
    }
    expect(piecesOf(pseudoText('Choose <em>this</em>')).map(({ tag }) => tag)).toEqual([null, 'em', null]);
    chooseLanguage('tlh');
    expect(say('settings.title')).toBe('Settings');
  });

  it('name in every form of a plural what is put into it', () => {
    for (const [key, message] of Object.entries(english)) {
      if (typeof message === 'string') continue;
      const names = Object.values(message).map((text: string) =>
        [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      for (const own of names) expect([...names[0]!, 'count'], key).toEqual(expect.arrayContaining(own));
    }
  });
});

describe('a card beside what it is about', () => {
  const card = { width: 320, height: 150 };
  it.each([
    ['above the playback', { left: 0, top: 560, width: 1280, height: 40 }, { width: 1280, height: 720 }],
    ['beside the answer', { left: 920, top: 44, width: 360, height: 400 }, { width: 1280, height: 720 }],
    [
      'beside the answer in a low window',
      { left: 380, top: 44, width: 340, height: 380 },
      { width: 720, height: 450 },
    ],
    [
      'beside what fills the window',
      { left: 0, top: 0, width: 720, height: 450 },
      { width: 720, height: 450 },
    ],
  ])('%s stands in the window', (_where, about, window) => {
    const { left, top } = placeBeside(about, card, window);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(left + card.width).toBeLessThanOrEqual(window.width);
    expect(top + card.height).toBeLessThanOrEqual(window.height);
    const apart =
      left + card.width <= about.left ||
      left >= about.left + about.width ||
      top + card.height <= about.top ||
      top >= about.top + about.height;
    expect(apart).toBe(about.width < window.width || about.height < window.height / 2);
  });
});
