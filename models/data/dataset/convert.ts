import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CoordinateSpace } from '../../../preload/contract/boxes.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { prepareFolder } from './folder.ts';
import { ROW_OF, VERL_COLUMNS, datasetInfo, fits } from './formats.ts';
import type { Format, RowOptions } from './formats.ts';
import { ParquetFile } from './parquet-file.ts';
import { writeError } from './problems.ts';
import { readDatasetFile, readRecords, splitsOf } from './read.ts';
import { KINDS } from './record.ts';
import type { Kind, Split } from './record.ts';
import { JsonlFile } from './jsonl-file.ts';
import type { RowFile } from './jsonl-file.ts';

export interface ConvertOptions {
  /** Folder of a data set. */
  folder: string;
  format: Format;
  /** New or empty folder. */
  out: string;
  /** Largest area of a picture as the model is shown it, in pixels; 1,003,520 when absent: 1280x1024 becomes 1120x896. */
  maxPixels?: number;
  /** Smallest; 3,136 when absent, as Qwen2.5-VL's. */
  minPixels?: number;
  /** Of the boxes; pixels of the resized picture (Qwen2.5-VL) when absent. */
  space?: CoordinateSpace;
  instructions?: boolean;
  objects?: boolean;
  /** Records of these kinds; all when absent. */
  kinds?: readonly Kind[];
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface ConvertResult {
  out: string;
  format: Format;
  /** Rows of each file. */
  rows: Record<string, number>;
  /** Records that the format cannot hold: lists and answers without a place, where rewards know one box alone. */
  leftOut: number;
}

/** 32 x 40 patches of 28 x 28 pixels: the number that every recipe has. */
const MAX_PIXELS = 1_003_520;
const MIN_PIXELS = 3136;

function rowFile(format: Format, out: string, split: Split): { name: string; file: RowFile } {
  if (format === 'verl') {
    const name = `${split}.parquet`;
    return { name, file: new ParquetFile(join(out, name), VERL_COLUMNS) };
  }
  const array = format === 'llamafactory-sharegpt';
  const name = `${split}.${array ? 'json' : 'jsonl'}`;
  return { name, file: new JsonlFile(join(out, name), { array }) };
}

/**
 * Write a data set anew in the format of a trainer: one file for each split that has records of the kinds, pictures
 * by absolute path.
 *
 * @throws WorkstationError `data-malformed` with file and line for a record that cannot be read, `invalid-input` for
 * options that cannot be, `file-missing` for pictures that are not where `dataset.json` says, `store-full` and
 * `store-unwritable` for the output, `cancelled`. Nothing is left in the output folder then.
 */
export async function convertDataset(options: ConvertOptions): Promise<ConvertResult> {
  const { folder, format, out, signal, onProgress } = options;
  const row: RowOptions = {
    space: options.space ?? 'resized-pixels',
    minPixels: options.minPixels ?? MIN_PIXELS,
    maxPixels: options.maxPixels ?? MAX_PIXELS,
    instructions: options.instructions === true,
    objects: options.objects === true,
  };
  if (row.minPixels > row.maxPixels || row.minPixels < 1) {
    throw new WorkstationError(
      'invalid-input',
      `A picture of at least ${row.minPixels} and at most ${row.maxPixels} pixels cannot be.`,
      'Give areas in pixels, such as 3136 and 1003520.',
    );
  }
  if (row.objects && format !== 'ms-swift') {
    throw new WorkstationError(
      'invalid-input',
      `The format ${format} has no objects column.`,
      'Give the option with ms-swift alone.',
    );
  }
  const dataset = await readDatasetFile(folder);
  const roots = new Map(dataset.sources.map(({ name, root }) => [name, root]));
  const kinds = new Set(options.kinds ?? KINDS);
  const splits = splitsOf(folder);
  const total = splits.reduce((sum, split) => sum + (dataset.counts[split]?.records ?? 0), 0);
  prepareFolder(out);
  const files: RowFile[] = [];
  const written: Split[] = [];
  const rows: Record<string, number> = {};
  try {
    let done = 0;
    let leftOut = 0;
    for (const split of splits) {
      const { name, file } = rowFile(format, out, split);
      files.push(file);
      let index = 0;
      for await (const record of readRecords(folder, split, signal)) {
        if (done++ % 500 === 0) onProgress?.({ done, total });
        if (!kinds.has(record.kind)) continue;
        if (!fits(format, record)) {
          leftOut++;
          continue;
        }
        const image = join(roots.get(record.source) ?? '', record.image);
        if (index === 0) refuseMissing(image, folder);
        await file.write(ROW_OF[format](record, { image, index }, row));
        index++;
      }
      if (index === 0) {
        await file.discard();
        continue;
      }
      await file.finish();
      rows[name] = index;
      written.push(split);
    }
    onProgress?.({ done: total, total });
    if (written.length === 0) throw nothingOf(kinds);
    if (format === 'llamafactory-sharegpt') {
      await writeFile(join(out, 'dataset_info.json'), `${JSON.stringify(datasetInfo(written), null, 2)}\n`);
    }
    return { out, format, rows, leftOut };
  } catch (error) {
    for (const file of files) await file.discard();
    for (const name of Object.keys(rows)) await rm(join(out, name), { force: true });
    await rm(join(out, 'dataset_info.json'), { force: true });
    throw writeError(out, error);
  }
}

const nothingOf = (kinds: ReadonlySet<Kind>): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `The data set has no record of the kinds ${[...kinds].join(', ')}: every file would be empty.`,
    'Name other --kinds, or build the data set with them.',
  );

function refuseMissing(image: string, folder: string): void {
  if (existsSync(image)) return;
  throw new WorkstationError(
    'file-missing',
    `The picture ${image} of the data set ${folder} is not there.`,
    'Put the pictures back where dataset.json says, or build the data set from where they are now.',
  );
}
