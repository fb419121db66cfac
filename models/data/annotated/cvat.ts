import { extname } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Box } from '../../../preload/contract/values.ts';
import { readTextFile } from '../../../main/platform/text-file.ts';
import { folderOfBoxes } from './boxes.ts';
import type { MarkedPicture } from './boxes.ts';
import type { AnnotatedFolder, ReadAnnotatedOptions } from './types.ts';

const HINT = 'Export the task from CVAT as "CVAT for images 1.1" anew, with its pictures.';

/** The XML file of a folder that CVAT wrote; null where there is none. */
export async function findCvat(files: readonly string[]): Promise<{ file: string; text: string } | null> {
  for (const file of files.filter((path) => extname(path).toLowerCase() === '.xml')) {
    const text = await readTextFile(file, file, HINT);
    if (text.includes('<annotations')) return { file, text };
  }
  return null;
}

/** Reads pictures with boxes, polygons and masks as "CVAT for images 1.1" writes them. @throws WorkstationError `data-malformed` */
export async function readCvat(
  root: string,
  files: readonly string[],
  { file, text }: { file: string; text: string },
  options: ReadAnnotatedOptions,
): Promise<AnnotatedFolder> {
  const malformed = (reason: string): WorkstationError =>
    new WorkstationError('data-malformed', `${file} can't be read as CVAT's: ${reason}.`, HINT);
  const refuse = (message: string): never => {
    throw malformed(message.split('\n')[0] ?? message);
  };
  const document = new DOMParser({
    errorHandler: { warning: () => {}, error: refuse, fatalError: refuse },
  }).parseFromString(text, 'text/xml');
  if (document.getElementsByTagName('track').length > 0)
    throw malformed('it holds tracks over a video and no pictures');
  const marked = [...elementsOf(document.getElementsByTagName('image'))].map((image): MarkedPicture => {
    const name = image.getAttribute('name') ?? '';
    const size = { width: number(image, 'width'), height: number(image, 'height') };
    if (name === '' || !(size.width > 0 && size.height > 0))
      throw malformed('an image without name, width or height');
    const boxes = (['box', 'polygon', 'mask'] as const).flatMap((shape) =>
      [...elementsOf(image.getElementsByTagName(shape))].map((element) => ({
        label: element.getAttribute('label') ?? '',
        box: boxOf(shape, element),
        line: lineOf(element),
      })),
    );
    return { name, size, boxes };
  });
  if (marked.length === 0) throw malformed('it names no image');
  return folderOfBoxes({ root, kind: 'cvat', file, files }, marked, options);
}

const number = (element: Element, name: string): number => Number(element.getAttribute(name) || Number.NaN);

const lineOf = (element: Element): number | null =>
  'lineNumber' in element && typeof element.lineNumber === 'number' ? element.lineNumber : null;

function* elementsOf(list: HTMLCollectionOf<Element>): Generator<Element> {
  for (let at = 0; at < list.length; at++) yield list[at]!;
}

function boxOf(shape: 'box' | 'polygon' | 'mask', element: Element): Box {
  if (shape === 'box') {
    return [number(element, 'xtl'), number(element, 'ytl'), number(element, 'xbr'), number(element, 'ybr')];
  }
  if (shape === 'mask') {
    const [left, top] = [number(element, 'left'), number(element, 'top')];
    return [left, top, left + number(element, 'width'), top + number(element, 'height')];
  }
  const points = (element.getAttribute('points') ?? '').split(';').map((pair) => pair.split(',').map(Number));
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis] ?? Number.NaN)) as [
    number[],
    number[],
  ];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
