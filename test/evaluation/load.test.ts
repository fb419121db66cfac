import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadEvaluationData, rowsSha256 } from '../../models/evaluation/load.ts';

const endovis = join(import.meta.dirname, '..', 'fixtures', 'data', 'EndoVis-18-VQLA');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evaluation-load-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A record of the source "s", as `data build` writes it. */
const record = (n: number, more: object = {}) => ({
  id: `s/seq_1/left_frames/frame000#${n}`,
  kind: 'visual-qa',
  split: 'test',
  source: 's',
  sequence: 'seq_1',
  image: 'seq_1/left_frames/frame000.png',
  width: 100,
  height: 80,
  questionType: 'state',
  subject: 'suction',
  question: 'What is the state of suction?',
  wording: 'dataset',
  label: 'Suction',
  box: [10, 10, 30, 30],
  reasoning: null,
  spans: [],
  provenance: { type: 'annotation', file: 'seq_1/vqla/label/frame000_QAL.txt', line: 1 },
  ...more,
});
const absent = { label: 'not visible', box: null };

function dataset(splits: Record<string, readonly unknown[]>, source: object = {}): string {
  const described = {
    format: 'surgery-r1-54k-style',
    formatVersion: 1,
    sources: [{ name: 's', root: '/pictures', layout: 'endovis', ...source }],
    options: {},
    counts: {},
  };
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify(described));
  for (const [split, lines] of Object.entries(splits)) {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    writeFileSync(join(folder, `${split}.jsonl`), `${text}\n`);
  }
  return folder;
}

