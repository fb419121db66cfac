import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { z } from 'zod';
import { WorkstationError, throwIfAborted } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { reasonInWords } from '../../../main/platform/file-errors.ts';
import { readTextFile } from '../../../main/platform/text-file.ts';
import type { Skipped } from '../endovis.ts';
import { below, isPicture, sizeOf, whose } from './files.ts';
import { plainLabel, thingsOf } from './things.ts';
import type { Part } from './things.ts';
import type { AnnotatedFolder, AnnotatedPicture, ReadAnnotatedOptions } from './types.ts';

/** What the folder of masks may be called, beside the one of pictures. */
const MASK_FOLDERS = ['annot', 'annotations', 'masks', 'mask', 'labels', 'segmentation'];
const PICTURE_FOLDERS = ['img', 'imgs', 'images', 'image', 'frames', 'pictures'];
const LABELS_FILE = 'labels.json';

const inFolder = (files: readonly string[], root: string, names: readonly string[]): string | undefined =>
  names.find((name) => files.some((file) => below(root, file).startsWith(`${name}/`) && isPicture(file)));

/** Whether a folder holds pictures and, in a folder beside them, masks. */
export const hasMasks = (root: string, files: readonly string[]): boolean =>
  inFolder(files, root, MASK_FOLDERS) !== undefined && inFolder(files, root, PICTURE_FOLDERS) !== undefined;

