import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { validateDataset } from '../../models/data/index.ts';
import { DatasetFile } from '../../models/data/dataset/record.ts';
import type { Split } from '../../models/data/dataset/record.ts';
import { endovis, fixtures, smallSets } from './small-sets.ts';

const sets = smallSets();
const { train, test, build, read, oneFrame } = sets;
let folder: string;
let out: string;
beforeEach(() => {
  ({ folder, out } = sets);
});

describe('building from scenes', () => {
  it('writes chain of thought for every row in two wordings, and every box once', async () => {
    const progress: number[] = [];
    const built = await build({ absent: 0, onProgress: ({ done }) => progress.push(done) });
    expect(built.problems).toBe(0);
    expect(progress.at(0)).toBe(0);
    expect(progress.at(-1)).toBe(15);
    const records = read('train');
    expect(built.counts.train?.records).toBe(records.length);
    const label = readFileSync(join(train, 'seq_2/vqla/label/frame001_QAL.txt'), 'utf8').trim().split('\n');
    const own = records.filter((record) => record.image === 'seq_2/left_frames/frame001.jpg');
    const dataset = own.filter((r) => r.kind === 'chain-of-thought' && r.wording === 'dataset');
    expect(
      dataset.map(
        ({ question, label: said, box }) => `${question}|${said}|${box?.map((v) => v + 1).join(',')}`,
      ),
    ).toEqual(label);
    expect(own.filter((r) => r.kind === 'chain-of-thought' && r.wording === 'paraphrase')).toHaveLength(
      label.length,
    );
    const subjects = new Set(dataset.map(({ subject }) => subject));
    expect(
      own
        .filter((r) => r.kind === 'grounding-qa')
        .map(({ subject }) => subject)
        .sort(),
    ).toEqual([...subjects].sort());
    expect(own.every((record, n) => record.id === `train/seq_2/left_frames/frame001#${n}`)).toBe(true);
    expect(own[0]).toMatchObject({
      source: 'train',
      sequence: 'seq_2',
      width: 160,
      height: 128,
      questionType: 'organ',
      provenance: { type: 'annotation', file: 'seq_2/vqla/label/frame001_QAL.txt', line: 1 },
    });
    expect(records.some(({ wording }) => wording === 'held-out')).toBe(false);
  });

  it('asks held-out wordings in the test split alone', async () => {
    await build({ heldOut: 2, paraphrases: 3 });
    const rows = (wording: string): number =>
      read('test').filter((r) => r.kind === 'chain-of-thought' && r.box !== null && r.wording === wording)
        .length;
    expect(rows('held-out')).toBe(2 * rows('dataset'));
    expect(rows('paraphrase')).toBe(3 * rows('dataset'));
    const asked = new Set(read('train').map(({ question }) => question.toLowerCase().replaceAll('_', ' ')));
    const held = read('test').filter(({ wording }) => wording === 'held-out');
    expect(held.filter(({ question }) => asked.has(question.toLowerCase().replaceAll('_', ' ')))).toEqual([]);
  });

  it('asks for instruments that are not there, in every type of question', async () => {
    await build({ absent: 6 });
    const records = read('train');
    const absent = records.filter(({ label }) => label === 'not visible');
    expect(absent).toHaveLength(12 * 6);
    expect(new Set(absent.map(({ questionType }) => questionType))).toEqual(
      new Set(['state', 'location', 'grounding']),
    );
    expect(new Set(absent.map(({ wording }) => wording))).toEqual(new Set(['dataset', 'paraphrase']));
    for (const { image, subject, box, reasoning, questionType } of absent) {
      expect(box).toBeNull();
      expect(reasoning).toMatch(/^No /);
      const shown = records.filter((r) => r.image === image && r.box !== null).map((r) => r.subject);
      expect(shown).not.toContain(subject);
      const same = absent.filter(
        (r) => r.image === image && r.subject === subject && r.questionType === questionType,
      );
      expect(same).toHaveLength(1);
    }
  });

  it('draws a fraction of absent questions, and plain visual questions only when asked for', async () => {
    await build({ absent: 1.5, kinds: ['visual-qa'] });
    const records = read('train');
    expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(['visual-qa']));
    expect(records.every(({ reasoning, spans }) => reasoning === null && spans.length === 0)).toBe(true);
    const absent = records.filter(({ box }) => box === null).length;
    expect(absent).toBeGreaterThan(12);
    expect(absent).toBeLessThan(24);
    expect((await validateDataset(out)).faults).toEqual([]);
  });

  it('writes the same bytes again, others for another seed, and the same in another order of sources', async () => {
    const again = join(folder, 'again');
    const other = join(folder, 'other');
    const turned = join(folder, 'turned');
    await build();
    await build({ out: again });
    await build({ out: other, seed: 2 });
    await build({
      out: turned,
      sources: [
        { folder: test, split: 'test' },
        { folder: train, split: 'train' },
      ],
    });
    for (const name of readdirSync(out))
      expect(readFileSync(join(again, name), 'utf8'), name).toBe(readFileSync(join(out, name), 'utf8'));
    expect(readFileSync(join(other, 'train.jsonl'), 'utf8')).not.toBe(
      readFileSync(join(out, 'train.jsonl'), 'utf8'),
    );
    expect(readFileSync(join(turned, 'train.jsonl'), 'utf8')).toBe(
      readFileSync(join(out, 'train.jsonl'), 'utf8'),
    );
  });

  it('spells instruments as it is told', async () => {
    await build({ toolStyle: 'words' });
    const asked = read('train').filter(({ wording }) => wording === 'paraphrase');
    expect(asked.filter(({ question }) => /_|^[a-z]/.test(question))).toEqual([]);
  });

  it('says in dataset.json and on the card what it holds', async () => {
    const built = await build({ seed: 9 });
    const file = DatasetFile.parse(JSON.parse(readFileSync(join(out, 'dataset.json'), 'utf8')));
    expect(file.sources).toEqual([
      { name: 'train', root: train, layout: 'scenes', generator: 'synthetic-nephrectomy', seed: 3 },
      { name: 'test', root: test, layout: 'scenes', generator: 'synthetic-nephrectomy', seed: 4 },
    ]);
    expect(file.options).toMatchObject({ seed: 9, paraphrases: 1, splits: ['train', 'test'] });
    expect(file.counts).toEqual(built.counts);
    const records = read('test');
    const counts = built.counts.test;
    expect(counts?.frames).toBe(new Set(records.map(({ image }) => image)).size);
    for (const [type, labels] of Object.entries(counts?.byLabel ?? {})) {
      for (const [label, times] of Object.entries(labels))
        expect(records.filter((r) => r.questionType === type && r.label === label)).toHaveLength(times);
    }
    const card = readFileSync(join(out, 'DATA_CARD.md'), 'utf8');
    expect(card).toContain("is not a surgeon's");
    expect(card).toContain('synthetic-nephrectomy, seed 3');
    expect(card).toContain(`| records | ${file.counts.train?.records} | ${file.counts.test?.records} |`);
    // With no picture, the organ is known from its most frequent answer alone.
    const organs = read('train').filter(({ questionType }) => questionType === 'organ');
    const times = Object.values(built.counts.train?.byLabel.organ ?? {});
    expect(built.blind.train?.organ).toBeGreaterThanOrEqual(Math.max(...times) / organs.length);
    expect(card).toContain(built.blind.test?.state?.toFixed(3));
  });
});

