import { describe, expect, it } from 'vitest';
import {
  probabilityInWords,
  surenessInWords,
  surenessOf,
  type Answer,
} from '../../preload/contract/index.ts';

type Told = Pick<Answer, 'status' | 'label' | 'probability' | 'evidence'>;

const told = (change: Partial<Told> = {}): Told => ({
  status: 'answered',
  label: 'bowel',
  probability: 0.9,
  evidence: null,
  ...change,
});
const among = (choices: Record<string, number>): Told['evidence'] => ({
  labelLogProbability: -1,
  boxLogProbability: null,
  choices: Object.entries(choices).map(([label, probability]) => ({ label, probability })),
  entropy: 1,
});

describe('how sure a model was', () => {
  it('is its share among the labels, as what it also considered is, so that the two can be compared', () => {
    const answer = told({ probability: 0.8, evidence: among({ bowel: 0.55, spleen: 0.3 }) });
    expect(surenessOf(answer)).toEqual({ probability: 0.55, unsure: false });
  });

  it('is the probability of its tokens where no other labels are known', () => {
    expect(surenessOf(told())).toEqual({ probability: 0.9, unsure: false });
    expect(surenessOf(told({ evidence: among({}) }))).toEqual({ probability: 0.9, unsure: false });
  });

  it.each<[string, Partial<Told>]>([
    ['another label was likelier', { evidence: among({ spleen: 0.6, bowel: 0.4 }) }],
    ['all others together were likelier', { evidence: among({ bowel: 0.49, spleen: 0.2, liver: 0.2 }) }],
    [
      'it would rather have written no label at all',
      { probability: 0.001, evidence: among({ bowel: 0.97 }) },
    ],
    ['its tokens were unlikely, and nothing else is known', { probability: 0.2 }],
  ])('is unsure where %s', (_, change) => {
    expect(surenessOf(told(change))?.unsure).toBe(true);
  });

  it('is not told where there is no label or no number', () => {
    expect(surenessOf(told({ label: null }))).toBeNull();
    expect(surenessOf(told({ probability: null }))).toBeNull();
    expect(surenessOf(told({ status: 'malformed' }))).toBeNull();
    expect(surenessInWords(told({ label: null }))).toBe('');
  });

  it('is written with a word beside the number where it is unsure', () => {
    expect(surenessInWords(told({ evidence: among({ bowel: 0.321 }) }))).toBe('0.32, unsure');
    expect(surenessInWords(told({ evidence: among({ bowel: 0.9991 }) }))).toBe('> 0.99');
  });

  it('never rounds to certainty', () => {
    expect([0.868, 0.9991, 0.001, 1, 0].map(probabilityInWords)).toEqual([
      '0.87',
      '> 0.99',
      '< 0.01',
      '1.00',
      '0.00',
    ]);
  });
});
