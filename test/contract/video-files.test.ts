import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { hasVideoEnding, videoEndings } from '../../preload/contract/video-files.ts';

it('a video is known by the ending of its name, in any letters and any folder', () => {
  for (const name of ['a.mp4', 'A.MOV', 'theatre 3/a.b.m2ts', 'C:\\videos\\a.VOB', '.hidden.mkv', 'a.dcm']) {
    expect(hasVideoEnding(name), name).toBe(true);
  }
  for (const name of ['mp4', '.mp4', 'a.mp4.txt', 'index.m3u8', 'a.mpd', 'a.png', 'a.', 'videos.mp4/a', '']) {
    expect(hasVideoEnding(name), name).toBe(false);
  }
});

it('the list has each ending once, and the files that a package opens are in it', () => {
  expect(new Set(videoEndings).size).toBe(videoEndings.length);
  const builder = parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'electron-builder.yml'), 'utf8'),
  ) as { fileAssociations: { ext: string[] }[] };
  const associated = builder.fileAssociations.flatMap(({ ext }) => ext);
  expect(associated.length).toBeGreaterThan(5);
  expect(videoEndings).toEqual(expect.arrayContaining(associated));
});
