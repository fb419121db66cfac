import { describe, expect, test } from 'vitest';
import {
  answerResult,
  calibrated,
  newProgress,
  type AnswerWriting,
} from '../../main/inference/answer/answer-result.ts';
import { AnswerSettings } from '../../preload/contract/domain.ts';

const raw = '<think>It is red.</think><answer>{"label": "liver", "bbox_2d": [4, 8, 20, 28]}</answer>';
const weights = 'a'.repeat(64);
const fit = { weightsSha256: weights, slope: 0.5, intercept: 0.25, fittedTo: 'drawn frames' };

/** The answer above, with what the model gave its reasoning and its label. */
function written(reasoning: number | null): AnswerWriting {
  const labelEnd = raw.indexOf('liver') + 'liver'.length;
  return {
    raw,
    written: [
      { end: '<think>'.length, logProbability: null, reasoning: false },
      { end: raw.indexOf('<answer>'), logProbability: reasoning, reasoning: true },
      { end: raw.indexOf('liver'), logProbability: null, reasoning: false },
      { end: labelEnd, logProbability: -0.125, reasoning: false },
      { end: raw.length, logProbability: null, reasoning: false },
    ],
    notes: [],
    choices: [],
    entropy: null,
    firstTokenMilliseconds: 1,
  };
}

const resultOf = (
  reasoning: number | null,
  calibration?: typeof fit,
  source: { sha256: string; adapter?: { name: string; sha256: string } } = { sha256: weights },
) =>
  answerResult(
    {
      coordinateSpace: 'resized-pixels',
      answerFormat: 'think-answer-json',
      source,
      ...(calibration && { calibration }),
    },
    { width: 280, height: 280 },
    AnswerSettings.parse({}),
    newProgress(written(reasoning)),
    'end-token',
  );

describe('a calibration', () => {
  test('makes one probability of what reasoning and label were given together', () => {
    const { evidence, notes } = resultOf(-0.5, fit);
    expect(evidence).toMatchObject({ reasoningLogProbability: -0.5, labelLogProbability: -0.125 });
    const p = Math.exp(-0.625);
    const logit = 0.5 * Math.log(p / (1 - p)) + 0.25;
    expect(evidence!.calibrated).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12);
    expect(notes).toEqual([]);
  });

  test('is null where the reasoning has no numbers, and missing where the model has none', () => {
    expect(resultOf(null, fit).evidence!.calibrated).toBeNull();
    expect(resultOf(-0.5).evidence).not.toHaveProperty('calibrated');
  });

  test.each([
    ['other weights', { sha256: 'b'.repeat(64) }],
    ['an adapter in them', { sha256: weights, adapter: { name: 'lora', sha256: 'c'.repeat(64) } }],
  ])('is not used, and that is said, beside %s', (_, source) => {
    const { evidence, notes } = resultOf(-0.5, fit, source);
    expect(evidence).not.toHaveProperty('calibrated');
    expect(notes.join(' ')).toContain('calibration is of other weights');
  });

  test('rises with the probability, and is a share at both ends', () => {
    const stated = [-1e4, -40, -3, -0.5, -1e-3, -1e-9, 0].map((log) => calibrated(log, fit));
    expect(stated).toEqual(stated.toSorted((a, b) => a - b));
    for (const share of stated) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThan(1);
    }
  });
});
