import { extname } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { readTextFile } from '../../../main/platform/text-file.ts';
import { folderOfBoxes } from './boxes.ts';
import type { AnnotatedFolder, ReadAnnotatedOptions } from './types.ts';

/** https://cocodataset.org/#format-data: what is read of it. A picture's `patient` is ours, and may be left out. */
const Coco = z.object({
  images: z.array(
    z.object({
      id: z.union([z.int(), z.string()]),
      file_name: z.string().min(1),
      width: z.int().positive(),
      height: z.int().positive(),
      patient: z.string().min(1).optional(),
    }),
  ),
  annotations: z.array(
    z.object({
      image_id: z.union([z.int(), z.string()]),
      category_id: z.int(),
      bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
  categories: z.array(z.object({ id: z.int(), name: z.string().min(1) })),
});

const HINT =
  'Export the boxes as COCO 1.0 anew; images, annotations and categories are needed, with bbox as x, y, width, height.';

/** The one JSON file of a folder that holds COCO's three lists, with what it holds; null where there is none. */
export async function findCoco(files: readonly string[]): Promise<{ file: string; content: unknown } | null> {
  for (const file of files.filter((path) => extname(path).toLowerCase() === '.json')) {
    let content: unknown;
    try {
      content = JSON.parse(await readTextFile(file, file, HINT));
    } catch {
      continue;
    }
    const keys = typeof content === 'object' && content !== null ? Object.keys(content) : [];
    if (['images', 'annotations', 'categories'].every((key) => keys.includes(key))) return { file, content };
  }
  return null;
}

/** Reads pictures with boxes as COCO writes them. @throws WorkstationError `data-malformed` with what does not fit */
export async function readCoco(
  root: string,
  files: readonly string[],
  { file, content }: { file: string; content: unknown },
  options: ReadAnnotatedOptions,
): Promise<AnnotatedFolder> {
  const parsed = Coco.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new WorkstationError(
      'data-malformed',
      `${file} is not as COCO writes it: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}.`,
      HINT,
    );
  }
  const { images, annotations, categories } = parsed.data;
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const own = Map.groupBy(annotations, ({ image_id: image }) => image);
  const marked = images.map(({ id, file_name: name, width, height, patient }) => ({
    name,
    size: { width, height },
    patient,
    boxes: (own.get(id) ?? []).map(({ category_id: category, bbox: [x, y, w, h] }) => ({
      label: names.get(category) ?? `category ${category}, which categories do not name`,
      box: [x, y, x + w, y + h] as [number, number, number, number],
      line: null,
    })),
  }));
  return folderOfBoxes({ root, kind: 'coco', file, files }, marked, options);
}
