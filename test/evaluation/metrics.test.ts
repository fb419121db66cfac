import { describe, expect, it } from 'vitest';
import { ANSWERS_18, ANSWERS_26 } from '../../models/data/labels.ts';
import { Random } from '../../models/data/scenes/random.ts';
import {
  UNKNOWN,
  accuracy,
  fitBlindLookup,
  iouReference,
  macroF,
  mapLabel,
  miou,
  miouReference,
  perClass,
} from '../../models/evaluation/metrics/index.ts';
import { iou } from '../../preload/contract/boxes.ts';
import type { Box } from '../../preload/contract/values.ts';

const pairs = (truth: string, prediction: string) =>
  truth.split(' ').map((label, i) => ({ truth: label, prediction: prediction.split(' ')[i] ?? UNKNOWN }));
const hundred = { width: 100, height: 100 };

describe('mapping free text to labels', () => {
  it('tells Suction, the state, from suction, the tool', () => {
    expect(mapLabel('Suction', ANSWERS_26)).toBe('Suction');
    expect(mapLabel('suction', ANSWERS_26)).toBe('suction');
    // Case folding finds both labels: neither is chosen.
    expect(mapLabel('SUCTION', ANSWERS_26)).toBe(UNKNOWN);
    expect(mapLabel('suction', ANSWERS_18)).toBe('Suction');
  });

  it('forgives spaces, quotes, a full stop and case, and nothing else', () => {
    expect(mapLabel(' "Tissue Manipulation". ', ANSWERS_18)).toBe('Tissue_Manipulation');
    expect(mapLabel('left top', ANSWERS_18)).toBe('left-top');
    expect(mapLabel('idle', ANSWERS_18)).toBe('Idle');
    expect(mapLabel('Tissue', ANSWERS_18)).toBe(UNKNOWN);
    expect(mapLabel('the kidney', ANSWERS_18)).toBe(UNKNOWN);
    expect(mapLabel('', ANSWERS_18)).toBe(UNKNOWN);
    expect(mapLabel(null, ANSWERS_18)).toBe(UNKNOWN);
  });
});

describe('accuracy and macro F1, against values worked out by hand', () => {
  // A: 3 true, 2 said, 2 right: 4/5. B: 2, 2, 1: 2/4. C: 1, 1, 0: 0. unknown: 0, 1, 0: 0.
  const rows = pairs('A A A B B C', 'A B A B C unknown');

  it('counts all rows alike in accuracy', () => {
    expect(accuracy(rows)).toBe(3 / 6);
    expect(accuracy([])).toBe(0);
  });

  it('takes the mean over classes in truth or prediction, unknown among them', () => {
    expect(macroF(rows)).toBeCloseTo((4 / 5 + 2 / 4 + 0 + 0) / 4, 12);
    // Over the classes of the truth alone it would be 0.4333.
    expect(macroF(rows)).not.toBeCloseTo(1.3 / 3, 3);
  });

  it('gives each class its precision, recall and support', () => {
    expect(perClass(rows)).toEqual({
      A: { support: 3, predicted: 2, precision: 1, recall: 2 / 3, f: 4 / 5 },
      B: { support: 2, predicted: 2, precision: 1 / 2, recall: 1 / 2, f: 1 / 2 },
      C: { support: 1, predicted: 1, precision: 0, recall: 0, f: 0 },
      unknown: { support: 0, predicted: 1, precision: 0, recall: 0, f: 0 },
    });
  });

  it('is 1 when all is right and 0 when nothing is', () => {
    expect(macroF(pairs('A B C', 'A B C'))).toBe(1);
    expect(macroF(pairs('A B', 'B A'))).toBe(0);
  });

  it('agrees with a longer case', () => {
    // kidney 3/3/3: 1. Idle 4 true, 3 said, 2 right: 4/7. Cutting 2, 2, 1: 1/2. Staple 1, 1, 1: 1. Grasping 0, 1: 0.
    const long = pairs(
      'kidney kidney kidney Idle Idle Idle Idle Cutting Cutting Staple',
      'kidney kidney kidney Idle Idle Cutting Grasping Cutting Idle Staple',
    );
    expect(accuracy(long)).toBe(7 / 10);
    expect(macroF(long)).toBeCloseTo((1 + 4 / 7 + 1 / 2 + 1 + 0) / 5, 12);
  });
});

