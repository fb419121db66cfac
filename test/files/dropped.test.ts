import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openAsBlob,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { edgesOf, inContext, samplesOf, type GrantId } from '../../preload/contract/index.ts';
import { describeFile } from '../../renderer/bridge/dropped-file.ts';
import { testContext } from '../context.ts';
import { ClipFolder, x264 } from '../video/clips.ts';
import { Bench, ScriptedEngine } from '../review/helpers.ts';

const clips = new ClipFolder();
const megabyte = 1024 * 1024;
let clip = '';
let bench: Bench;
let videos: string;

beforeAll(async () => {
  clip = await clips.make('a', { frames: 40, extension: 'mp4', output: x264 });
});
afterAll(() => clips.remove());
beforeEach(() => {
  bench = new Bench(new ScriptedEngine());
  videos = join(bench.folder, 'Videos');
  mkdirSync(videos);
});
afterEach(() => bench.remove());

/** As the page of a browser describes it: by its bytes. */
async function drop(path: string, name: string) {
  const description = await describeFile(new File([await openAsBlob(path)], name));
  return bench.review.findDropped(description);
}

/** A long file that takes no room on the disk, with some bytes at one place. */
function sparse(path: string, size: number, at: number, bytes: Buffer): string {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  ftruncateSync(file, size);
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
  return path;
}

describe('a file that a browser dropped', () => {
  it('is found by its bytes in a place to start from, and under the name that a case knows it by', async () => {
    const here = join(videos, 'drop.mp4');
    copyFileSync(clip, here);
    expect((await drop(clip, 'drop.mp4')).found).toMatchObject([{ name: 'drop.mp4', folder: videos }]);
    expect((await drop(clip, 'other name.mp4')).found).toEqual([]);
    await bench.open(here);
    expect((await drop(clip, 'other name.mp4')).found).toMatchObject([{ name: 'drop.mp4' }]);
    expect((await drop(clip, '../Videos/drop.mp4')).found).toHaveLength(1);
  });

  it('is not the file of its name and size that lies there: one other byte is enough, wherever it is', async () => {
    const bytes = Buffer.alloc(12 * megabyte, 7);
    const dropped = join(bench.folder, 'dropped.mpg');
    writeFileSync(dropped, bytes);
    for (const place of [0, 3_333_333, bytes.length - 1]) {
      const other = Buffer.from(bytes);
      other[place] = 8;
      writeFileSync(join(videos, 'VTS_01_1.VOB'), other);
      expect((await drop(dropped, 'VTS_01_1.VOB')).found).toEqual([]);
    }
    writeFileSync(join(videos, 'VTS_01_1.VOB'), bytes);
    expect((await drop(dropped, 'VTS_01_1.VOB')).found).toHaveLength(1);
  });

  it('is told from a long one that differs in the middle alone, at places that are never the same', async () => {
    const size = 300 * megabyte;
    const dropped = sparse(join(bench.folder, 'dropped.vob'), size, 0, Buffer.from('x'));
    sparse(join(videos, 'a.vob'), size, 0, Buffer.from('x'));
    expect((await drop(dropped, 'a.vob')).found).toHaveLength(1);
    // 30 MiB in 300: that all of 256 samples miss it happens once in 5e11 times.
    const other = sparse(join(videos, 'a.vob'), size, 100 * megabyte, Buffer.alloc(30 * megabyte, 1));
    writeSync(openSync(other, 'r+'), 'x', 0);
    expect((await drop(dropped, 'a.vob')).found).toEqual([]);
    expect(samplesOf(size, 1)).not.toEqual(samplesOf(size, 2));
    for (const { start, length } of [...samplesOf(size, 3), ...edgesOf(size)]) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start + length).toBeLessThanOrEqual(size);
    }
  });

  it('is never chosen among two that hold it; one file by two ways is one', async () => {
    const first = join(videos, 'rec.mp4');
    const second = join(bench.folder, 'rec.mp4');
    copyFileSync(clip, first);
    copyFileSync(clip, second);
    const both = await drop(clip, 'rec.mp4');
    expect(both.found.map(({ folder }) => folder).sort()).toEqual([bench.folder, videos].sort());
    rmSync(second);
    linkSync(first, second);
    expect((await drop(clip, 'rec.mp4')).found).toHaveLength(1);
    rmSync(second);
    symlinkSync(first, second);
    expect((await drop(clip, 'rec.mp4')).found).toHaveLength(1);
  });
});

