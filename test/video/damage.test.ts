import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { DamageFinder } from '../../main/video/damage.ts';
import { addBitErrors, damagePicture, losePackets, randomWholeNumbers } from './broken-clips.ts';
import {
  canMake,
  damageKinds,
  damages,
  damagesOf,
  everyPicture,
  makeOriginal,
  tryDamaged,
  withThreads,
} from './damage-trial.ts';
import { ClipFolder, quickH264, type ClipRecipe } from './clips.ts';
import { everyKind, taken } from './every-kind.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const { encoders } = await findMediaTools();

const x264 = quickH264('-crf', '24', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-bf', '2');
const mp4: ClipRecipe = { frames: 100, width: 320, height: 256, extension: 'mp4', output: x264 };
const transport: ClipRecipe = { frames: 100, width: 640, height: 512, extension: 'ts', output: x264 };

/** Hash and mark of a frame, or the code with which it is refused. */
type Told = string;

async function told(path: string, asked: readonly number[], priority?: 'work'): Promise<Map<number, Told>> {
  const codeOf = (error: { code?: string }) => error.code ?? 'no code';
  const seen = new Map<number, Told>();
  let video: VideoSource | null = null;
  try {
    video = await openVideo(path);
    const { frames } = await video.buildIndex();
    seen.set(-1, String(frames));
    for (const index of asked.filter((each) => each < frames)) {
      const entry = await video
        .frame(index, { priority })
        .then(({ hash, isDamaged }) => `${hash} ${isDamaged}`, codeOf);
      seen.set(index, entry);
    }
  } catch (error) {
    seen.set(-1, codeOf(error as { code?: string }));
  } finally {
    video?.dispose();
  }
  return seen;
}

/** Enough of them that each order and priority comes. */
const runs = everyKind ? 20 : 5;
const around = [69, 70, 71, 72, 73, 90];
const isDamaged = (entry: Told | undefined) => entry?.endsWith(' true') ?? false;

describe('a coded picture that is noise', () => {
  it('is told as damaged with all that may lean on it, has one hash in any run and order, and nothing else is', async () => {
    const whole = await folder.make('whole', mp4);
    const path = folder.file('noise.mp4');
    await damagePicture(whole, path, 70, 'noise');
    const first = await told(path, [...around, 0, 49, 50, 60], 'work');
    expect([0, 49, 50, 60].filter((index) => isDamaged(first.get(index)))).toEqual([]);
    expect([71, 72, 73, 90].filter((index) => !isDamaged(first.get(index)))).toEqual([]);
    for (let run = 0; run < runs; run++) {
      const order = run % 2 === 0 ? around : [...around].reverse();
      const again = await told(path, order.slice(run % 3), run % 4 < 2 ? 'work' : undefined);
      for (const [index, entry] of again) expect([run, index, entry]).toEqual([run, index, first.get(index)]);
    }
  }, 600_000);

  it('that is gone is refused, always, and what leans on it is told as damaged', async () => {
    const whole = await folder.make('whole', mp4);
    const path = folder.file('gone.mp4');
    await damagePicture(whole, path, 50, 'zeros');
    const first = await told(path, [49, 50, 51, 80, 10], 'work');
    expect(isDamaged(first.get(10))).toBe(false);
    for (const index of [51, 80])
      expect(isDamaged(first.get(index)) || first.get(index) === 'ffmpeg-failed').toBe(true);
    for (let run = 0; run < 3; run++) expect(await told(path, [49, 50, 51, 80, 10], 'work')).toEqual(first);
  }, 300_000);
});

describe('a transport stream', () => {
  it('with bit errors has as many frames in every run, and tells which are damaged', async () => {
    const whole = await folder.make('whole-ts', transport);
    const path = folder.file('bits.ts');
    addBitErrors(whole, path, 0.33);
    const first = await told(path, [0, 20, 45, 49, 50, 80], 'work');
    expect(first.get(-1)).toBe('100');
    expect([0, 50, 80].filter((index) => isDamaged(first.get(index)))).toEqual([]);
    expect(isDamaged(first.get(49))).toBe(true);
    for (let run = 0; run < runs; run++)
      expect(await told(path, [49], 'work')).toEqual(
        new Map([...first].filter(([index]) => [-1, 49].includes(index))),
      );
  }, 600_000);

  it('that lost packets tells which frames are damaged', async () => {
    const whole = await folder.make('whole-ts', transport);
    const path = folder.file('lost.ts');
    losePackets(whole, path, 0.3, 3);
    const first = await told(path, [0, 10, 47, 80], 'work');
    expect([0, 80].filter((index) => isDamaged(first.get(index)))).toEqual([]);
    expect(isDamaged(first.get(47))).toBe(true);
    expect(await told(path, [0, 10, 47, 80], 'work')).toEqual(first);
  }, 300_000);
});

describe('files damaged at random', () => {
  const each = ['h264.mp4', 'h264-slices.ts', 'h264-fields.mkv', 'vp9.mkv', 'mpeg2-fields.ts', 'mpeg4.avi'];
  const possible = damageKinds.filter((kind) => canMake(kind, encoders) && !kind.startsWith('hevc'));
  const kinds = taken(possible, (kind) => each.includes(kind));

  it.each(kinds)(
    '%s: one picture or one refusal for each frame, however it is reached',
    async (kind) => {
      const original = await makeOriginal(folder, kind);
      const random = randomWholeNumbers(possible.indexOf(kind) * 7919 + 11);
      const names = damagesOf(kind);
      const how = names[random() % names.length] as string;
      const damaged = damages[how]?.(original.bytes, random) as Buffer;
      const result = await tryDamaged(folder.file(`damaged-${kind}`), damaged, original, random, 3);
      expect([how, result.unsteady]).toEqual([how, []]);
    },
    300_000,
  );

  // The decoder is told its threads by a script, which Windows does not start as a program.
  it.skipIf(process.platform === 'win32' || !encoders.has('libx265'))(
    'HEVC, whose decoder says nothing of it: one picture, whatever number of threads there could be',
    async () => {
      const original = await makeOriginal(folder, 'hevc.mkv');
      const random = randomWholeNumbers(1);
      // Of the damages that this seed gives, the sixth is one that four threads made several pictures of.
      const files = Array.from(
        { length: 6 },
        () => damages['a few bits']?.(original.bytes, random) as Buffer,
      );
      const path = folder.file('silent.mkv');
      writeFileSync(path, files[5] as Buffer);
      const first = await withThreads(folder, 1, () => everyPicture(path));
      expect(first.length).toBeGreaterThan(20);
      expect(await withThreads(folder, 4, () => everyPicture(path))).toEqual(first);
      // And one whose first pictures after a key frame showed what the groups before had left in memory.
      const another = randomWholeNumbers(1_364_277);
      another();
      const behindKey = damages['noise']?.(original.bytes, another) as Buffer;
      const { unsteady } = await tryDamaged(folder.file('behind-key.mkv'), behindKey, original, another, 4);
      expect(unsteady).toEqual([]);
    },
    300_000,
  );

  it('tells of frames before a key frame that was decoded with an error, and of the key frame itself', () => {
    // Two pictures wait in the decoder when the second group begins, whose first picture is damaged.
    const packet = (position: number) =>
      ({ kind: 'packet', pts: null, position, isCorrupt: false, isDiscarded: false }) as const;
    const frame = (position: number, isKey: boolean) =>
      ({ kind: 'frame', pts: null, position, isKey, format: null as never }) as const;
    const finder = new DamageFinder(false);
    for (const entry of [
      ...[packet(10), packet(20), packet(30), frame(10, true), packet(40), frame(20, false)],
      ...[{ kind: 'complaint' } as const, packet(50), frame(30, false), packet(60), frame(40, true)],
      ...[frame(50, false), frame(60, true)],
    ])
      finder.add(entry);
    expect([...finder.numbers()]).toEqual([3, 4]);
  });
});

it('a frame behind one that cannot be decoded is shown, whatever is decoded ahead of it', async () => {
  const whole = await folder.make('whole-vp9', {
    frames: 60,
    extension: 'mkv',
    output: [
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-g',
      '20',
    ],
  });
  const path = folder.file('gap.mkv');
  await damagePicture(whole, path, 33, 'zeros');
  const first = await told(path, [45], 'work');
  expect(first.get(45)).toMatch(/^[0-9a-f]{64}/);
  const video = await openVideo(path);
  await video.buildIndex();
  // What is decoded ahead of the frame before reaches over the gap.
  for (const index of [15, 45, 24, 45]) {
    const entry = await video.frame(index).then(({ hash, isDamaged }) => `${hash} ${isDamaged}`);
    if (index === 45) expect(entry).toBe(first.get(45));
  }
  video.dispose();
}, 120_000);
