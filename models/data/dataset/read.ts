import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../../preload/contract/errors.ts';
import { readTextFile } from '../../../main/platform/text-file.ts';
import { linesOf } from './jsonl-file.ts';
import { DatasetFile, DatasetRecord, FORMAT, FORMAT_VERSION, SPLITS } from './record.ts';
import type { Split } from './record.ts';

const BUILD_AGAIN = 'Give a folder that `data build` wrote to its end.';

/** The `dataset.json` of a folder. @throws WorkstationError `file-missing` or `data-malformed` */
export async function readDatasetFile(folder: string): Promise<DatasetFile> {
  const path = join(folder, 'dataset.json');
  const text = await readTextFile(path, path, BUILD_AGAIN);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new WorkstationError('data-malformed', `${path} is not JSON.`, BUILD_AGAIN, { cause: error });
  }
  const parsed = DatasetFile.safeParse(found);
  if (!parsed.success) {
    throw new WorkstationError(
      'data-malformed',
      `${path} is not of format ${FORMAT}, version ${FORMAT_VERSION}: ${issuesOf(parsed.error)}.`,
      BUILD_AGAIN,
    );
  }
  return parsed.data;
}

/** The first few things that a schema refused, in one line. */
export function issuesOf(error: { issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message))
    .join('; ');
}

/** A line of a JSONL file as a record, or the reason why it is none. */
export function parseRecord(text: string): DatasetRecord | { reason: string } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    return { reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const parsed = DatasetRecord.safeParse(found);
  return parsed.success ? parsed.data : { reason: issuesOf(parsed.error) };
}

/** The splits whose file a data set folder has. */
export const splitsOf = (folder: string): Split[] =>
  SPLITS.filter((split) => existsSync(join(folder, `${split}.jsonl`)));

/**
 * The records of one split, in order.
 *
 * @throws WorkstationError `data-malformed` with file and line at the first line that is no record.
 */
export async function* readRecords(
  folder: string,
  split: Split,
  signal?: AbortSignal,
): AsyncGenerator<DatasetRecord> {
  const path = join(folder, `${split}.jsonl`);
  for await (const { number, text } of linesOf(path)) {
    throwIfAborted(signal);
    const record = parseRecord(text);
    if ('reason' in record) {
      throw new WorkstationError(
        'data-malformed',
        `${path}:${number}: ${record.reason}.`,
        '`data validate` names every such line. Build the data set again.',
      );
    }
    yield record;
  }
}
