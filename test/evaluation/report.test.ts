import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareReports, comparisonMarkdown, meanAndSpread } from '../../models/evaluation/compare.ts';
import { figureOf } from '../../models/evaluation/figure.ts';
import type { EvaluationData } from '../../models/evaluation/load.ts';
import { markdownOf } from '../../models/evaluation/markdown.ts';
import { PUBLISHED } from '../../models/evaluation/published.ts';
import type { EvaluationReport } from '../../models/evaluation/report-schema.ts';
import { readReport, reportOf, stemOf, writeReport } from '../../models/evaluation/report.ts';
import type { RowAnswer } from '../../models/evaluation/rows.ts';
import { question, said } from './rows.ts';

const rows = [
  question('a', 'organ', 'kidney'),
  question('a', 'state', 'Idle'),
  question('a', 'location', 'left-top'),
  question('b', 'state', 'not visible'),
  question('b', 'state', 'Cutting', { subject: 'a <sharp> & "bent" tool', wording: 'paraphrase' }),
  question('b', 'grounding', 'suction'),
];

interface Run {
  label?: string;
  seed?: number | null;
  wrong?: number;
  data?: Partial<EvaluationData>;
}

function report({ label = 'SFT', seed = 0, wrong = 1, data = {} }: Run = {}): EvaluationReport {
  const answer = (i: number, right: string): RowAnswer =>
    said(i < wrong ? 'bananas' : right, right === 'not visible' ? null : [0, 0, 10, 10], {
      probability: 0.8,
    });
  const used = data.rows ?? rows;
  return reportOf({
    label,
    seed,
    model: { id: 'nano', name: 'Nano <1>', sha256: null, domain: 'synthetic' },
    data: {
      source: '/data',
      layout: 'dataset',
      split: 'test',
      synthetic: true,
      rows: used,
      repeats: new Map(),
      trainRows: null,
      problems: [{ where: 'test.jsonl:7', what: 'an unknown answer "Dancing"' }],
      ...data,
    },
    settings: { temperature: 0 },
    answered: used.map((row, i) => ({ row, answer: answer(i, row.label) })),
    problems: [{ where: 'x#9', what: 'no answer in the file' }],
    timing: { startedAt: new Date(0).toISOString(), seconds: 1, answeredNow: 6, answeredBefore: 0 },
  });
}