describe('splitting by sequence', () => {
  const sequences = (split: Split): string[] => [...new Set(read(split).map(({ sequence }) => sequence))];

  it('gives whole sequences to the splits, by their shares', async () => {
    const built = await build({
      sources: [{ folder: train, split: null }],
      sequenceSplit: [0.5, 0.25, 0.25],
    });
    expect(built.counts.train?.frames).toBe(6);
    expect(built.counts.validation?.frames).toBe(3);
    expect(built.counts.test?.frames).toBe(3);
    const all = (['train', 'validation', 'test'] as const).flatMap(sequences);
    expect(all.sort()).toEqual(['seq_1', 'seq_2', 'seq_3', 'seq_4']);
  });

  it('takes the sequences that EndoVis-18-VQLA publishes', async () => {
    await build({ sources: [{ folder: endovis, split: null }], sequenceSplit: 'published' });
    expect(sequences('train')).toEqual(['seq_2', 'seq_10']);
    expect(sequences('test')).toEqual(['seq_5']);
    expect(existsSync(join(out, 'validation.jsonl'))).toBe(false);
  });

  it('reads the sequence of a flat picture from its name', async () => {
    await build({ sources: [{ folder: join(fixtures, 'EndoVis-17-VQLA'), split: 'test' }] });
    expect(sequences('test')).toEqual(['seq8']);
  });

  it('refuses fewer sequences than splits, unknown sequences, and pictures given twice', async () => {
    const few = build({ sources: [{ folder: test, split: null }] });
    await expect(few).rejects.toMatchObject({ code: 'invalid-input', message: /1 sequence.*too few for 3/ });
    const root = oneFrame('What is the state of stapler?|Idle|1,1,101,101');
    cpSync(join(root, 'seq_2'), join(root, 'seq_8'), { recursive: true });
    const unknown = build({ sources: [{ folder: root, split: null }], sequenceSplit: 'published' });
    await expect(unknown).rejects.toMatchObject({
      code: 'invalid-input',
      message: /seq_8 is in neither part/,
    });
    const twice = build({
      sources: [
        { folder: train, split: 'train' },
        { folder: join(train, 'seq_1'), split: 'test' },
      ],
    });
    await expect(twice).rejects.toMatchObject({ code: 'invalid-input', message: /share pictures/ });
    expect(existsSync(out)).toBe(false);
  });
});

