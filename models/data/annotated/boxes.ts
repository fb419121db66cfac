import { join } from 'node:path';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import { boxArea } from '../../../preload/contract/boxes.ts';
import type { Skipped } from '../endovis.ts';
import { below, isPicture, sizeOf, whose } from './files.ts';
import { plainLabel, thingsOf, usableBox } from './things.ts';
import type { Part } from './things.ts';
import type { AnnotatedFolder, AnnotatedPicture, AnnotationKind, ReadAnnotatedOptions } from './types.ts';

/** A picture as a file of boxes tells of it. */
export interface MarkedPicture {
  /** As the file writes it. */
  name: string;
  size: Size;
  /** Where the file says it. */
  patient?: string | undefined;
  boxes: { label: string; box: Box; line: number | null }[];
}

/** The pictures of a file of boxes, as {@link AnnotatedFolder}: each is looked for in the folder and checked. */
export async function folderOfBoxes(
  from: { root: string; kind: AnnotationKind; file: string; files: readonly string[] },
  marked: readonly MarkedPicture[],
  options: ReadAnnotatedOptions,
): Promise<AnnotatedFolder> {
  const { root, kind } = from;
  const file = below(root, from.file);
  const pathOf = new Map(from.files.filter(isPicture).map((path) => [below(root, path), path]));
  const skipped: Skipped[] = [];
  const corrected: Skipped[] = [];
  const pictures: AnnotatedPicture[] = [];
  for (const [done, { name, size, patient, boxes }] of marked.entries()) {
    throwIfAborted(options.signal);
    options.onProgress?.({ done, total: marked.length });
    const plain = name.replaceAll('\\', '/');
    const image = [plain, `images/${plain}`, `img/${plain}`].find((path) => pathOf.has(path));
    const skip = (reason: string, line: number | null = null): void => {
      skipped.push({ file, line, reason: `${name}: ${reason}` });
    };
    if (image === undefined) {
      skip('no such picture in the folder');
      continue;
    }
    const found = await sizeOf(join(root, image));
    if ('reason' in found) {
      skip(found.reason);
      continue;
    }
    if (found.width !== size.width || found.height !== size.height) {
      skip(
        `the file says ${size.width}x${size.height} pixels, the picture has ${found.width}x${found.height}`,
      );
      continue;
    }
    const parts = new Map<string, Part[]>();
    for (const { label: given, box: drawn, line } of boxes) {
      const label = plainLabel(given);
      const used = usableBox(drawn, size);
      const fault = typeof label !== 'string' ? label : 'reason' in used ? used : null;
      if (fault !== null || typeof label !== 'string' || 'reason' in used) {
        skip(fault?.reason ?? '', line);
        continue;
      }
      if (used.note !== null) corrected.push({ file, line, reason: `${name}: ${used.note}` });
      const part = { box: used.box, area: boxArea(used.box) };
      parts.set(label, [...(parts.get(label) ?? []), part]);
    }
    const things = thingsOf(parts, options.several ?? 'union');
    if (things.length === 0) {
      skip('nothing usable is marked in it');
      continue;
    }
    const own = whose(plain);
    const sequence = patient === undefined ? own.sequence : `${patient}/${own.sequence}`;
    // Boxes need not be complete: what nobody marked may be in view for all that.
    pictures.push({ image, file, patient: patient ?? own.patient, sequence, ...size, things, whole: false });
  }
  const labels = [...new Set(pictures.flatMap(({ things }) => things.map(({ label }) => label)))].sort();
  return { root, kind, labels, pictures, skipped, corrected };
}
