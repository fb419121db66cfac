import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, openVideo, type VideoSource } from '../../main/video/index.ts';
import { addBitErrors, damagePicture, losePackets, mutate } from './broken-clips.ts';
import { ClipFolder, type ClipRecipe } from './clips.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const { encoders } = await findMediaTools();

const x264 = [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-pix_fmt',
  'yuv420p',
  '-crf',
  '24',
  '-g',
  '50',
  '-keyint_min',
  '50',
  '-sc_threshold',
  '0',
  '-bf',
  '2',
];
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

const around = [69, 70, 71, 72, 73, 90];
const isDamaged = (entry: Told | undefined) => entry?.endsWith(' true') ?? false;

describe('a coded picture that is noise', () => {
  it('is told as damaged with all that may lean on it, has one hash in 20 runs and any order, and nothing else is', async () => {
    const whole = await folder.make('whole', mp4);
    const path = folder.file('noise.mp4');
    await damagePicture(whole, path, 70, 'noise');
    const first = await told(path, [...around, 0, 49, 50, 60], 'work');
    expect([0, 49, 50, 60].filter((index) => isDamaged(first.get(index)))).toEqual([]);
    expect([71, 72, 73, 90].filter((index) => !isDamaged(first.get(index)))).toEqual([]);
    for (let run = 0; run < 20; run++) {
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
    for (let run = 0; run < 20; run++)
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

describe('files with a few bytes changed', () => {
  const kinds: Record<string, ClipRecipe> = {
    'h264.mp4': {
      ...mp4,
      frames: 60,
      width: 192,
      height: 144,
      output: [...x264.slice(0, -8), '-g', '20', '-bf', '2'],
    },
    'h264.ts': {
      ...transport,
      frames: 60,
      width: 192,
      height: 144,
      output: [...x264.slice(0, -8), '-g', '20', '-bf', '2'],
    },
    'mpeg2.avi': {
      frames: 60,
      extension: 'avi',
      output: ['-c:v', 'mpeg2video', '-q:v', '4', '-g', '12', '-bf', '2'],
    },
    'vp9.mkv': {
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
        '-b:v',
        '300k',
        '-g',
        '20',
      ],
    },
  };

  it.each(Object.keys(kinds))(
    '%s: one picture or one refusal for each frame, however it is reached',
    async (kind) => {
      const recipe = kinds[kind] as ClipRecipe;
      if (recipe.output.includes('libvpx-vp9') && !encoders.has('libvpx-vp9')) return;
      const bytes = readFileSync(await folder.make(`to-mutate-${kind}`, recipe));
      const asked = [25, 3, 44, 12, 59, 31];
      for (let seed = 1; seed <= 4; seed++) {
        const path = folder.file(`mutated-${seed}-${kind}`);
        writeFileSync(path, mutate(bytes, seed * 7919, Math.floor(bytes.length / 8)));
        const first = await told(path, asked, 'work');
        const again = await told(path, [...asked].reverse(), seed % 2 === 0 ? 'work' : undefined);
        for (const [index, entry] of again)
          expect([kind, seed, index, entry]).toEqual([kind, seed, index, first.get(index)]);
      }
    },
    600_000,
  );
});
