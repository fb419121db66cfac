import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { convertDataset, writeScenes } from '../../models/data/index.ts';
import { smallScenes, smallSets } from './small-sets.ts';

const sets = smallSets();
const { train, build, read, oneFrame } = sets;
let folder: string;
let out: string;
beforeEach(() => {
  ({ folder, out } = sets);
});

const absent = (): number => read('train').filter(({ box }) => box === null).length;

describe('sources that would teach something false', () => {
  it('are refused where the scenes of two splits were drawn with one seed', async () => {
    const again = join(folder, 'again');
    cpSync(train, again, { recursive: true });
    const leak = build({
      sources: [
        { folder: train, split: 'train' },
        { folder: again, split: 'test' },
      ],
    });
    await expect(leak).rejects.toMatchObject({ code: 'invalid-input', message: /same seed, 3:/ });
  });

  it('are asked for nothing absent where a line that was left out may name what is there', async () => {
    const lines = [
      'What is the state of suction?|Idle|1,1,101,101',
      'What is the state of stapler?|Idle|9,9,5,5',
    ];
    const options = { absent: 8, out, kinds: ['chain-of-thought'] as const };
    await build({ ...options, sources: [{ folder: oneFrame(...lines), split: 'train' }] });
    expect(absent()).toBe(0);
    rmSync(out, { recursive: true });
    await build({ ...options, sources: [{ folder: oneFrame(lines[0]!), split: 'train' }] });
    expect(absent()).toBe(8);
  });

  it('are asked for nothing absent where two label files speak of one picture', async () => {
    const root = oneFrame('What is the state of suction?|Idle|1,1,101,101');
    const labels = join(root, 'seq_2/vqla/label');
    writeFileSync(join(labels, 'frame000_QAL2.txt'), 'What is the state of stapler?|Idle|1,1,101,101\n');
    await build({ absent: 8, sources: [{ folder: root, split: 'train' }] });
    expect(new Set(read('train').map(({ subject }) => subject))).toEqual(new Set(['suction', 'stapler']));
    expect(absent()).toBe(0);
  });

  it('are named by line where "not visible" has a box, however it is spelt', async () => {
    const root = oneFrame(
      'What is the state of suction?|Not_visible|1,1,101,101',
      'What is the state of stapler?|Not_visible|',
    );
    const built = await build({ sources: [{ folder: root, split: 'train' }] });
    expect(built.firstProblems).toMatchObject([
      { line: 1, reason: 'a box for the answer "Not_visible": 1,1,101,101' },
    ]);
    expect(new Set(read('train').map(({ label, subject }) => `${subject}: ${label}`))).toEqual(
      new Set(['stapler: not visible']),
    );
  });
});

describe('files that cannot be read', () => {
  it('cost their own questions, and are named', async () => {
    const root = join(folder, 'own');
    cpSync(train, root, { recursive: true });
    const label = join(root, 'seq_1/vqla/label/frame000_QAL.txt');
    rmSync(label);
    symlinkSync(join(folder, 'gone.txt'), label);
    const image = join(root, 'seq_1/left_frames/frame001.jpg');
    renameSync(image, join(folder, 'moved.jpg'));
    symlinkSync(join(folder, 'gone.jpg'), image);
    const built = await build({ sources: [{ folder: root, split: 'train' }] });
    expect(built.counts.train?.frames).toBe(10);
    expect(built.firstProblems.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      'seq_1/vqla/label/frame000_QAL.txt: the label file cannot be read: it is not there',
      'seq_1/vqla/label/frame001_QAL.txt: the image seq_1/left_frames/frame001.jpg cannot be read: it is not there',
    ]);
  });

  it('are not taken for a folder that cannot be written', async () => {
    await build();
    const moved = join(folder, 'moved');
    mkdirSync(moved);
    cpSync(join(out, 'dataset.json'), join(moved, 'dataset.json'));
    mkdirSync(join(moved, 'train.jsonl'));
    const converted = convertDataset({ folder: moved, format: 'trl-grpo', out: join(folder, 'converted') });
    await expect(converted).rejects.toMatchObject({
      code: 'file-unreadable',
      message: /a folder stands where a file is needed/,
    });
  });

  it('are named where a truth of a finished scene is damaged, and drawn anew without it', async () => {
    const root = join(folder, 'own');
    cpSync(train, root, { recursive: true });
    const truth = join(root, 'seq_1/scene/frame001.json');
    const whole = readFileSync(truth, 'utf8');
    writeFileSync(truth, whole.slice(0, 40));
    const scenes = { ...smallScenes, frames: 12, seed: 3, out: root };
    await expect(writeScenes(scenes)).rejects.toMatchObject({
      code: 'data-malformed',
      message: /frame001\.json/,
    });
    rmSync(truth);
    expect(await writeScenes(scenes)).toMatchObject({ drawn: 1 });
    expect(readFileSync(truth, 'utf8')).toBe(whole);
  });
});

describe('what would be empty', () => {
  it('is no file of a converted set', async () => {
    await build();
    const converted = convertDataset({
      folder: out,
      format: 'verl',
      kinds: ['visual-qa'],
      out: join(folder, 'converted'),
    });
    await expect(converted).rejects.toMatchObject({
      code: 'invalid-input',
      message: /no record of the kinds visual-qa/,
    });
    expect(readdirSync(join(folder, 'converted'))).toEqual([]);
    // The test split alone has the one picture whose label file names nothing to point at.
    const mixed = join(folder, 'mixed');
    await build({
      out: mixed,
      kinds: ['chain-of-thought', 'grounding-qa'],
      sources: [
        { folder: train, split: 'train' },
        { folder: oneFrame('Where is stapler located?|not visible|'), split: 'test' },
      ],
    });
    const { rows } = await convertDataset({
      folder: mixed,
      format: 'llamafactory-sharegpt',
      kinds: ['grounding-qa'],
      out: join(folder, 'some'),
    });
    expect(Object.keys(rows)).toEqual(['train.json']);
    expect(readdirSync(join(folder, 'some')).sort()).toEqual(['dataset_info.json', 'train.json']);
    expect(
      Object.keys(JSON.parse(readFileSync(join(folder, 'some', 'dataset_info.json'), 'utf8')) as object),
    ).toEqual(['surgery_r1_train']);
  });
});

describe('a disk that is full', () => {
  it('is named while scenes are drawn', async () => {
    const root = join(folder, 'begun');
    cpSync(train, root, { recursive: true });
    rmSync(join(root, 'seq_1/scene/frame001.json'));
    symlinkSync('/dev/full', join(root, 'seq_1/left_frames/frame001.jpg.partial'));
    await expect(writeScenes({ ...smallScenes, frames: 12, seed: 3, out: root })).rejects.toMatchObject({
      code: 'store-full',
      hint: /goes on where it stopped/,
    });
  });
});
