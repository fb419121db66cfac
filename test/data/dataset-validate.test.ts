import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { validateDataset } from '../../models/data/index.ts';
import type { Validation } from '../../models/data/index.ts';
import { DatasetFile } from '../../models/data/dataset/record.ts';
import { smallSets } from './small-sets.ts';

const sets = smallSets();
const { build, read } = sets;
let folder: string;
let out: string;
beforeEach(() => {
  ({ folder, out } = sets);
});

describe('validating', () => {
  /** The faults after one record of the train split was changed. */
  async function after(change: (record: Record<string, unknown>) => void, index = 3): Promise<Validation> {
    const path = join(out, 'train.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const record = JSON.parse(lines[index] ?? '') as Record<string, unknown>;
    change(record);
    lines[index] = JSON.stringify(record);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return validateDataset(out);
  }
  const state = (): number => read('train').findIndex((r) => r.questionType === 'state' && r.box !== null);

  it('finds nothing in what the builder writes', async () => {
    const built = await build({ absent: 2 });
    const seen: number[] = [];
    const validation = await validateDataset(out, {
      images: true,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(validation).toMatchObject({ faultCount: 0, faults: [], images: 15, imagesChecked: 15 });
    expect(validation.records).toBe((built.counts.train?.records ?? 0) + (built.counts.test?.records ?? 0));
    expect(seen.at(-1)).toBe(validation.records);
  });

  it.each<[string, (record: Record<string, unknown>) => void, RegExp]>([
    ['a field of another name', (r) => (r.answer = 'Idle'), /answer/],
    ['a label that nobody knows', (r) => (r.label = 'Dancing'), /an unknown state label "Dancing"/],
    ['a box outside the frame', (r) => (r.box = [0, 0, 161, 20]), /leaves the 160x128 image/],
    ['an inverted box', (r) => (r.box = [9, 9, 3, 20]), /x2 > x1/],
    ['no box for a visible label', (r) => (r.box = null), /box is null exactly where/],
    ['spans that cut a word', (r) => (r.spans = [[0, 2, 'presence']]), /does not end with a word/],
    [
      'spans without the space',
      (r) =>
        (r.spans = [
          [0, 3, 'presence'],
          [5, 7, 'place'],
        ]),
      /begin with the space/,
    ],
    ['no span for the first word', (r) => (r.spans = []), /no span for the first word/],
    ['reasoning that denies what is there', (r) => (r.reasoning = 'No tool is seen.'), /begins with "No"/],
    [
      'another place than the box',
      (r) =>
        (r.box = [(r.box as number[])[0]! < 80 ? 100 : 1, 60, (r.box as number[])[0]! < 80 ? 150 : 30, 66]),
      /does not go with the box/,
    ],
    ['the file of another split', (r) => (r.split = 'test'), /split test in the file of train/],
    ['an id of another image', (r) => (r.id = 'x#1'), /is not of its source and image/],
    ['a held-out wording in training', (r) => (r.wording = 'held-out'), /a held-out wording in train/],
    ['an unknown source', (r) => (r.source = 'elsewhere'), /dataset.json does not name/],
    ['a way out of the source', (r) => (r.image = '../secret.png'), /an image outside its source/],
    ['kind and type that do not go together', (r) => (r.kind = 'grounding-qa'), /kind grounding-qa with/],
    ['a missing picture', (r) => (r.image = 'seq_9/left_frames/x.jpg'), /cannot be read/],
    ['a picture of another size', (r) => (r.width = 161), /161x128, records before say 160x128/],
  ])('names %s, with file and line', async (_name, change, reason) => {
    await build();
    const index = state();
    const { faults } = await after(change, index);
    const found = faults.filter((fault) => fault.file === 'train.jsonl' && reason.test(fault.reason));
    expect(found.length, JSON.stringify(faults)).toBeGreaterThan(0);
    expect(found[0]?.line).toBe(index + 1);
  });

  it('names lines that are not JSON, ids given twice, images in two splits, and wrong counts', async () => {
    await build();
    expect((await after((record) => (record.width = 161), 0)).faults[0]).toEqual({
      file: 'train.jsonl',
      line: 1,
      reason: 'the image seq_1/left_frames/frame000.jpg is 160x128, its record says 161x128',
    });
    await after((record) => (record.width = 160), 0);
    const first = readFileSync(join(out, 'train.jsonl'), 'utf8').split('\n')[0] ?? '';
    const lines = readFileSync(join(out, 'test.jsonl'), 'utf8').trimEnd().split('\n').length;
    appendFileSync(
      join(out, 'test.jsonl'),
      `{"id":\n${first.replace('"split":"train"', '"split":"test"')}\n`,
    );
    const { faults } = await validateDataset(out);
    expect(faults.map(({ file, line, reason }) => `${file}:${line}: ${reason}`)).toEqual([
      expect.stringContaining(`test.jsonl:${lines + 1}: not JSON`),
      `test.jsonl:${lines + 2}: the id train/seq_1/left_frames/frame000#0 was given before`,
      `test.jsonl:${lines + 2}: the image seq_1/left_frames/frame000.jpg lies in train too`,
      `test.jsonl:null: ${lines + 2} records, dataset.json counts ${lines}`,
    ]);
  });

  it('names a sequence that lies in two splits', async () => {
    await build();
    const index = read('train').findIndex(({ image }) => image.startsWith('seq_2/'));
    // Its own picture, but said to be of the sequence before.
    const change = (record: Record<string, unknown>): void => {
      record['sequence'] = 'seq_9';
    };
    await after(change, index);
    const line = readFileSync(join(out, 'train.jsonl'), 'utf8').split('\n').at(-2) ?? '';
    const moved = line
      .replace('"split":"train"', '"split":"test"')
      .replace(/"sequence":"seq_\d"/, '"sequence":"seq_9"');
    appendFileSync(join(out, 'test.jsonl'), `${moved.replaceAll('frame002', 'frame009')}\n`);
    const { faults } = await validateDataset(out);
    expect(faults.map(({ reason }) => reason)).toContain('the sequence seq_9 lies in train too');
  });

  it('shows fifty faults and counts all, and names a missing file', async () => {
    await build();
    const path = join(out, 'train.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"wording":"paraphrase"', '"wording":"other"'));
    rmSync(join(out, 'test.jsonl'));
    const { faults, faultCount } = await validateDataset(out);
    expect(faults).toHaveLength(50);
    expect(faultCount).toBe(
      (DatasetFile.parse(JSON.parse(readFileSync(join(out, 'dataset.json'), 'utf8'))).counts.train?.byWording
        .paraphrase ?? 0) + 1,
    );
  });

  it('refuses a folder that is no data set', async () => {
    await expect(validateDataset(folder)).rejects.toMatchObject({ code: 'file-missing' });
    writeFileSync(join(folder, 'dataset.json'), '{"format":"other"}');
    await expect(validateDataset(folder)).rejects.toMatchObject({
      code: 'data-malformed',
      message: /is not of format surgery-r1-54k-style, version 1/,
    });
    writeFileSync(join(folder, 'dataset.json'), '{');
    await expect(validateDataset(folder)).rejects.toMatchObject({ message: /is not JSON/ });
  });
});
