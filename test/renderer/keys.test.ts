import { describe, expect, it } from 'vitest';
import { defaultPreferences, KeyChoices } from '../../preload/contract/index.ts';
import {
  capOfPress,
  choose,
  KeysInUse,
  readPress,
  resetAll,
  resetKeys,
  withoutKeys,
} from '../../renderer/view/keys-in-use.ts';
import { questionsIn, recentQuestions } from '../../renderer/view/own-questions.ts';
import { inSheet } from '../../renderer/view/key-sheet.ts';
import { shortcutGroups, type Action } from '../../renderer/view/shortcuts.ts';

const own = defaultPreferences.keys;
const pressed = (key: string, held: Partial<KeyboardEvent> = {}) => ({
  ...{ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
  ...held,
});
const chosen = (action: Action, press: string, beside = false, choices = own): KeyChoices => {
  const result = choose(choices, action, { press, beside });
  if ('refused' in result) throw new Error(result.refused);
  return result.choices;
};
const refusal = (action: Action, press: string, choices = own): string => {
  const result = choose(choices, action, { press, beside: false });
  return 'refused' in result ? result.refused : '';
};

describe('the keys that hold', () => {
  it('are the window’s own until something is chosen', () => {
    const { groups } = new KeysInUse(own);
    expect(groups).toEqual(shortcutGroups);
  });

  it('follow a choice: the new key works, the old one does nothing, and both are said', () => {
    const keys = new KeysInUse(chosen('accept', 'v'));
    expect(keys.actionOf(pressed('v'))).toBe('accept');
    expect(keys.actionOf(pressed('a'))).toBeNull();
    expect(keys.capsOf('accept')).toEqual(['V']);
    expect(keys.hint('Accept', 'accept')).toBe('Accept (V)');
  });

  it('can be added beside others, and taken away', () => {
    const beside = new KeysInUse(chosen('library', 'v', true));
    expect(beside.capsOf('library')).toEqual(['Ctrl L', 'Ctrl O', 'V']);
    const none = new KeysInUse(withoutKeys(own, 'library'));
    expect(none.actionOf(pressed('o'))).toBe('set-out');
    expect(none.hint('Library', 'library')).toBe('Library');
  });

  it.each(shortcutGroups.flatMap(({ shortcuts }) => shortcuts.map(({ action }) => action)))(
    'of %s can be changed and come back',
    (action) => {
      if (action === 'escape') return expect(new KeysInUse(chosen(action, 'F9')).capOf(action)).toBe('Esc');
      const changed = chosen(action, 'F9');
      expect(new KeysInUse(changed).actionOf(pressed('F9'))).toBe(action);
      const back = resetKeys(changed, action);
      expect('choices' in back && new KeysInUse(back.choices).groups).toEqual(shortcutGroups);
    },
  );

  it('do without single letters, digits and signs where they are switched off', () => {
    const keys = new KeysInUse({ ...own, single: false });
    for (const key of ['a', 'q', ',', '.', '[', '1', '0', '+', '?'])
      expect(keys.actionOf(pressed(key))).toBeNull();
    expect(keys.actionOf(pressed('?', { shiftKey: true }))).toBeNull();
    expect(keys.actionOf(pressed('N', { shiftKey: true }))).toBeNull();
    expect(keys.actionOf(pressed(' '))).toBe('play');
    expect(keys.actionOf(pressed('ArrowLeft'))).toBe('step-back');
    expect(keys.actionOf(pressed('z', { ctrlKey: true }))).toBe('undo');
    expect(keys.capsOf('step-back')).toEqual(['←']);
    expect(keys.capsOf('accept')).toEqual([]);
  });
});

describe('a choice is refused', () => {
  it('where the key is another command’s, by its name', () => {
    expect(refusal('accept', 'x')).toBe(
      'X is the key of “Reject it; then 1 to 4 for the reason”. Change that one first.',
    );
    expect(refusal('accept', 'Shift+<')).toMatch(/“Ten frames back”/);
    expect(refusal('accept', 'v', chosen('ask', 'v'))).toMatch(/“Ask about this frame”/);
    // Also one that is switched off for now.
    expect(refusal('accept', 'x', { ...own, single: false })).toMatch(/Reject/);
    expect(refusal('accept', 'a')).toBe('');
  });

  it('where own keys would come back that are another command’s by now', () => {
    const moved = chosen('reject', 'a', false, chosen('accept', 'v'));
    expect(resetKeys(moved, 'accept')).toEqual({ refused: expect.stringMatching(/“Reject it/) });
    expect(new KeysInUse(resetAll(moved)).groups).toEqual(shortcutGroups);
  });

  it.each([
    ['Control', { ctrlKey: true }, /hold with another/],
    ['Shift', { shiftKey: true }, /hold with another/],
    ['Alt', { altKey: true }, /hold with another/],
    ['Meta', { metaKey: true }, /hold with another/],
    ['AltGraph', {}, /hold with another/],
    ['k', { altKey: true }, /Alt belongs/],
    ['Tab', {}, /from one thing to the next/],
    ['Enter', {}, /presses it/],
    ['Escape', {}, /leaves what is open/],
    ['w', { ctrlKey: true }, /Ctrl W/],
    ['r', { metaKey: true }, /browser keeps/],
    ['0', { ctrlKey: true }, /browser keeps/],
    ['F5', {}, /system or the browser/],
    ['F11', {}, /system or the browser/],
    ['MediaPlayPause', {}, /system or the browser/],
    ['Dead', {}, /system or the browser/],
    ['Unidentified', {}, /system or the browser/],
  ] as const)('for %s with %o', (key, held, why) => {
    expect(readPress(pressed(key, held))).toEqual({ refused: expect.stringMatching(why) });
  });
});

describe('a stored table', () => {
  const stored = (table: Record<string, string[]>): KeysInUse =>
    new KeysInUse(KeyChoices.parse({ version: 1, single: true, pressed: table }));

  it('of a version with other commands keeps them, and leaves the rest alone', () => {
    const keys = stored({ 'fold-time': ['v'], accept: ['v'] });
    expect(keys.actionOf(pressed('v'))).toBe('accept');
    expect(
      resetAll({ version: 1, single: true, pressed: { 'fold-time': ['v'], accept: ['v'] } }).pressed,
    ).toEqual({
      'fold-time': ['v'],
    });
  });

  it('that names a key twice, or one that can’t be one, gives no key two meanings', () => {
    const keys = stored({ accept: ['x', 'Tab'], reopen: ['x'], reject: ['Control+w'], play: ['Escape'] });
    expect(keys.actionOf(pressed('x'))).toBe('accept');
    expect(keys.capsOf('accept')).toEqual(['X']);
    expect(keys.capsOf('reopen')).toEqual([]);
    // Its own keys hold where none of what was stored can: but X is somebody’s.
    expect(keys.capsOf('reject')).toEqual([]);
    expect(keys.capsOf('play')).toEqual(['Space']);
    expect(keys.actionOf(pressed('Escape'))).toBe('escape');
  });
});

it('presses are said as on the key caps', () => {
  expect(
    [
      'Control+Shift+z',
      'Control+ArrowLeft',
      'Shift+<',
      'Shift+n',
      ' ',
      '-',
      'Shift++',
      'Control++',
      'F9',
    ].map(capOfPress),
  ).toEqual(['Shift Ctrl Z', 'Ctrl ←', '<', 'Shift N', 'Space', '−', '+', 'Ctrl +', 'F9']);
});

it('the sheet has the nine steps in one line, unless one of them is another key', () => {
  const line = (choices: KeyChoices): string[] =>
    inSheet(new KeysInUse(choices).groups)
      .flatMap(({ shortcuts }) => shortcuts)
      .filter(({ action }) => action.startsWith('mark-step'))
      .map(({ keys, text }) => `${keys.join()} ${text}`);
  expect(line(own)).toEqual(['1 … 9 Mark a step: right, wrong, not visible']);
  expect(line(chosen('mark-step-2', 'v'))).toHaveLength(9);
});

describe('questions of one’s own', () => {
  it('each line is one, asked once', () => {
    expect(questionsIn(' What organ?\r\n\n  Which tools?\nWhat organ? ')).toEqual([
      'What organ?',
      'Which tools?',
    ]);
    expect(questionsIn(' \n ')).toEqual([]);
  });

  it('those asked last are offered once, without those that are kept', () => {
    expect(recentQuestions(['b', 'a', 'b', 'kept', 'c'], ['kept'])).toEqual(['b', 'a', 'c']);
    expect(
      recentQuestions(
        Array.from({ length: 30 }, (_, index) => String(index)),
        [],
      ),
    ).toHaveLength(8);
  });
});
