import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVideo } from '../../main/video/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { ClipFolder, recipes, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());

let mp4: string;
let ts: string;
beforeAll(async () => {
  const short = (name: string) => ({ ...(recipes[name] as ClipRecipe), frames: 60 });
  mp4 = await folder.make('good', short('mp4-29.97'));
  ts = await folder.make('good', short('ts'));
});

async function refusal(path: string): Promise<WorkstationError> {
  try {
    const video = await openVideo(path);
    await video.buildIndex();
    video.dispose();
  } catch (error) {
    if (error instanceof WorkstationError) return error;
    throw error;
  }
  throw new Error('It was opened.');
}

function write(name: string, content: string | Uint8Array): string {
  const path = folder.file(name);
  writeFileSync(path, content);
  return path;
}

function cut(path: string, name: string, share: number): string {
  const bytes = readFileSync(path);
  return write(name, bytes.subarray(0, Math.floor(bytes.length * share)));
}

describe('a file that cannot be opened says why and what to do', () => {
  it('missing', async () => {
    const error = await refusal(folder.file('nowhere.mp4'));
    expect(error).toMatchObject({ code: 'file-missing' });
    expect(error.hint).toMatch(/choose the file again/);
  });

  it('empty', async () => {
    expect(await refusal(write('empty.mp4', ''))).toMatchObject({ code: 'file-empty' });
  });

  it('a folder', async () => {
    mkdirSync(folder.file('folder.mp4'));
    expect(await refusal(folder.file('folder.mp4'))).toMatchObject({ code: 'video-not-a-video' });
  });

  it.each([
    ['text', 'notes.mp4', 'These are the notes of an operation, not its recording.\n'.repeat(200)],
    [
      'noise',
      'noise.mp4',
      Uint8Array.from({ length: 50_000 }, (_, index) => (index * index * 31 + index) % 251),
    ],
    ['PDF', 'report.mp4', '%PDF-1.7\n%âãÏÓ\n1 0 obj\n'],
    ['PNG', 'still.mp4', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13])],
    ['plain archive', 'open.zip', Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 0, 0])],
  ])('not a video: %s', async (_kind, name, content) => {
    expect(await refusal(write(name, content))).toMatchObject({ code: 'video-not-a-video' });
  });

  it('an archive with a password', async () => {
    const locked = Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 1, 0, 8, 0, 0, 0]);
    expect(await refusal(write('locked.zip', locked))).toMatchObject({ code: 'video-protected' });
  });

  it('an encrypted picture', async () => {
    const key = '76a6c65c5ea762046bd749a2e632ccbb';
    const path = await folder.convert(
      [
        '-i',
        mp4,
        '-c',
        'copy',
        '-encryption_scheme',
        'cenc-aes-ctr',
        '-encryption_key',
        key,
        '-encryption_kid',
        key,
      ],
      'locked.mp4',
    );
    expect(await refusal(path)).toMatchObject({ code: 'video-protected' });
  });

  it('sound only', async () => {
    const path = await folder.convert(['-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac'], 'sound.m4a');
    expect(await refusal(path)).toMatchObject({
      code: 'video-no-picture',
      message: 'This file holds sound but no picture.',
    });
  });

  it('sound with a cover picture', async () => {
    const cover = await folder.convert(
      ['-f', 'lavfi', '-i', 'color=red:s=64x64:d=0.04', '-frames:v', '1'],
      'c.png',
    );
    const path = await folder.convert(
      [
        '-f',
        'lavfi',
        '-i',
        'sine=d=1',
        '-i',
        cover,
        '-map',
        '0',
        '-map',
        '1',
        '-c:a',
        'libmp3lame',
        '-c:v',
        'copy',
      ],
      'cover.mp3',
    );
    expect(await refusal(path)).toMatchObject({
      code: 'video-no-picture',
      message: 'This file holds no video, only a cover picture and sound.',
    });
  });

  it('a cover picture alone', async () => {
    const source = ['-f', 'lavfi', '-i', 'color=red:s=64x64:d=0.04', '-frames:v', '1'];
    const path = await folder.convert(
      [...source, '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-disposition:v', 'attached_pic'],
      'cover.mp4',
    );
    const error = await refusal(path);
    expect(error).toMatchObject({ code: 'video-no-picture' });
    expect(error.message).toBe('This file holds no video, only a cover picture.');
    expect(error.hint).toMatch(/the recording itself/);
  });

  it('cut short: MP4 with its contents at the end', async () => {
    expect(await refusal(cut(mp4, 'cut.mp4', 0.6))).toMatchObject({ code: 'video-truncated' });
  });
});

it('opens what is left of a transport stream, which announces no size', async () => {
  const video = await openVideo(cut(ts, 'cut.ts', 0.6));
  const { frames } = await video.buildIndex();
  expect(frames).toBeGreaterThan(20);
  expect(frames).toBeLessThan(60);
  expect((await video.frame(frames - 1)).index).toBe(frames - 1);
  video.dispose();
});

it('opens names that look like options, protocols and patterns', async () => {
  const bytes = readFileSync(mp4);
  for (const name of ['-i.mp4', 'http:x.mp4', "it's %03d [1].mp4", 'фильм 手術.mp4']) {
    const video = await openVideo(write(name, bytes));
    await video.buildIndex();
    expect((await video.frame(7)).index, name).toBe(7);
    video.dispose();
  }
});

describe('a file that changes under an open video', () => {
  it('is noticed when it grows, goes or is replaced, and not when it is only touched', async () => {
    const path = write('live.mp4', readFileSync(mp4));
    const video = await openVideo(path, { cacheBytes: 0 });
    await video.buildIndex();
    await video.frame(3);

    utimesSync(path, new Date(), new Date(Date.now() + 60_000));
    expect((await video.frame(40)).index).toBe(40);

    renameSync(path, folder.file('elsewhere.mp4'));
    await expect(video.frame(10)).rejects.toMatchObject({ code: 'file-missing' });
    expect((await openVideo(folder.file('elsewhere.mp4'))).fingerprint).toBe(video.fingerprint);

    const other = readFileSync(mp4);
    other[other.length - 20] = (other[other.length - 20] as number) ^ 255;
    writeFileSync(path, other);
    await expect(video.frame(11)).rejects.toMatchObject({ code: 'file-changed' });
    truncateSync(path, statSync(path).size - 1);
    await expect(video.frame(12)).rejects.toMatchObject({ code: 'file-changed' });
    video.dispose();
  });
});

it('keeps file names out of the log at info and above', async () => {
  const lines: string[] = [];
  const keep = (message: string, fields?: unknown) => void lines.push(message + JSON.stringify(fields ?? {}));
  const path = write('Jane-Doe-1970.mp4', readFileSync(mp4));
  const video = await openVideo(path, { log: { debug: () => undefined, info: keep, warn: keep } });
  await video.buildIndex();
  await video.frame(5);
  video.dispose();
  await refusal(cut(path, 'Jane-Doe-cut.mp4', 0.5));
  expect(lines.filter((line) => line.includes('Jane'))).toEqual([]);
});

it('reads no file that it may not', async () => {
  const path = write('private.mp4', readFileSync(mp4));
  execFileSync('chmod', ['000', path]);
  // The system's administrator reads everything: then there is nothing to refuse.
  const isAdministrator = process.getuid?.() === 0;
  const outcome = await openVideo(path).then(
    () => 'opened',
    (error: unknown) => (error as WorkstationError).code,
  );
  expect(outcome).toBe(isAdministrator ? 'opened' : 'file-unreadable');
});
