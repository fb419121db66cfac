import { join } from 'node:path';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import { reasonInWords } from '../../../main/platform/file-errors.ts';
import { imageSize } from '../../../main/platform/image-size.ts';
import { recordFaults } from './check-record.ts';
import { linesOf } from './jsonl-file.ts';
import { parseRecord, readDatasetFile, splitsOf } from './read.ts';
import { SPLITS } from './record.ts';
import type { DatasetRecord, Split } from './record.ts';

export interface ValidateOptions {
  /** Look at every picture; otherwise at some, spread evenly. */
  images?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** Something wrong in a data set. */
export interface Fault {
  /** File in the data set's folder. */
  file: string;
  /** Counted from 1; null when the whole file is meant. */
  line: number | null;
  reason: string;
}

export interface Validation {
  records: number;
  images: number;
  /** Pictures whose file was looked at. */
  imagesChecked: number;
  faultCount: number;
  /** The first fifty. */
  faults: Fault[];
}

const SHOWN_FAULTS = 50;
const SAMPLED_IMAGES = 200;

/**
 * Check a data set folder line by line: schema, ids, labels, boxes, spans, place words against boxes, pictures, and
 * that no picture and no sequence lies in two splits. Memory grows with pictures and ids, not with texts.
 *
 * @throws WorkstationError when `dataset.json` cannot be read, or `cancelled`.
 */
export async function validateDataset(folder: string, options: ValidateOptions = {}): Promise<Validation> {
  const dataset = await readDatasetFile(folder);
  const roots = new Map(dataset.sources.map(({ name, root }) => [name, root]));
  const total = SPLITS.reduce((sum, split) => sum + (dataset.counts[split]?.records ?? 0), 0);
  const pictures = SPLITS.reduce((sum, split) => sum + (dataset.counts[split]?.frames ?? 0), 0);
  const step = options.images === true ? 1 : Math.max(1, Math.ceil(pictures / SAMPLED_IMAGES));
  const result: Validation = { records: 0, images: 0, imagesChecked: 0, faultCount: 0, faults: [] };
  const ids = new Set<string>();
  const seen = new Map<string, { split: Split; width: number; height: number }>();
  const sequences = new Map<string, Split>();
  const fault = (file: string, line: number | null, reason: string): void => {
    result.faultCount++;
    if (result.faults.length < SHOWN_FAULTS) result.faults.push({ file, line, reason });
  };
  const check = async (
    record: DatasetRecord,
    split: Split,
    tell: (reason: string) => void,
  ): Promise<void> => {
    for (const reason of recordFaults(record)) tell(reason);
    if (record.split !== split) tell(`split ${record.split} in the file of ${split}`);
    if (ids.has(record.id)) tell(`the id ${record.id} was given before`);
    ids.add(record.id);
    const root = roots.get(record.source);
    if (root === undefined) {
      tell(`a source that dataset.json does not name: ${record.source}`);
      return;
    }
    const path = join(root, record.image);
    const { width, height } = record;
    const before = seen.get(path);
    if (before) {
      if (before.split !== split) tell(`the image ${record.image} lies in ${before.split} too`);
      if (before.width !== width || before.height !== height) {
        tell(`${width}x${height}, records before say ${before.width}x${before.height} of ${record.image}`);
      }
      return;
    }
    seen.set(path, { split, width, height });
    const sequence = `${record.source}\0${record.sequence}`;
    const other = sequences.get(sequence) ?? split;
    if (other !== split) tell(`the sequence ${record.sequence} lies in ${other} too`);
    sequences.set(sequence, other);
    if (result.images++ % step !== 0) return;
    result.imagesChecked++;
    const reason = await imageFault(path, record);
    if (reason !== null) tell(reason);
  };
  const found = splitsOf(folder);
  for (const split of SPLITS) {
    const file = `${split}.jsonl`;
    const counted = dataset.counts[split]?.records ?? 0;
    if (!found.includes(split)) {
      if (counted > 0) fault(file, null, `missing: dataset.json counts ${counted} records of it`);
      continue;
    }
    let records = 0;
    for await (const { number, text } of linesOf(join(folder, file))) {
      throwIfAborted(options.signal);
      records++;
      result.records++;
      const tell = (reason: string): void => {
        fault(file, number, reason);
      };
      const record = parseRecord(text);
      if ('reason' in record) tell(record.reason);
      else await check(record, split, tell);
      if (result.records % 500 === 0) options.onProgress?.({ done: result.records, total });
    }
    if (records !== counted) fault(file, null, `${records} records, dataset.json counts ${counted}`);
  }
  options.onProgress?.({ done: result.records, total });
  return result;
}

async function imageFault(path: string, { image, width, height }: DatasetRecord): Promise<string | null> {
  try {
    const size = await imageSize(path);
    if (size === null) return `the image ${image} is not a readable PNG or JPEG`;
    if (size.width === width && size.height === height) return null;
    return `the image ${image} is ${size.width}x${size.height}, its record says ${width}x${height}`;
  } catch (error) {
    return `the image ${image} cannot be read: ${reasonInWords(error)}`;
  }
}
