import { describe, expect, test } from 'vitest';
import { selection } from '../../models/evaluation/metrics/index.ts';

const answers = (...rows: [number, boolean][]) =>
  rows.map(([probability, right]) => ({ probability, right }));

describe('selective answering', () => {
  test('by hand: AUROC, AURC and what is right when the least sure are withheld', () => {
    // Errors of the k surest: 0/1, 0/2, 1/3, 1/4, 2/5.
    const found = selection(answers([0.9, true], [0.8, true], [0.7, false], [0.6, true], [0.2, false]));
    expect(found.auroc).toBeCloseTo(5 / 6, 12);
    expect(found.aurc).toBeCloseTo((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5, 12);
    expect(found.points.at(0)).toEqual({ coverage: 1, threshold: 0.2, accuracy: 0.6 });
    expect(found.points.find(({ coverage }) => coverage === 0.8)).toMatchObject({
      threshold: 0.6,
      accuracy: 0.75,
    });
  });

  test('is perfect where every right answer is surer than every wrong one, and turned the other way round', () => {
    const perfect = answers([0.9, true], [0.8, true], [0.3, false]);
    expect(selection(perfect).auroc).toBe(1);
    expect(selection(perfect.map((row) => ({ ...row, right: !row.right }))).auroc).toBe(0);
  });

  test('answers of one probability cannot be told apart: chance, and the mean error at every coverage', () => {
    const found = selection(answers([1, true], [1, false], [1, true], [1, true]));
    expect(found.auroc).toBe(0.5);
    expect(found.aurc).toBeCloseTo(0.25, 12);
    expect(found.points.every(({ coverage, accuracy }) => coverage === 1 && accuracy === 0.75)).toBe(true);
  });

  test('does not depend on the order of the answers', () => {
    const rows = answers([0.5, true], [0.5, false], [0.9, true], [0.1, true], [0.9, false]);
    expect(selection(rows.toReversed())).toEqual(selection(rows));
  });

  test('has no AUROC where all are right or all wrong, and nothing of nothing', () => {
    expect(selection(answers([0.5, true]))).toMatchObject({ count: 1, auroc: null, aurc: 0 });
    expect(selection(answers([0.5, false]))).toMatchObject({ auroc: null, aurc: 1 });
    expect(selection([])).toEqual({ count: 0, auroc: null, aurc: 0, points: [] });
  });
});
