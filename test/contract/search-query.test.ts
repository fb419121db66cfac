import { describe, expect, it } from 'vitest';
import { isEmptySearch, parseSearch, rangesIn, snippetOf } from '../../preload/contract/search/query.ts';

const marked = (text: string, query: string): string[] =>
  rangesIn(text, parseSearch(query).terms).map(([from, to]) => text.slice(from, to));

describe('what a person types', () => {
  it('is words, phrases and filters', () => {
    expect(
      parseSearch('Scissors "lower right" label:tissue_man model:"nano 0.4" case:0417 is:open is:UNSURE gr'),
    ).toEqual({
      terms: [
        { words: ['scissors'], prefix: false },
        { words: ['lower', 'right'], prefix: false },
        { words: ['gr'], prefix: true },
      ],
      labels: [{ words: ['tissue', 'man'], prefix: true }],
      models: [{ words: ['nano', '0', '4'], prefix: false }],
      cases: [{ words: ['0417'], prefix: true }],
      states: ['open', 'unsure'],
      cut: false,
    });
  });

  it('is text where it is no syntax', () => {
    const terms = (text: string) => parseSearch(text).terms.map(({ words }) => words.join(' '));
    expect(terms('is:nonsense other:thing AND (NEAR OR* -x ^y')).toEqual([
      ...['is nonsense', 'other thing', 'and', 'near', 'or', 'x', 'y'],
    ]);
    expect(terms('a "b c')).toEqual(['a', 'b c']);
    expect(parseSearch('a "b c').terms[1]?.prefix).toBe(true);
  });

  it.each(['', '   ', '"', '""', '😀', '\0', '*', '(', 'label:', 'label:""', 'is:', '\ud800', '\u0301'])(
    'asks for nothing in %j',
    (text) => expect(isEmptySearch(parseSearch(text))).toBe(text !== 'is:' && text !== 'label:'),
  );

  it('is cut where it is longer than anybody types', () => {
    const query = parseSearch('word '.repeat(5000));
    expect(query.cut).toBe(true);
    expect(query.terms).toHaveLength(40);
  });
});

describe('the places in a text', () => {
  it('are those of whole words, and of the beginning of the last one', () => {
    expect(marked('The scissors enter; scissor, SCISSORS.', 'scissors ')).toEqual(['scissors', 'SCISSORS']);
    expect(marked('The scissors enter', 'sci')).toEqual(['scissors']);
    expect(marked('monopolar_curved_scissors', 'monopolar_curved')).toEqual(['monopolar_curved']);
    expect(marked('Blutgefäß über Gefäße', 'gefasse')).toEqual([]);
    expect(marked('Übergang der Schère', 'ubergang schere')).toEqual(['Übergang', 'Schère']);
    expect(marked('lower, right lower right', '"lower right"')).toEqual(['lower, right', 'lower right']);
  });

  it('are told of a part of a long text around the first of them', () => {
    const text = `${'before '.repeat(60)}a clip here ${'after '.repeat(60)}`;
    const snippet = snippetOf(text, parseSearch('clip').terms);
    expect(snippet.text.length).toBeLessThan(170);
    expect(snippet.text).toMatch(/^…before .*after…$/);
    expect(snippet.ranges.map(([from, to]) => snippet.text.slice(from, to))).toEqual(['clip']);
    expect(snippetOf('two\nlines', parseSearch('lines').terms).text).toBe('two lines');
  });
});
