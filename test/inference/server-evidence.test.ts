import { describe, expect, test } from 'vitest';
import type { ServerToken, TokenChoice } from '../../main/inference/server/chat-stream.ts';
import { weighLabels } from '../../main/inference/server/label-weights.ts';
import { placeTokens, writtenTokens } from '../../main/inference/server/written-text.ts';

/** A model of labels alone: what it writes after each beginning, most of it on the way to one. */
const chances: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': { left: 0.3, right: 0.5, not: 0.1, Left: 0.05, '~': 1e-9 },
  left: { '-top': 0.2, '-bottom': 0.7, '-side': 0.1, '~': 1e-9 },
  right: { '-top': 0.9, '-bottom': 0.1, '~': 1e-9 },
};
const labels = ['left-top', 'left-bottom', 'right-top', 'right-bottom', 'not visible'];
/** By hand: over the listed tokens that lead to a label, multiplied along the way. */
const expected: Readonly<Record<string, number>> = {
  'right-top': (0.5 / 0.9) * 0.9,
  'left-bottom': (0.3 / 0.9) * (0.7 / 0.9),
  'not visible': 0.1 / 0.9,
  'left-top': (0.3 / 0.9) * (0.2 / 0.9),
  'right-bottom': (0.5 / 0.9) * 0.1,
};

const listed = (beginning: string): TokenChoice[] =>
  Object.entries(chances[beginning] ?? {}).map(([text, chance]) => ({
    text,
    logProbability: Math.log(chance),
  }));
const token = (text: string, top: readonly TokenChoice[] = []): ServerToken => ({
  text,
  logProbability: top.find((choice) => choice.text === text)?.logProbability ?? -1,
  top,
});
const opening = '<answer>{"label": "';

function weigh(
  texts: readonly [string, string],
  after: (beginning: string) => TokenChoice[] | null,
): ReturnType<typeof weighLabels> {
  const raw = `${opening}${texts.join('')}", "bbox_2d": null}</answer>`;
  const [first, second] = texts;
  const tokens = [
    token(opening),
    token(first, listed('')),
    token(second, listed(first)),
    token('", "bbox_2d": null}</answer>'),
  ];
  const start = opening.length;
  return weighLabels({
    raw,
    range: [start, start + texts.join('').length],
    tokens: placeTokens(raw, tokens),
    labels,
    after: async (beginning) => after(beginning),
  });
}

describe('labels are weighed', () => {
  test.each<[string, string, string]>([
    ['left', '-top', 'right'],
    ['right', '-top', 'left'],
  ])('from the lists of %s%s, and what would have followed %s', async (first, second, other) => {
    const asked: string[] = [];
    const weights = await weigh([first, second], (beginning) => {
      asked.push(beginning);
      return listed(beginning.slice(opening.length));
    });
    expect(asked).toEqual([`${opening}${other}`]);
    expect(weights.map(({ label }) => label)).toEqual(Object.keys(expected));
    for (const { label, probability } of weights) expect(probability).toBeCloseTo(expected[label]!, 6);
  });

  test('not at all where a branch that matters remains unknown', async () => {
    expect(await weigh(['left', '-top'], () => null)).toEqual([]);
    expect(await weigh(['left', '-top'], () => [{ text: ' lie', logProbability: -0.1 }])).toEqual([]);
  });

  test('not at all where a label that is not listed may be as likely as those that are', async () => {
    const short = listed('right').slice(0, 1);
    expect(await weigh(['left', '-top'], () => short)).toEqual([]);
  });

  test('read off a token that holds the quotation mark before or the text behind', async () => {
    const raw = `{"label": "liver", "bbox_2d": null}`;
    const top = [
      { text: '"liver",', logProbability: Math.log(0.6) },
      { text: '"kidney', logProbability: Math.log(0.2) },
      { text: '["', logProbability: Math.log(0.1) },
      { text: '"spleen"', logProbability: -20 },
    ];
    const tokens = [token('{"label": '), token('"liver",', top), token(' "bbox_2d": null}')];
    const weights = await weighLabels({
      raw,
      range: [11, 16],
      tokens: placeTokens(raw, tokens),
      labels: ['kidney', 'liver', 'spleen'],
      after: async () => null,
    });
    expect(weights.map(({ label }) => label)).toEqual(['liver', 'kidney', 'spleen']);
    expect(weights[0]!.probability).toBeCloseTo(0.75, 6);
  });
});

describe('tokens are placed in the text', () => {
  test('with the mark that ended the answer left out', () => {
    const placed = placeTokens('ab cd', [token('ab'), token(' c'), token('d'), token('<|im_end|>')]);
    expect(placed.map(({ text, start, end }) => [text, start, end])).toEqual([
      ['ab', 0, 2],
      [' c', 2, 4],
      ['d', 4, 5],
    ]);
  });

  test('as far as their texts are the answer’s, from its end', () => {
    const raw = 'größe: 7';
    const placed = placeTokens(raw, [
      token('gr'),
      token('\ufffd'),
      token('\ufffd'),
      token('ße'),
      token(': '),
      token('7'),
    ]);
    expect(placed.map(({ text }) => text)).toEqual(['ße', ': ', '7']);
    expect(writtenTokens(raw, placed)[0]).toEqual({ end: 3, logProbability: null, reasoning: false });
    expect(writtenTokens(raw, [])).toEqual([{ end: raw.length, logProbability: null, reasoning: false }]);
    expect(writtenTokens('', [])).toEqual([]);
  });

  test('those between the tags of thinking are reasoning, the closing tag with them', () => {
    const texts = ['<think>', 'It ', 'lies.', '</think>', '<answer>', '{}'];
    const placed = placeTokens(
      texts.join(''),
      texts.map((text) => token(text)),
    );
    const reasoning = (found: ReturnType<typeof writtenTokens>) => found.map((each) => each.reasoning);
    expect(reasoning(writtenTokens(texts.join(''), placed))).toEqual([false, true, true, true, false, false]);
    // Where the beginning was not found, what is known of the reasoning is not all of it.
    const [unknown] = writtenTokens(texts.join(''), placed.slice(2));
    expect(unknown).toEqual({ end: 10, logProbability: null, reasoning: true });
    const plain = placeTokens(
      'It lies.',
      ['It ', 'lies.'].map((text) => token(text)),
    );
    expect(reasoning(writtenTokens('It lies.', plain))).toEqual([false, false]);
  });
});