const folder = mkdtempSync(join(tmpdir(), 'evaluation-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a report', () => {
  it('is written as JSON, Markdown and SVG, and read back whole', async () => {
    const stem = stemOf(join(folder, 'deep', 'sft.json'));
    expect(stem).toBe(join(folder, 'deep', 'sft'));
    expect(writeReport(report(), stem)).toEqual([`${stem}.json`, `${stem}.md`, `${stem}.svg`]);
    expect(await readReport(`${stem}.json`)).toEqual(report());
    expect(readFileSync(`${stem}.md`, 'utf8')).toContain('](sft.svg)');
    expect(() => writeReport(report(), '/dev/null/x')).toThrow(
      expect.objectContaining({ code: 'store-unwritable' }),
    );
  });

  it('says what was measured, on what, and what was left out', () => {
    const { model, data, settings, problems, figures } = report();
    expect({ model, settings }).toEqual({
      model: { id: 'nano', name: 'Nano <1>', sha256: null, domain: 'synthetic' },
      settings: { temperature: 0 },
    });
    expect(data).toMatchObject({ source: '/data', split: 'test', synthetic: true, questions: 6, frames: 2 });
    expect(problems.map(({ where }) => where)).toEqual(['test.jsonl:7', 'x#9']);
    expect(figures.overall).toMatchObject({ questions: 5, accuracy: 0.8 });
    const text = markdownOf(report(), null);
    expect(text).toMatch(/^\| \*\*overall\*\* \| 5 \| 0\.800 ± 0\.\d{3} \|/m);
    expect(text).toContain('test.jsonl:7: an unknown answer "Dancing"');
    expect(text).toContain('"not visible" said of absent things | 1.000 | 1 |');
  });

  it('knows every organ of the synthetic scenes, and on other pictures only what the set names', () => {
    const data = { rows: [question('a', 'organ', 'kidney')] };
    const spleen = (synthetic: boolean) => {
      const one = reportOf({
        ...report(),
        data: {
          ...data,
          source: '',
          layout: 'endovis',
          split: null,
          synthetic,
          repeats: new Map(),
          trainRows: null,
          problems: [],
        },
        answered: data.rows.map((row) => ({ row, answer: said('spleen') })),
      });
      return Object.keys(one.figures.perClass);
    };
    expect(spleen(true)).toEqual(['kidney', 'spleen']);
    expect(spleen(false)).toEqual(['kidney', 'unknown']);
  });

  it('does not mix published figures with synthetic ones, nor show unconfirmed ones', () => {
    const text = markdownOf(report(), null);
    const [ours = '', published = ''] = text.split('## Published figures, for reference');
    expect(ours).not.toContain('Surgery-R1, full');
    expect(published).toContain('Not comparable with the figures above');
    expect(published).toContain('| Surgery-R1, full | EndoVis-18-VQLA | 0.7356 | 0.4576 | 0.8721 | S |');
    expect(published).toMatch(/^- S: .*2506\.19469/m);
    expect(markdownOf(report({ data: { synthetic: false } }), null)).not.toContain('Not comparable');
    expect(PUBLISHED.map(({ model }) => model).join()).not.toMatch(/GVLE|CAT-ViL/);
    expect(new Set(PUBLISHED.map(({ source }) => source))).toEqual(new Set(['S', 'X']));
  });

  it('draws its figure as sound XML, the same every time', () => {
    const svg = figureOf(report());
    expect(figureOf(report())).toBe(svg);
    expect(svg).toContain('Nano &lt;1&gt;');
    for (const words of [
      'Accuracy and blind floor',
      'Calibration of the stated',
      'Confusion: state',
      'synthetic scenes',
    ])
      expect(svg).toContain(words);
    expect(svg).not.toContain('Confusion: grounding');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    // Every element that is opened is closed, in order.
    const open: string[] = [];
    for (const [, close, name = '', self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!self) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('without a single answer is none', () => {
    expect(() => report({ data: { rows: [] } })).toThrow(
      /No question of \/data could be measured.*test\.jsonl:7/,
    );
  });
});

describe('reading a report', () => {
  it.each([
    ['missing.json', null, 'file-missing'],
    ['words.json', 'words', 'data-malformed'],
    ['other.json', '{"format":"surgery-r1-evaluation","formatVersion":2}', 'data-malformed'],
  ])('%s is refused by name', async (name, content, code) => {
    const file = join(folder, name);
    if (content !== null) writeFileSync(file, content);
    await expect(readReport(file)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(file) as string,
    });
  });
});

describe('several reports', () => {
  it('have mean and sample standard deviation by label', () => {
    expect(meanAndSpread([0.8, 0.9, 1])?.mean).toBeCloseTo(0.9, 12);
    expect(meanAndSpread([0.8, 0.9, 1])?.spread).toBeCloseTo(0.1, 12);
    expect(meanAndSpread([0.8])).toEqual({ mean: 0.8, spread: null });
    expect(meanAndSpread([])).toBeNull();
    const groups = compareReports([
      report({ label: 'SFT', seed: 0, wrong: 1 }),
      report({ label: 'SFT + RFT', seed: 0, wrong: 0 }),
      report({ label: 'SFT', seed: 1, wrong: 2 }),
    ]);
    expect(groups.map(({ label, seeds }) => [label, seeds])).toEqual([
      ['SFT', [0, 1]],
      ['SFT + RFT', [0]],
    ]);
    expect(groups[0]?.figures['accuracy']?.mean).toBeCloseTo(0.7, 12);
    expect(groups[0]?.figures['accuracy']?.spread).toBeCloseTo(Math.SQRT2 / 10, 12);
    const lines = comparisonMarkdown(groups).split('\n');
    expect(lines[0]).toMatch(/^\| {2}\| runs \| accuracy \|/);
    expect(lines[2]).toMatch(/^\| SFT \| 2 \| 0\.700 ± 0\.141 \|/);
    expect(lines[3]).toMatch(/^\| SFT \+ RFT \| 1 \| 1\.000 \|/);
  });

  it('of different questions are not compared', () => {
    const other = report({ label: 'other', data: { rows: rows.slice(1) } });
    expect(() => compareReports([report(), other])).toThrow(
      /different questions \(6 of \/data, 5 of \/data\)/,
    );
  });
});