describe('building from annotated pictures', () => {
  it('claims no look that the annotation does not tell, and no absence unless asked', async () => {
    await build({ sources: [{ folder: endovis, split: 'test' }] });
    const records = read('test');
    const suction = records.find(({ label }) => label === 'Suction');
    expect(suction?.reasoning).toBe(
      'The suction lies in the upper left. It draws fluid away. This is suction.',
    );
    expect(records.find(({ label }) => label === 'kidney')?.reasoning).toBe(
      'The organ is being operated on. It lies in the middle. This is the kidney.',
    );
    expect(records.some(({ box }) => box === null)).toBe(false);
    await build({ sources: [{ folder: endovis, split: 'test' }], absent: 2, out: join(folder, 'asked') });
    // Of the three pictures, one has a label file without a line that cannot be used: it alone tells what is absent.
    const absent = read('test', join(folder, 'asked')).filter(({ box }) => box === null);
    expect(absent.map(({ image }) => image)).toEqual(Array(2).fill('seq_2/left_frames/frame000.png'));
  });

  it('leaves out what it cannot use, names file and line, and keeps the rest', async () => {
    const built = await build({ sources: [{ folder: endovis, split: 'train' }] });
    const problems = readFileSync(join(out, 'skipped.jsonl'), 'utf8').trim().split('\n');
    expect(built.problems).toBe(problems.length);
    expect(problems.map((line) => JSON.parse(line) as unknown)).toContainEqual({
      source: 'EndoVis-18-VQLA',
      file: 'seq_5/vqla/frame001_QAL.txt',
      line: 5,
      reason: 'a box without area: 21,21,1,1',
    });
    expect(readFileSync(join(out, 'DATA_CARD.md'), 'utf8')).toContain(
      'seq_5/vqla/frame001_QAL.txt:6: a box outside the 64x48 image',
    );
    expect((await validateDataset(out, { images: true })).faults).toEqual([]);
  });

  it('names unknown answers and instruments, places against their box, and second boxes', async () => {
    const root = oneFrame(
      'What is the state of clip_applier?|Dancing|1,1,101,101',
      'What is the state of laser?|Idle|1,1,101,101',
      'Where is suction located?|right-top|1,1,101,101',
      'What organ is being operated?|7|1,1,101,101',
      'What is the state of stapler?|Idle|1,1,101,101',
      'Where is stapler located?|right-top|1101,1,1201,101',
      'What is the state of ultrasound_probe?|not visible|',
    );
    const built = await build({ sources: [{ folder: root, split: 'train' }] });
    expect(built.firstProblems.map(({ line, reason }) => [line, reason])).toEqual([
      [1, 'an unknown answer "Dancing"'],
      [2, 'an unknown instrument "laser"'],
      [3, "the answer right-top, but the box's centre lies left-top"],
      [4, 'an unknown answer "7"'],
      [6, 'a second box for stapler: no question can ask for the one place of it'],
    ]);
    const records = read('train');
    expect(records.some(({ kind }) => kind === 'grounding-qa')).toBe(false);
    expect(records.filter(({ subject }) => subject === 'ultrasound_probe')).toMatchObject([
      { label: 'not visible', box: null, wording: 'dataset', provenance: { line: 7 } },
      { label: 'not visible', box: null, wording: 'paraphrase', provenance: { line: 7 } },
    ]);
    await expect(
      build({ sources: [{ folder: root, split: 'train' }], out: join(folder, 'strict'), strict: true }),
    ).rejects.toMatchObject({
      code: 'data-malformed',
      message: /own: .*frame000_QAL\.txt:1: an unknown answer "Dancing"/,
    });
    expect(readdirSync(join(folder, 'strict'))).toEqual([]);
  });

  it('refuses sources without boxes or without a usable question', async () => {
    const flat = build({ sources: [{ folder: join(fixtures, 'EndoVis-18-VQA'), split: 'train' }] });
    await expect(flat).rejects.toMatchObject({
      code: 'data-malformed',
      message: /an answer without a box/,
    });
    await expect(
      build({ sources: [{ folder: join(folder, 'nowhere'), split: 'train' }] }),
    ).rejects.toMatchObject({ code: 'file-missing' });
    await expect(build({ sources: [] })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('refuses a split that would be empty', async () => {
    const root = oneFrame('What is the state of stapler?|Dancing|1,1,101,101');
    cpSync(join(endovis, 'seq_10'), join(root, 'seq_10'), { recursive: true });
    await expect(
      build({ sources: [{ folder: root, split: null }], sequenceSplit: [0.5, 0, 0.5] }),
    ).rejects.toMatchObject({ code: 'data-malformed', message: /The (train|test) split would be empty/ });
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('the output folder', () => {
  it('is never overwritten, but takes the place of an interrupted build', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'train.jsonl.partial'), 'half a line');
    await build();
    await expect(build()).rejects.toMatchObject({
      code: 'invalid-input',
      message: /already holds a data set/,
    });
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'notes.txt'), 'mine');
    await expect(build({ out: other })).rejects.toMatchObject({ message: /is not empty/ });
    expect(readdirSync(other)).toEqual(['notes.txt']);
  });

  it('names a full disk and leaves nothing half done', async () => {
    mkdirSync(out);
    symlinkSync('/dev/full', join(out, 'train.jsonl.partial'));
    await expect(build()).rejects.toMatchObject({ code: 'store-full', message: /the disk is full/ });
    expect(readdirSync(out)).toEqual([]);
  });

  it('names a folder that cannot be made', async () => {
    await expect(build({ out: '/proc/none/set' })).rejects.toMatchObject({ code: 'store-unwritable' });
  });

  it('stops when told to, and leaves nothing half done', async () => {
    const controller = new AbortController();
    const stopped = build({
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 5) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(out)).toEqual([]);
  });
});