const MaskLabels = z.record(z.string().regex(/^(\d{1,3}|#[0-9a-fA-F]{6})$/), z.string().nullable());

/** Names by 24-bit colour; null is a value that is passed over. A grey value is the colour of three equal parts. */
export async function readMaskLabels(path: string): Promise<Map<number, string | null>> {
  const hint = `Give a JSON file such as {"1": "vocal_folds", "5": "surgical_tool", "2": null}: grey values or #rrggbb colours of the masks with their names, null for what is not to be asked about.`;
  const text = await readTextFile(path, path, hint);
  let found: z.infer<typeof MaskLabels>;
  try {
    found = MaskLabels.parse(JSON.parse(text));
  } catch (error) {
    throw new WorkstationError(
      'data-malformed',
      `${path} does not name the values of masks: ${error instanceof Error ? error.message : String(error)}.`,
      hint,
      { cause: error },
    );
  }
  const names = new Map<number, string | null>();
  for (const [value, name] of Object.entries(found)) {
    const colour = value.startsWith('#') ? Number.parseInt(value.slice(1), 16) : Number(value) * 0x010101;
    const label = name === null ? null : plainLabel(name);
    if (colour > 0xffffff)
      throw new WorkstationError('data-malformed', `${path}: ${value} is no grey value.`, hint);
    if (label !== null && typeof label !== 'string')
      throw new WorkstationError('data-malformed', `${path}: ${label.reason}.`, hint);
    names.set(colour, label);
  }
  if ([...names.values()].every((name) => name === null))
    throw new WorkstationError('data-malformed', `${path} names nothing that could be asked about.`, hint);
  return names;
}

/** Reads a folder of pictures with a mask each, under the same path in a folder beside them. */
export async function readMasks(
  root: string,
  files: readonly string[],
  options: ReadAnnotatedOptions,
): Promise<AnnotatedFolder> {
  const pictureFolder = inFolder(files, root, PICTURE_FOLDERS)!;
  const maskFolder = inFolder(files, root, MASK_FOLDERS)!;
  const names = await readMaskLabels(options.labels ?? join(root, LABELS_FILE));
  const stemOf = (path: string): string => path.slice(0, path.length - extname(path).length);
  const inside = (folder: string): string[] =>
    files.filter((file) => below(root, file).startsWith(`${folder}/`) && isPicture(file));
  const masks = new Map(
    inside(maskFolder).map((file) => [stemOf(below(join(root, maskFolder), file)), file]),
  );
  const skipped: Skipped[] = [];
  const pictures: AnnotatedPicture[] = [];
  const all = inside(pictureFolder);
  for (const [done, file] of all.entries()) {
    throwIfAborted(options.signal);
    options.onProgress?.({ done, total: all.length });
    const image = below(root, file);
    const path = below(join(root, pictureFolder), file);
    const skip = (reason: string): void => {
      skipped.push({ file: image, line: null, reason });
    };
    const mask = masks.get(stemOf(path));
    if (mask === undefined) {
      skip(`no mask of the name ${stemOf(basename(file))} in ${maskFolder}`);
      continue;
    }
    const size = await sizeOf(file);
    if ('reason' in size) {
      skip(size.reason);
      continue;
    }
    const parts = await partsOfMask(mask, size, names);
    if ('reason' in parts) {
      skip(parts.reason);
      continue;
    }
    const things = thingsOf(parts.parts, options.several ?? 'union');
    if (things.length === 0) {
      skip('an empty mask: none of the named values occurs in it');
      continue;
    }
    const { patient, sequence } = whose(path);
    pictures.push({ image, file: below(root, mask), patient, sequence, ...size, things, whole: true });
  }
  const labels = [...new Set(pictures.flatMap(({ things }) => things.map(({ label }) => label)))].sort();
  return { root, kind: 'masks', labels, pictures, skipped, corrected: [] };
}

async function partsOfMask(
  path: string,
  size: Size,
  names: ReadonlyMap<number, string | null>,
): Promise<{ parts: Map<string, Part[]> } | { reason: string }> {
  let pixels: Uint8ClampedArray;
  try {
    // Not by its name: the library would fetch one that is an address.
    const picture = await loadImage(await readFile(path));
    const { width, height } = picture;
    if (width !== size.width || height !== size.height)
      return { reason: `the mask has ${width}x${height} pixels, its picture ${size.width}x${size.height}` };
    const context = createCanvas(width, height).getContext('2d');
    context.drawImage(picture, 0, 0);
    pixels = context.getImageData(0, 0, width, height).data;
  } catch (error) {
    return { reason: `the mask can't be read: ${reasonInWords(error)}` };
  }
  const classes = new Map<number, number>();
  const found: string[] = [];
  const grid = new Uint16Array(size.width * size.height);
  for (let at = 0; at < grid.length; at++) {
    const colour = (pixels[at * 4]! << 16) | (pixels[at * 4 + 1]! << 8) | pixels[at * 4 + 2]!;
    let number = classes.get(colour);
    if (number === undefined) {
      const name = names.get(colour);
      if (name === undefined && colour !== 0) {
        const grey = colour % 0x010101 === 0 ? String(colour / 0x010101) : null;
        return {
          reason: `the mask has the value ${grey ?? `#${colour.toString(16).padStart(6, '0')}`}, which the labels do not name`,
        };
      }
      number =
        name === undefined || name === null
          ? 0
          : found.includes(name)
            ? found.indexOf(name) + 1
            : found.push(name);
      classes.set(colour, number);
    }
    grid[at] = number;
  }
  return { parts: connected(grid, size, found) };
}

/** The connected parts (by sides) of every class of a grid; class n has the name `names[n - 1]`. Empties the grid. */
function connected(
  grid: Uint16Array,
  { width, height }: Size,
  names: readonly string[],
): Map<string, Part[]> {
  const parts = new Map<string, Part[]>();
  const stack: number[] = [];
  for (let start = 0; start < grid.length; start++) {
    const own = grid[start]!;
    if (own === 0) continue;
    let [x1, y1, x2, y2, area] = [width, height, 0, 0, 0];
    grid[start] = 0;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width;
      const y = (at - x) / width;
      area++;
      x1 = Math.min(x1, x);
      y1 = Math.min(y1, y);
      x2 = Math.max(x2, x + 1);
      y2 = Math.max(y2, y + 1);
      const take = (next: number, there: boolean): void => {
        if (!there || grid[next] !== own) return;
        grid[next] = 0;
        stack.push(next);
      };
      take(at - 1, x > 0);
      take(at + 1, x + 1 < width);
      take(at - width, y > 0);
      take(at + width, y + 1 < height);
    }
    const name = names[own - 1]!;
    const before = parts.get(name);
    const part: Part = { box: [x1, y1, x2, y2], area };
    if (before) before.push(part);
    else parts.set(name, [part]);
  }
  return parts;
}
