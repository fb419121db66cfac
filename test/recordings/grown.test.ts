import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { FrameIndex } from '../../preload/contract/values.ts';
import { Bench, ScriptedEngine } from '../review/helpers.ts';
import { ClipFolder, readCounter, x264 } from '../video/clips.ts';

const clips = new ClipFolder();
const path = clips.file('recorder.ts');
let whole: Buffer;
let bench: Bench;

/** Written long ago, so that nobody is taken to be writing still. */
function write(bytes: Buffer): void {
  writeFileSync(path, bytes);
  const before = new Date(Date.now() - 3_600_000);
  utimesSync(path, before, before);
}

/** What a recorder has written after a part of its time, in whole packets. */
const part = (share: number): Buffer => whole.subarray(0, Math.floor((whole.length * share) / 188) * 188);

beforeAll(async () => {
  whole = readFileSync(
    await clips.make('whole', { frames: 100, extension: 'ts', output: [...x264, '-g', '10', '-bf', '0'] }),
  );
});
afterAll(() => clips.remove());
beforeEach(() => {
  bench = new Bench(new ScriptedEngine());
});
afterEach(() => bench.remove());

it('a recording that has grown where it lies keeps its case, sessions and answers, and has its new frames', async () => {
  write(part(0.5));
  const before = await bench.open(path);
  const ended = bench.ended();
  await bench.ask(before, 9);
  const answer = await ended;
  const picture = (await bench.review.frame(before.video.id, 9 as FrameIndex)).hash;

  const { frameCount } = await bench.calls.getVideo({ videoId: before.video.id });

  write(whole);
  const { grantId } = await bench.grants.addFile(path);
  expect(await bench.calls.lookUpVideo({ grantId })).toMatchObject({
    videoId: before.video.id,
    here: true,
    grown: true,
    availability: 'available',
  });
  const after = await bench.open(path);
  expect(after.video.id).toBe(before.video.id);
  expect(after.case.id).toBe(before.case.id);
  expect(after.video.fingerprint).not.toBe(before.video.fingerprint);
  expect(readCounter(await bench.review.frame(after.video.id, 99 as FrameIndex))).toBe(99);
  expect((await bench.review.frame(after.video.id, 9 as FrameIndex)).hash).toBe(picture);
  expect(frameCount).toBeLessThan(60);
  expect((await bench.calls.getVideo({ videoId: before.video.id })).frameCount).toBe(100);

  const again = await bench.calls.openSession({ sessionId: before.session.id });
  expect(again.entries.list.map(({ newest }) => newest.id)).toEqual([answer.id]);
  expect(readCounter((await bench.review.answeredFrame(answer.id)).frame)).toBe(9);
  expect(await bench.calls.lookUpVideo({ grantId })).toMatchObject({ here: true, grown: false });
});

it('a longer file with another beginning is another recording', async () => {
  write(part(0.5));
  const before = await bench.open(path);
  const changed = Buffer.from(whole);
  changed.fill(0, 5000, 6000);
  write(changed);
  const { grantId } = await bench.grants.addFile(path);
  expect(await bench.calls.lookUpVideo({ grantId })).toBeNull();
  const after = await bench.open(path);
  expect(after.video.id).not.toBe(before.video.id);
  expect(after.case.id).not.toBe(before.case.id);
});