describe('mean IoU', () => {
  const truth: Box = [0, 0, 10, 10];

  it('is the true overlap, and a row without a box counts 0', () => {
    const half = { truth, prediction: [5, 0, 15, 10] as const, size: hundred };
    expect(miou([half])).toBeCloseTo(50 / 150, 12);
    expect(miou([half, { truth, prediction: null, size: hundred }])).toBeCloseTo(50 / 300, 12);
    expect(miou([{ truth, prediction: [20, 20, 30, 30], size: hundred }])).toBe(0);
    expect(miou([{ truth, prediction: truth, size: hundred }])).toBe(1);
  });

  it('has its reference-compatible figure, defect included, under a name of its own', () => {
    // On 0..1: overlap (0.05 + 1)(0.1 + 1) = 1.155, areas 1.21 each.
    expect(iouReference(truth, [5, 0, 15, 10], hundred)).toBeCloseTo(1.155 / (2.42 - 1.155), 12);
    // Far apart: (0.1 - 0.9 + 1)^2 = 0.04, not 0.
    expect(iouReference(truth, [90, 90, 100, 100], hundred)).toBeCloseTo(0.04 / (2.42 - 0.04), 12);
    expect(iouReference(truth, truth, hundred)).toBe(1);
    expect(miouReference([{ truth, prediction: null, size: hundred }])).toBe(0);
  });

  it('depends on the image size only through the reference figure', () => {
    const wide = { width: 1280, height: 1024 };
    expect(iouReference(truth, [5, 0, 15, 10], wide)).toBeGreaterThan(0.98);
  });

  it('shows how far the reference figure flatters: boxes drawn at random read near a half', () => {
    const random = new Random(5);
    const box = (): Box => {
      const [x1, x2] = [random.next() * 100, random.next() * 100].sort((a, b) => a - b) as [number, number];
      const [y1, y2] = [random.next() * 100, random.next() * 100].sort((a, b) => a - b) as [number, number];
      return [x1, y1, x2 + 1, y2 + 1];
    };
    let real = 0;
    let reference = 0;
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [box(), box()];
      real += iou(a, b) / 2000;
      reference += iouReference(a, b, hundred) / 2000;
    }
    expect(real).toBeLessThan(0.2);
    expect(reference).toBeGreaterThan(0.44);
    expect(reference).toBeLessThan(0.6);
  });
});

describe('the blind lookup', () => {
  const row = (question: string, answer: string, questionType = 'state') => ({
    question,
    answer,
    questionType,
  });

  it('answers each wording with its most frequent answer', () => {
    const lookup = fitBlindLookup([
      row('state of a', 'Idle'),
      row('state of a', 'Cutting'),
      row('state of a', 'Cutting'),
      row('state of b', 'Idle'),
      row('state of b', 'Staple'),
      row('where is a', 'left-top', 'location'),
    ]);
    expect(lookup(row('state of a', ''))).toBe('Cutting');
    // Equally frequent: the first met.
    expect(lookup(row('state of b', ''))).toBe('Idle');
  });

  it('falls back on the type of the question, then gives up', () => {
    const lookup = fitBlindLookup([
      row('state of a', 'Idle'),
      row('state of b', 'Idle'),
      row('state of b', 'Staple'),
    ]);
    expect(lookup(row('state of c', ''))).toBe('Idle');
    expect(lookup(row('where is c', '', 'location'))).toBe(UNKNOWN);
  });
});
