import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { buildDataset, writeScenes } from '../../models/data/index.ts';
import type { BuildOptions, BuildResult } from '../../models/data/index.ts';
import { DatasetRecord } from '../../models/data/dataset/record.ts';
import type { Split } from '../../models/data/dataset/record.ts';

export const fixtures = resolve(import.meta.dirname, '../fixtures/data');
export const endovis = join(fixtures, 'EndoVis-18-VQLA');

export const smallScenes = {
  width: 160,
  height: 128,
  format: 'jpg',
  framesPerSequence: 3,
  workers: 1,
} as const;

/** Folders that the tests of a file build from and into. */
export interface SmallSets {
  /** A dozen scenes of 160x128 in sequences of three, seed 3, and three others, seed 4. */
  train: string;
  test: string;
  /** New for every test, and where `build` writes. */
  folder: string;
  out: string;
  build: (options?: Partial<BuildOptions>) => Promise<BuildResult>;
  read: (split: Split, from?: string) => DatasetRecord[];
  /** A one-picture data set in the layout of EndoVis-18-VQLA, with these label lines. */
  oneFrame: (...lines: string[]) => string;
}

/** Draws the scenes before the tests of a file, and takes all away behind them. */
export function smallSets(): SmallSets {
  const drawn = mkdtempSync(join(tmpdir(), 'dataset-scenes-'));
  const sets: SmallSets = {
    train: join(drawn, 'train'),
    test: join(drawn, 'test'),
    folder: '',
    out: '',
    build: (options = {}) =>
      buildDataset({
        sources: [
          { folder: sets.train, split: 'train' },
          { folder: sets.test, split: 'test' },
        ],
        out: sets.out,
        ...options,
      }),
    read: (split, from = sets.out) =>
      readFileSync(join(from, `${split}.jsonl`), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => DatasetRecord.parse(JSON.parse(line))),
    oneFrame: (...lines) => {
      const root = join(sets.folder, 'own');
      mkdirSync(join(root, 'seq_2/vqla/label'), { recursive: true });
      cpSync(join(endovis, 'seq_2/left_frames'), join(root, 'seq_2/left_frames'), { recursive: true });
      writeFileSync(join(root, 'seq_2/vqla/label/frame000_QAL.txt'), `${lines.join('\n')}\n`);
      return root;
    },
  };
  beforeAll(async () => {
    await writeScenes({ ...smallScenes, frames: 12, seed: 3, out: sets.train });
    await writeScenes({ ...smallScenes, frames: 3, seed: 4, out: sets.test });
  });
  afterAll(() => rmSync(drawn, { recursive: true, force: true }));
  beforeEach(() => {
    sets.folder = mkdtempSync(join(tmpdir(), 'dataset-'));
    sets.out = join(sets.folder, 'set');
  });
  afterEach(() => rmSync(sets.folder, { recursive: true, force: true }));
  return sets;
}