describe('a copy of a dropped file', () => {
  const going = new AbortController().signal;
  const imports = (): string[] =>
    existsSync(join(bench.home, 'imports')) ? readdirSync(join(bench.home, 'imports')) : [];
  const copy = (content: Buffer, name = 'up.mp4') =>
    bench.review.importStream(name, Readable.from([content]), going);

  it('is taken in whole or not at all, under a name of its own', async () => {
    expect((await copy(Buffer.from('abc'), '../../up.mp4')).name).toBe('up.mp4');
    await expect(copy(Buffer.from('abc'), 'virus.exe')).rejects.toMatchObject({ code: 'video-not-a-video' });
    const broken = new Readable({ read: () => undefined });
    const stop = new AbortController();
    const importing = bench.review.importStream('half.mp4', broken, stop.signal);
    broken.push('ab');
    setTimeout(() => stop.abort(), 20);
    await expect(importing).rejects.toMatchObject({ code: 'cancelled' });
    expect(imports()).toHaveLength(1);
  });

  it('that is refused leaves nothing: the good file of its name and size opens', async () => {
    const good = readFileSync(clip);
    const { grantId } = await copy(Buffer.alloc(good.length, 1), 'rec.mp4');
    await expect(bench.calls.openVideo({ grantId, caseId: null })).rejects.toThrow();
    expect(imports()).toEqual([]);
    copyFileSync(clip, join(videos, 'rec.mp4'));
    const { found } = await drop(clip, 'rec.mp4');
    expect(found).toMatchObject([{ folder: videos }]);
    const opened = await bench.calls.openVideo({ grantId: found[0]!.grantId, caseId: null });
    expect(opened.video).toMatchObject({ displayName: 'rec.mp4', copied: false });
  });

  it('is not found in place of a file, nor kept over a start, until a video was opened from it', async () => {
    const { grantId } = await copy(readFileSync(clip), 'rec.mp4');
    expect((await drop(clip, 'rec.mp4')).found).toEqual([]);
    const opened = await bench.calls.openVideo({ grantId, caseId: null });
    expect(opened.video).toMatchObject({ copied: true, availability: 'available' });
    expect((await drop(clip, 'rec.mp4')).found).toHaveLength(1);
    await copy(Buffer.from('left over'), 'left.mp4');
    expect(imports()).toHaveLength(2);
    await bench.restart();
    await bench.review.discardLeftOvers();
    expect(imports()).toHaveLength(1);
    expect((await bench.calls.openSession({ sessionId: opened.session.id })).video.availability).toBe(
      'available',
    );
  });

  it('that was not wanted after all is removed; what a case reads, and files elsewhere, are not', async () => {
    const { grantId } = await copy(readFileSync(clip));
    await bench.calls.discardCopy({ grantId });
    expect(imports()).toEqual([]);
    const kept = await copy(readFileSync(clip));
    await bench.calls.openVideo({ grantId: kept.grantId, caseId: null });
    await bench.calls.discardCopy({ grantId: kept.grantId });
    expect(imports()).toHaveLength(1);
    const outside = (await bench.grants.addFile(clip)).grantId;
    await bench.calls.discardCopy({ grantId: outside });
    expect(existsSync(clip)).toBe(true);
  });
});

