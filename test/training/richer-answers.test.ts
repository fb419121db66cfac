import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAnswerText } from '../../main/inference/grammar/answer-parser.ts';
import { ModelLabels } from '../../preload/contract/model.ts';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Parsed {
  label: string;
  box: number[] | null;
  reasoning: string;
  items?: { label: string; box: number[] | null }[];
}

interface Pointed {
  boxes: number[][];
  weighed: number[];
  parts: [string, number][];
}

interface Report {
  texts: Record<string, string>;
  whole: Record<string, boolean>;
  parsed: Record<string, Parsed | null>;
  pointed: Record<'count' | 'description' | 'several' | 'yes' | 'relation', Pointed>;
  weights: number[];
  chances: Record<'count' | 'instruments' | 'no', { label: number; reasoning: number; tokens: number }>;
  overlaps: (number | null)[];
  labels: object[];
  grown: { grown: number; text: boolean; words: string[]; mean: number; logits: number; config: boolean };
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('answers of the richer kinds in training', () => {
  let report: Report;

  beforeAll(() => {
    const script = fileURLToPath(new URL('richer_cases.py', import.meta.url));
    const model = fileURLToPath(new URL('../../models/nano', import.meta.url));
    const run = spawnSync(python ?? '', [script, model], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    report = JSON.parse(run.stdout) as Report;
  }, 120_000);

  test('are written in pieces that are the tokens of the whole', () => {
    expect(Object.values(report.whole)).toEqual(Array.from({ length: 8 }, () => true));
    expect(report.texts['count']).toContain(
      '<answer>[{"label": "2", "bbox_2d": null}, {"label": "suction", "bbox_2d": [0,4,8,12]}, {"label": "stapler", ',
    );
  });

  test('are read back as the workstation reads them', () => {
    for (const [name, text] of Object.entries(report.texts)) {
      const { label, corners, items, reasoning } = parseAnswerText(text);
      const own = report.parsed[name];
      expect(own, name).toMatchObject({ label, box: corners, reasoning });
      expect(own?.items ?? []).toEqual(items.map((item) => ({ label: item.label, box: item.corners })));
    }
    expect(report.parsed['several']?.items).toHaveLength(2);
  });

  test('point each name, place and corner at its own thing', () => {
    const { count, description, several, yes, relation } = report.pointed;
    const [suction, stapler, organ] = [0, 1, 4];
    expect(count.parts).toEqual([
      ...[
        [' suction', suction],
        [' upper left', suction],
        [' stapler', stapler],
        [' lower right', stapler],
      ],
      ...[
        ['suction', suction],
        ['4', suction],
        ['stapler', stapler],
        ['4', stapler],
      ],
    ]);
    expect(description.parts.filter(([, slot]) => slot === organ)).toEqual([
      ['kidney', organ],
      ['4', organ],
    ]);
    // What is no instrument and no organ gets places of its own, with the Gaussian of its box.
    expect(several.parts.map(([, slot]) => slot)).toEqual([5, 6, 5, 6]);
    expect(several.boxes).toEqual([
      [10, 10, 60, 50],
      [200, 90, 260, 150],
    ]);
    expect(yes.boxes).toEqual([[1, 2, 30, 40]]);
    for (const weight of [...several.weighed, ...yes.weighed]) expect(weight).toBeGreaterThan(0.5);
    expect(relation.parts.every(([, slot]) => slot === stapler)).toBe(true);
  });

  test('are asked for as often as the configuration says, lists in every other pair of batches alone', () => {
    // A count, a refusal without a weight, an absent instrument, and the count where no lists are asked for.
    expect(report.weights).toEqual([2, 0, 0.5, 0]);
  });

  test("have the probability of what is the list's label: its head, or all its names", () => {
    for (const { label, tokens } of Object.values(report.chances)) expect(label).toBe(-tokens);
    expect(report.chances.no.reasoning).toBeLessThan(-5);
  });

  test('overlap by the mean of their things, found by name', () => {
    // In another order; one of two missing; the wrong box; nothing to be placed; no answer.
    expect(report.overlaps).toEqual([1, 0.5, 0, null, 0]);
  });

  test('are stated in the manifest as the contract has them', () => {
    const core = { organ: [], state: [], location: [], absent: 'not visible' };
    const stated = ModelLabels.parse({ ...core, ...report.labels[0] });
    expect(stated.lists).toEqual({ names: ['blood'], counts: ['1', '2', '3'], most: 4 });
    expect(stated.presence).toEqual({ yes: 'yes', no: 'no' });
    expect(report.labels[1]).toEqual({});
  });

  test('new words become tokens without a change to what was known', () => {
    const { grown, text, words, mean, logits, config } = report.grown;
    expect(grown).toBeGreaterThan(5);
    expect(text).toBe(true);
    expect(words).toEqual(['Is', ' there', ' bleeding', ' nearest', ' the', ' ureter']);
    expect(mean).toBeLessThan(1e-6);
    expect(logits).toBe(0);
    expect(config).toBe(true);
  });
});
