import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  accuracy,
  calibration,
  clusteredHalfWidth,
  confusionMatrix,
  iouReference,
  macroF,
  miou,
  miouReference,
  perClass,
} from '../../models/evaluation/metrics/index.ts';
import { iou } from '../../preload/contract/boxes.ts';
import { Box, Size } from '../../preload/contract/values.ts';

/** Expected figures by scikit-learn and NumPy; how they were made: test/fixtures/evaluation/make_reference.py. */
const Reference = z.object({
  madeWith: z.record(z.string(), z.string()),
  labels: z.array(
    z.object({
      name: z.string(),
      truth: z.array(z.string()),
      prediction: z.array(z.string()),
      accuracy: z.number(),
      macroF: z.number(),
      perClass: z.record(
        z.string(),
        z.object({ precision: z.number(), recall: z.number(), f: z.number(), support: z.int() }),
      ),
      confusion: z.object({ labels: z.array(z.string()), counts: z.array(z.array(z.int())) }),
    }),
  ),
  boxes: z.array(
    z.object({
      name: z.string(),
      size: Size,
      truth: z.array(Box),
      prediction: z.array(Box.nullable()),
      iou: z.array(z.number()),
      iouReference: z.array(z.number()),
      miou: z.number(),
      miouReference: z.number(),
    }),
  ),
  intervals: z.array(
    z.object({
      name: z.string(),
      clusters: z.array(z.array(z.number())),
      halfWidth: z.number(),
      drawnAgain: z.number(),
    }),
  ),
  calibration: z.array(
    z.object({
      name: z.string(),
      probability: z.array(z.number()),
      right: z.array(z.boolean()),
      error: z.number(),
      counts: z.array(z.int()),
    }),
  ),
});
const reference = Reference.parse(
  JSON.parse(readFileSync(new URL('../fixtures/evaluation/reference.json', import.meta.url), 'utf8')),
);

describe(`against scikit-learn ${reference.madeWith['scikit-learn']}`, () => {
  it.each(reference.labels)('$name: accuracy, macro F1, classes, confusion', (expected) => {
    const pairs = expected.truth.map((truth, i) => ({ truth, prediction: expected.prediction[i] ?? '' }));
    expect(accuracy(pairs)).toBeCloseTo(expected.accuracy, 12);
    expect(macroF(pairs)).toBeCloseTo(expected.macroF, 12);
    const classes = perClass(pairs);
    expect(Object.keys(classes).sort()).toEqual(Object.keys(expected.perClass).sort());
    for (const [label, { precision, recall, f, support }] of Object.entries(expected.perClass)) {
      expect(classes[label]?.support, label).toBe(support);
      expect(classes[label]?.precision, label).toBeCloseTo(precision, 12);
      expect(classes[label]?.recall, label).toBeCloseTo(recall, 12);
      expect(classes[label]?.f, label).toBeCloseTo(f, 12);
    }
    // scikit-learn sorts labels by name; an order that names none leaves "unknown" last, as ours does.
    expect(
      confusionMatrix(
        pairs,
        expected.confusion.labels.filter((label) => label !== 'unknown'),
      ),
    ).toEqual(expected.confusion);
  });
});

describe('against the reference code of Surgical-VQLA, restated in NumPy', () => {
  it.each(reference.boxes)('$name: true and inflated overlap, one by one and on average', (expected) => {
    const { size } = expected;
    const pairs = expected.truth.map((truth, i) => ({
      truth,
      prediction: expected.prediction[i] ?? null,
      size,
    }));
    for (const [i, { truth, prediction }] of pairs.entries()) {
      if (!prediction) continue;
      expect(iou(truth, prediction), `${i}`).toBeCloseTo(expected.iou[i] ?? Number.NaN, 12);
      expect(iouReference(truth, prediction, size), `${i}`).toBeCloseTo(
        expected.iouReference[i] ?? Number.NaN,
        12,
      );
    }
    expect(pairs.filter(({ prediction }) => !prediction).length).toBeGreaterThan(0);
    expect(miou(pairs)).toBeCloseTo(expected.miou, 12);
    expect(miouReference(pairs)).toBeCloseTo(expected.miouReference, 12);
  });
});

describe(`against NumPy ${reference.madeWith['numpy']}`, () => {
  it.each(reference.calibration)('$name: calibration error and bins', (expected) => {
    const stated = expected.probability.map((probability, i) => ({
      probability,
      right: expected.right[i] ?? false,
    }));
    const ours = calibration(stated);
    expect(ours.error).toBeCloseTo(expected.error, 12);
    expect(ours.bins.map(({ count }) => count)).toEqual(expected.counts);
  });

  it.each(reference.intervals)(
    '$name: half width of an interval, and near what drawing again gives',
    (expected) => {
      const values = expected.clusters.flatMap((cluster, i) =>
        cluster.map((value) => ({ cluster: `${i}`, value })),
      );
      const ours = clusteredHalfWidth(values) ?? Number.NaN;
      expect(ours).toBeCloseTo(expected.halfWidth, 12);
      expect(Math.abs(ours / expected.drawnAgain - 1)).toBeLessThan(0.05);
    },
  );

  it('gives no interval from a single frame', () => {
    expect(clusteredHalfWidth([1, 0].map((value) => ({ cluster: 'a', value })))).toBeNull();
  });
});