describe('a recording that is known already', () => {
  const grant = async (path: string): Promise<GrantId> => (await bench.grants.addFile(path)).grantId;
  let first: string;
  let second: string;

  beforeEach(() => {
    first = join(videos, 'first.mp4');
    second = join(bench.folder, 'second.mp4');
    copyFileSync(clip, first);
    copyFileSync(clip, second);
  });

  it('is said to be, with its case, here or elsewhere, there or gone', async () => {
    expect(await bench.calls.lookUpVideo({ grantId: await grant(second) })).toBeNull();
    const opened = await bench.open(first);
    const known = { videoId: opened.video.id, casePseudonym: 'Case 0001', displayName: 'first.mp4' };
    expect(await bench.calls.lookUpVideo({ grantId: await grant(first) })).toMatchObject({
      ...known,
      here: true,
    });
    const elsewhere = await grant(second);
    expect(await bench.calls.lookUpVideo({ grantId: elsewhere })).toMatchObject({
      ...known,
      here: false,
      availability: 'available',
    });
    rmSync(first);
    expect(await bench.calls.lookUpVideo({ grantId: elsewhere })).toMatchObject({
      here: false,
      availability: 'missing',
    });
  });

  it('is not looked for any more once nobody waits for it', async () => {
    const gone = inContext(bench.review.calls, testContext({ signal: AbortSignal.abort() }));
    const grantId = await grant(first);
    await expect(gone.lookUpVideo({ grantId })).rejects.toMatchObject({ code: 'cancelled' });
    const browsing = gone.browsePath({ path: videos, find: 'videos' });
    await expect(browsing).rejects.toMatchObject({ code: 'cancelled' });
    // What opens it goes on: it changes something.
    expect(await gone.openVideo({ grantId, caseId: null })).toMatchObject({
      video: { displayName: 'first.mp4' },
    });
  });

  it('keeps its file while it is there: neither a copy of it nor a new place moves the case', async () => {
    const opened = await bench.open(first);
    const again = await bench.open(second);
    expect(again.video).toMatchObject({ id: opened.video.id, displayName: 'first.mp4' });
    const relinked = await bench.calls.relinkVideo({
      videoId: opened.video.id,
      grantId: await grant(second),
    });
    expect(relinked.displayName).toBe('first.mp4');
    rmSync(second);
    expect((await bench.calls.getVideo({ videoId: opened.video.id })).availability).toBe('available');
    rmSync(first);
    expect((await bench.calls.getVideo({ videoId: opened.video.id })).availability).toBe('missing');
  });

  it('can be opened as a new case, and each goes on with its own file', async () => {
    const opened = await bench.open(first);
    const other = await bench.calls.openVideo({
      grantId: await grant(second),
      caseId: null,
      asNewCase: true,
    });
    expect(other.case.id).not.toBe(opened.case.id);
    expect(other.video.displayName).toBe('second.mp4');
    expect((await bench.open(first)).case.id).toBe(opened.case.id);
    expect((await bench.open(second)).case.id).toBe(other.case.id);
  });

  it('goes on in its last session while nothing was asked there, and begins another afterwards', async () => {
    const opened = await bench.open(first);
    expect((await bench.open(first)).session.id).toBe(opened.session.id);
    expect((await bench.calls.startSession({ videoId: opened.video.id })).session.id).toBe(opened.session.id);
    const ended = bench.ended();
    await bench.ask(opened);
    await ended;
    const next = await bench.open(first);
    expect(next.session.number).toBe(2);
    expect((await bench.open(first)).session.id).toBe(next.session.id);
    expect(await bench.calls.listSessions({})).toHaveLength(2);
  });
});

describe('folders', () => {
  it('begin where something was last looked for, also after a start, or near it when it is gone', async () => {
    const deep = join(videos, 'case 7');
    mkdirSync(deep);
    expect((await bench.calls.browseFolder({ folderId: null, last: true })).id).toBeNull();
    await bench.calls.browsePath({ path: deep, find: 'videos' });
    await bench.restart();
    const last = await bench.calls.browseFolder({ folderId: null, last: true });
    expect(last).toMatchObject({ name: 'case 7', path: deep });
    const models = await bench.calls.browseFolder({ folderId: null, find: 'models', last: true });
    expect(models.id).toBeNull();
    rmSync(deep, { recursive: true });
    const near = await bench.calls.browseFolder({ folderId: null, last: true });
    expect(near).toMatchObject({ name: 'Videos', path: videos });
  });

  it('take a path as it is typed or pasted, and say which file it names', async () => {
    copyFileSync(clip, join(videos, 'a b.mp4'));
    const browse = (path: string) => bench.calls.browsePath({ path, find: 'videos' });
    for (const path of [
      `${videos}/a b.mp4`,
      `"${videos}/a b.mp4"`,
      `file://${videos}/a%20b.mp4`,
      '~/Videos/a b.mp4',
    ]) {
      const { folder, entryId } = await browse(path);
      expect(folder.entries.find(({ id }) => id === entryId)?.name).toBe('a b.mp4');
    }
    expect(await browse('~')).toMatchObject({ folder: { name: 'Home' }, entryId: null });
    await expect(browse('Videos')).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(browse('~/None')).rejects.toMatchObject({ code: 'file-missing' });
  });
});
