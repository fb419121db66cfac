import { loadImage, createCanvas } from '@napi-rs/canvas';
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeptPictures } from '../../main/answering/index.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import type { OpenSession } from '../../preload/contract/entries.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';
import { Bench, ScriptedEngine, silent } from '../review/helpers.ts';
import { ClipFolder, x264 } from '../video/clips.ts';

const clips = new ClipFolder();
let clip = '';
let bench: Bench;
let opened: OpenSession;

beforeAll(async () => {
  clip = await clips.make('a', { frames: 12, extension: 'mp4', output: x264 });
  bench = new Bench(new ScriptedEngine());
  opened = await bench.open(clip);
});
afterAll(async () => {
  await bench.remove();
  clips.remove();
});

const folder = () => bench.store.layout.pictures;
async function answered(index: number): Promise<Answer> {
  const ended = bench.ended();
  await bench.ask(opened, index);
  return ended;
}

describe('a frame that was asked about', () => {
  it('keeps its picture once, for its owner only, readable while the video is away', async () => {
    const answer = await answered(7);
    const again = await answered(7);
    const webp = await bench.review.keptPicture(answer.id);
    expect(await bench.review.keptPicture(again.id)).toEqual(webp);
    expect(readdirSync(folder())).toEqual([`${answer.frame!.hash}.webp`]);
    if (process.platform !== 'win32') {
      expect(statSync(join(folder(), `${answer.frame!.hash}.webp`)).mode & 0o077).toBe(0);
    }
    const frame = await bench.review.frame(opened.video.id, 7 as FrameIndex);
    renameSync(clip, `${clip}.away`);
    expect(await bench.review.keptPicture(answer.id)).toEqual(webp);
    renameSync(`${clip}.away`, clip);

    const image = await loadImage(Buffer.from(webp));
    expect([image.width, image.height]).toEqual([frame.width, frame.height]);
    const canvas = createCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let difference = 0;
    for (let pixel = 0; pixel < frame.width * frame.height; pixel++) {
      for (let part = 0; part < 3; part++) {
        difference += Math.abs((data[pixel * 4 + part] ?? 0) - (frame.rgb[pixel * 3 + part] ?? 0));
      }
    }
    expect(difference / frame.rgb.length).toBeLessThan(8);
  });

  it('has none where the file is another than was kept, until the frame is looked at again', async () => {
    const answer = await answered(3);
    const path = join(folder(), `${answer.frame!.hash}.webp`);
    const webp = await bench.review.keptPicture(answer.id);
    writeFileSync(path, 'something else');
    await expect(bench.review.keptPicture(answer.id)).rejects.toMatchObject({ code: 'not-found' });
    await bench.review.answeredFrame(answer.id);
    expect(await bench.review.keptPicture(answer.id)).toEqual(webp);
    rmSync(path);
    await expect(bench.review.keptPicture(answer.id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is answered where its picture can’t be kept, which is not said to be kept', async () => {
    const moved = `${folder()}.elsewhere`;
    renameSync(folder(), moved);
    writeFileSync(folder(), 'no folder');
    const answer = await answered(5);
    expect(answer.status).toBe('answered');
    await expect(bench.review.keptPicture(answer.id)).rejects.toMatchObject({ code: 'not-found' });
    rmSync(folder());
    renameSync(moved, folder());
  });

  it('is removed with what is erased of its case, unless an answer of another case is about it', async () => {
    const [shared, own] = [await answered(7), await answered(2)];
    const { id: caseId } = await bench.calls.createCase({ pseudonym: 'Another' });
    const elsewhere = await bench.open(clip, caseId);
    const ended = bench.ended();
    await bench.ask(elsewhere, 7);
    expect((await ended).frame!.hash).toBe(shared.frame!.hash);
    await bench.review.keptPicture(own.id);
    const before = (await bench.store.backupList()).keptPictures;
    expect(before).toMatchObject({ count: 2 });
    expect(before.bytes).toBe(
      readdirSync(folder()).reduce((sum, name) => sum + statSync(join(folder(), name)).size, 0),
    );

    expect(await bench.review.removeKeptPictures(opened.case.id)).toEqual({ removed: 1, left: 0 });
    await expect(bench.review.keptPicture(own.id)).rejects.toMatchObject({ code: 'not-found' });
    expect(readdirSync(folder())).toEqual([`${shared.frame!.hash}.webp`]);
    await bench.review.keptPicture(shared.id);
    expect(await bench.review.removeKeptPictures(opened.case.id)).toEqual({ removed: 0, left: 0 });
    expect((await bench.store.backupList()).keptPictures).toMatchObject({ count: 1 });

    // A look at the frame, as for saving its picture, keeps it again only while the record still says what was asked.
    const { actor } = bench.store.record.since(0).changes.at(-1)!;
    const erased = { caseId: opened.case.id, reason: 'Withdrawal' };
    expect(bench.store.eraseFromRecord({ actor, window: null }, erased)).toBeGreaterThan(0);
    await bench.review.answeredFrame(own.id);
    await expect(bench.review.keptPicture(own.id)).rejects.toMatchObject({ code: 'not-found' });
    const later = await answered(2);
    expect((await bench.review.keptPicture(later.id)).length).toBeGreaterThan(0);
  });

  it('is kept smaller where it is very large', async () => {
    const pictures = new KeptPictures({ store: bench.store, now: Date.now, log: silent });
    const [width, height] = [2400, 10];
    pictures.keep({ hash: 'f'.repeat(64), width, height, rgb: new Uint8Array(width * height * 3) });
    const image = await loadImage(Buffer.from(await pictures.read('f'.repeat(64))));
    expect([image.width, image.height]).toEqual([1920, 8]);
  });
});
