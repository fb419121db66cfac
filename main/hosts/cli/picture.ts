import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { reasonInWords } from '../../platform/file-errors.ts';
import { imageSize } from '../../platform/image-size.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { isTooLarge, pictureTooLarge, WorkstationError } from '../../../preload/contract/index.ts';

/**
 * Reads a PNG or JPEG as RGB, height x width x 3 bytes.
 * @throws WorkstationError 'data-malformed' if it can't be read, 'video-too-large'
 */
export async function decodePicture(
  file: string,
): Promise<{ rgb: Uint8Array; width: number; height: number }> {
  try {
    const size = await imageSize(file);
    if (size === null) throw new Error('neither PNG nor JPEG');
    if (isTooLarge(size)) throw pictureTooLarge(`The picture ${file}`, size);
    // Not by its name: the library would fetch one that is an address.
    const picture = await loadImage(await readFile(file));
    const canvas = createCanvas(picture.width, picture.height);
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    const rgb = new Uint8Array(picture.width * picture.height * 3);
    for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
      rgb[to] = data[from]!;
      rgb[to + 1] = data[from + 1]!;
      rgb[to + 2] = data[from + 2]!;
    }
    return { rgb, width: picture.width, height: picture.height };
  } catch (error) {
    if (error instanceof WorkstationError) throw error;
    throw new WorkstationError(
      'data-malformed',
      `The picture ${file} can't be read: ${reasonInWords(error)}.`,
      'Check that the file is there and is a PNG or JPEG.',
      { cause: error },
    );
  }
}

/**
 * Writes a file that the person named, making its folder.
 * @throws WorkstationError 'invalid-input' if it can't be written there
 */
export async function writeNamedFile(file: string, bytes: Uint8Array): Promise<string> {
  const path = resolve(file);
  try {
    makeFolder(dirname(path));
    await writeFile(path, bytes);
    return path;
  } catch (error) {
    throw new WorkstationError(
      'invalid-input',
      `${path} can't be written: ${reasonInWords(error)}.`,
      'Name a file in a folder that you may write to.',
      { cause: error },
    );
  }
}