describe('a data set that was built', () => {
  it('gives the rows of its test split, absent things among them, and learns the floor from its training rows', async () => {
    const train = [record(0, { split: 'train', label: 'Idle' })];
    const test = [
      record(0),
      record(1, { ...absent, subject: 'stapler', question: 'What is the state of stapler?' }),
    ];
    const data = await loadEvaluationData(dataset({ train, test }));
    expect(data).toMatchObject({ layout: 'dataset', split: 'test', synthetic: false, problems: [] });
    expect(data.rows).toMatchObject([
      {
        image: '/pictures/seq_1/left_frames/frame000.png',
        label: 'Suction',
        box: [10, 10, 30, 30],
        subject: 'suction',
      },
      { label: 'not visible', box: null, subject: 'stapler' },
    ]);
    expect(data.trainRows).toEqual([
      {
        question: 'What is the state of suction?',
        questionType: 'state',
        subject: 'suction',
        answer: 'Idle',
      },
    ]);
    expect((await loadEvaluationData(folder, { split: 'train' })).rows).toHaveLength(1);
  });

  it('does not tell the blind lookup the organ that is asked for', async () => {
    const organ = {
      questionType: 'organ',
      subject: 'spleen',
      label: 'spleen',
      question: 'Which organ is shown?',
    };
    const { rows } = await loadEvaluationData(dataset({ test: [record(0, organ)] }));
    expect(rows[0]).toMatchObject({ subject: null, label: 'spleen' });
  });

  it('says that drawn pictures are drawn', async () => {
    const drawn = dataset({ test: [record(0)] }, { layout: 'scenes', generator: 'scenes-2', seed: 4 });
    expect((await loadEvaluationData(drawn)).synthetic).toBe(true);
  });

  it('says so of the split alone: a set may learn from scenes and be tested on real pictures', async () => {
    const scenes = { source: 'scenes', id: 'scenes/seq_1/left_frames/frame000#0', split: 'train' };
    dataset({ train: [record(0, scenes)], test: [record(0)] });
    const file = join(folder, 'dataset.json');
    const described = JSON.parse(readFileSync(file, 'utf8')) as { sources: object[] };
    described.sources.push({ name: 'scenes', root: '/scenes', layout: 'scenes', generator: 'g', seed: 4 });
    writeFileSync(file, JSON.stringify(described));
    expect((await loadEvaluationData(folder)).synthetic).toBe(false);
    expect((await loadEvaluationData(folder, { split: 'train' })).synthetic).toBe(true);
  });

  it('asks a question with and without reasoning once', async () => {
    const reasoned = record(5, {
      kind: 'chain-of-thought',
      reasoning: 'The suction lies in the upper left.',
      spans: [[0, 3, 'presence']],
    });
    const { rows, repeats } = await loadEvaluationData(dataset({ test: [record(0), reasoned] }));
    expect(rows.map(({ id }) => id)).toEqual([record(0).id]);
    expect(repeats.get(record(0).id)).toEqual([reasoned.id]);
  });

  it('names file and line of every row that cannot be used, and takes the others', async () => {
    const { rows, problems } = await loadEvaluationData(
      dataset({
        test: [
          record(0),
          '{"id": "s/',
          record(1, { box: [30, 10, 10, 30] }),
          record(2, { box: [90, 10, 130, 30] }),
          record(3, { label: 'Dancing' }),
          record(4, { box: null }),
          record(0, { question: 'What does the suction do?' }),
          record(6, { source: 't', id: 't/seq_1/left_frames/frame000#6' }),
        ],
      }),
    );
    expect(rows.map(({ id }) => id)).toEqual([record(0).id]);
    const file = join(folder, 'test.jsonl');
    expect(problems.map(({ where }) => where)).toEqual(
      [2, 3, 4, 5, 6, 7, 8].map((line) => `${file}:${line}`),
    );
    const what = problems.map((problem) => problem.what);
    expect(what[1]).toContain('x2 > x1');
    expect(what[2]).toContain('leaves the 100x80 image');
    expect(what[3]).toContain('"Dancing"');
    expect(what[5]).toContain('second row with the id');
    expect(what[6]).toContain('"t" is not in dataset.json');
  });

  it.each([
    ['a split that it does not have', { train: [record(0, { split: 'train' })] }, /no test split/],
    ['an empty split', { test: [] }, /test\.jsonl holds no question/],
    ['a split without a usable line', { test: ['{}'] }, /first problem: .*test\.jsonl:1/],
  ])('with %s is refused', async (_name, splits, message) => {
    await expect(loadEvaluationData(dataset(splits))).rejects.toMatchObject({
      code: 'data-malformed',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a folder in EndoVis layout', () => {
  it('is taken whole, with label file and line as names of its rows', async () => {
    const data = await loadEvaluationData(endovis);
    expect(data).toMatchObject({ layout: 'endovis', split: null, synthetic: false, trainRows: null });
    expect(data.rows.map(({ id }) => id)).toContain('seq_10/vqla/label/frame003_QAL.txt:3');
    expect(data.rows.find(({ question }) => question === 'What is the state of suction?')).toMatchObject({
      subject: 'suction',
      label: 'Suction',
      wording: 'dataset',
    });
  });

  it('has the published split, whose training part the blind floor learns', async () => {
    const data = await loadEvaluationData(endovis, { split: 'test' });
    expect(new Set(data.rows.map(({ id }) => id.split('/')[0]))).toEqual(new Set(['seq_5']));
    expect(data.trainRows?.length).toBeGreaterThan(0);
    await expect(loadEvaluationData(endovis, { split: 'validation' })).rejects.toThrow('no validation part');
  });

  it('names answers that nobody knows, and takes "not visible" for one that is known', async () => {
    cpSync(join(endovis, 'seq_2'), join(folder, 'seq_2'), { recursive: true });
    const labels = join(folder, 'seq_2', 'vqla', 'label');
    rmSync(labels, { recursive: true });
    mkdirSync(labels);
    writeFileSync(
      join(labels, 'frame000_QAL.txt'),
      'What is the state of suction?|Dancing|1,1,20,20\nWhere is stapler located?|not visible|\nWhere is suction located?|left-top|1,1,20,20\n',
    );
    const { rows, problems } = await loadEvaluationData(folder);
    expect(rows).toMatchObject([{ label: 'not visible', box: null }, { label: 'left-top' }]);
    expect(problems).toEqual([
      { where: 'seq_2/vqla/label/frame000_QAL.txt:1', what: 'an unknown answer "Dancing"' },
    ]);
  });

  it('learns the floor from another folder that is named', async () => {
    const data = await loadEvaluationData(endovis, {
      trainFolder: dataset({ train: [record(0, { split: 'train' })] }),
    });
    expect(data.trainRows).toHaveLength(1);
  });

  it('has one hash for the same rows, and another for others', async () => {
    const { rows } = await loadEvaluationData(endovis);
    expect(rowsSha256(rows)).toBe(rowsSha256((await loadEvaluationData(endovis)).rows));
    expect(rowsSha256(rows)).not.toBe(rowsSha256(rows.map((row) => ({ ...row, label: 'Idle' }))));
  });
});
