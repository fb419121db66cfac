import { resolve } from 'node:path';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { findCoco, readCoco } from './coco.ts';
import { findCvat, readCvat } from './cvat.ts';
import { filesBelow } from './files.ts';
import { hasMasks, readMasks } from './masks.ts';
import type { AnnotatedFolder, ReadAnnotatedOptions } from './types.ts';

/**
 * Reads a folder of marked pictures: masks, or boxes as COCO or CVAT write them.
 *
 * @throws WorkstationError `file-missing` for a folder that can't be read, `data-malformed` for one of which nothing
 * can be used, with the first reason.
 */
export async function openAnnotated(
  folder: string,
  options: ReadAnnotatedOptions = {},
): Promise<AnnotatedFolder> {
  const root = resolve(folder);
  const files = await filesBelow(root, options.signal);
  const found = await readKind(root, files, options);
  if (found.pictures.length === 0) {
    const [first] = found.skipped;
    throw new WorkstationError(
      'data-malformed',
      `No picture of ${root} can be used${first ? `; the first reason: ${first.file}: ${first.reason}` : ''}.`,
      'Each picture needs a mask of its own size with named values in it, or a box inside it.',
    );
  }
  const order = new Intl.Collator('en', { numeric: true }).compare;
  found.pictures.sort(
    (a, b) => order(a.patient, b.patient) || order(a.sequence, b.sequence) || order(a.image, b.image),
  );
  return found;
}

async function readKind(
  root: string,
  files: readonly string[],
  options: ReadAnnotatedOptions,
): Promise<AnnotatedFolder> {
  const cvat = await findCvat(files);
  if (cvat !== null) return readCvat(root, files, cvat, options);
  const coco = await findCoco(files);
  if (coco !== null) return readCoco(root, files, coco, options);
  if (hasMasks(root, files)) return readMasks(root, files, options);
  throw new WorkstationError(
    'data-malformed',
    `${root} holds neither masks nor boxes that are read here (${files.length} files).`,
    'Give img/PATIENT/... with annot/PATIENT/... beside it (or images and masks), pictures with a COCO file, or an export of "CVAT for images 1.1".',
  );
}
