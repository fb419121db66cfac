import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { findMediaTools, type VideoSource } from '../../main/video/index.ts';
import { ClipFolder, opened, readCounter } from './clips.ts';
import { joinDescriptions } from './two-descriptions.ts';
import { taken } from './every-kind.ts';

const folder = new ClipFolder();
afterAll(() => folder.remove());
const { encoders } = await findMediaTools();

interface Piece {
  readonly size?: readonly [number, number];
  readonly chroma?: 'yuv420p' | 'yuv422p' | 'yuv444p';
  readonly full?: boolean;
  readonly matrix?: 'smpte170m' | 'bt709';
  readonly shape?: string;
}

const perPiece = 50;
let made = 0;

function optionsOf(codec: string, piece: Piece): string[] {
  const { chroma = 'yuv420p', full = false, matrix = 'smpte170m', shape } = piece;
  const range = full ? 'pc' : 'tv';
  const filters = [
    `scale=out_range=${full ? 'full' : 'limited'}:out_color_matrix=${matrix}`,
    `format=${chroma}`,
    ...(shape ? [`setsar=${shape}`] : []),
  ];
  const x26 = `range=${full ? 'pc' : 'tv'}`;
  return [
    ...['-vf', filters.join(','), '-color_range', range, '-colorspace', matrix],
    ...(codec === 'h264'
      ? ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-g', '25', '-bf', '2']
      : [
          '-c:v',
          'libx265',
          '-preset',
          'ultrafast',
          '-crf',
          '18',
          '-x265-params',
          `keyint=25:log-level=none:${x26.replace('pc', 'full').replace('tv', 'limited')}`,
        ]),
  ];
}

/** Pieces already made, by what they are made of: most recordings share their first one. */
const known = new Map<string, Promise<string>>();

function pieceOf(codec: string, piece: Piece, place: number): Promise<string> {
  const key = JSON.stringify([codec, piece, place]);
  const [width, height] = piece.size ?? [192, 144];
  const at = place * (perPiece / 25 + 0.2);
  const path =
    known.get(key) ??
    folder.make(`piece-${made++}`, {
      ...{ frames: perPiece, first: place * perPiece, width, height, extension: 'ts' },
      output: [...optionsOf(codec, piece), '-output_ts_offset', String(at), '-f', 'mpegts'],
    });
  known.set(key, path);
  return path;
}

/** A recording whose pieces are of several forms, one behind the other; its frames are counted through. */
async function recording(
  codec: 'h264' | 'hevc',
  pieces: readonly Piece[],
  extension: string,
): Promise<{ path: string; alone: string[] }> {
  const alone: string[] = [];
  for (const [place, piece] of pieces.entries()) {
    alone.push(await pieceOf(codec, piece, place));
  }
  const joined = folder.file(`joined-${made++}.ts`);
  writeFileSync(joined, Buffer.concat(alone.map((path) => readFileSync(path))));
  if (extension === 'ts') return { path: joined, alone };
  const fragments = extension === 'fragmented.mp4' ? ['-movflags', 'frag_keyframe+empty_moov'] : [];
  const path = await folder.convert(
    ['-i', joined, '-c', 'copy', ...fragments],
    `wrapped-${made++}.${extension}`,
  );
  return { path, alone };
}

const changes: Record<string, readonly Piece[]> = {
  chroma: [{}, { chroma: 'yuv422p' }, {}],
  range: [{}, { full: true }, {}],
  matrix: [{}, { matrix: 'bt709' }, {}],
  size: [{}, { size: [240, 180] }, {}],
  'size and range': [{ full: true }, { size: [240, 180] }],
};

/** Each change in the container where it is hardest to see, and each way to see it. */
const cases = [
  ...Object.keys(changes).map((change) => ['h264', 'mp4', change] as const),
  ['h264', 'fragmented.mp4', 'range'],
  ['h264', 'mkv', 'range'],
  ['h264', 'mkv', 'chroma'],
  ['h264', 'ts', 'matrix'],
  ...(encoders.has('libx265')
    ? ([
        ['hevc', 'mp4', 'range'],
        ['hevc', 'mkv', 'size'],
      ] as const)
    : []),
] as const;

describe('a recording that changes on the way', () => {
  const each = [
    'h264 mp4 size and range',
    'h264 mp4 chroma',
    'h264 mkv range',
    'h264 ts matrix',
    'hevc mkv size',
  ];
  it.each(taken(cases, (kind) => each.includes(kind.join(' '))))(
    '%s in %s, its %s: every frame has its own form, and is known to have it',
    async (codec, container, change) => {
      const pieces = changes[change] as Piece[];
      const { path, alone } = await recording(codec, pieces, container);
      const video = await opened(path);
      expect(video.summary().frames).toBe(pieces.length * perPiece);
      const runs = video.table.formats.map(({ first, format }) => ({
        first,
        width: format.width,
        full: format.fullRange,
        chroma: format.pixelFormat.replace('yuvj', 'yuv'),
        matrix: format.colourMatrix,
      }));
      expect(runs).toEqual(
        pieces.map(({ size = [192], full = false, chroma = 'yuv420p', matrix = 'smpte170m' }, place) => ({
          first: place * perPiece,
          width: size[0],
          full,
          chroma,
          matrix: matrix === 'smpte170m' ? 'bt601' : matrix,
        })),
      );
      // The very pictures that each piece shows by itself.
      const apart = await Promise.all(alone.map((piece) => opened(piece)));
      for (const index of [perPiece, perPiece - 1, perPiece + 10, 3, (pieces.length - 1) * perPiece]) {
        const frame = await video.frame(index, { priority: 'work' });
        expect(readCounter(frame)).toBe(index);
        const piece = apart[Math.floor(index / perPiece)] as VideoSource;
        expect(frame.hash).toBe((await piece.frame(index % perPiece)).hash);
      }
      for (const piece of apart) piece.dispose();
      // Playing never squeezes one form into another's.
      if (change !== 'chroma') {
        expect(video.playbackPlan().kind).toBe('transcoded');
        const { stream } = await video.transcodedStream(perPiece - 20);
        const played = folder.file(`played-${made++}.mp4`);
        writeFileSync(played, await buffer(stream));
        const moving = await opened(played);
        expect(moving.summary().frames).toBe(20);
        moving.dispose();
      }
      video.dispose();
    },
    120_000,
  );

  it.each([
    ...(encoders.has('libaom-av1')
      ? ([
          ['av1', 'mkv'],
          ['av1', 'mp4'],
        ] as const)
      : []),
    ...([
      ['vp9', 'mkv'],
      ['vp9', 'mp4'],
    ] as const),
  ])('%s in %s, its size: every frame has its own', async (codec, container) => {
    // The encoder of 2018 calls itself experimental, and makes five frames a second however it is told to hurry.
    const [count, output] = {
      av1: [
        12,
        ['-c:v', 'libaom-av1', '-strict', '-2', '-cpu-used', '8', '-crf', '30', '-b:v', '0'],
      ] as const,
      vp9: [
        perPiece,
        ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '800k'],
      ] as const,
    }[codec];
    const pieces: string[] = [];
    for (const [place, [width, height]] of (
      [
        [192, 144],
        [240, 180],
      ] as const
    ).entries()) {
      const key = [codec, place].join(' ');
      const clip =
        known.get(key) ??
        folder.make(`${codec}-${place}`, {
          ...{ frames: count, first: place * count, width, height, extension: 'mkv' },
          output: [...output, '-g', String(count / 2), '-pix_fmt', 'yuv420p'],
        });
      known.set(key, clip);
      pieces.push(await clip);
    }
    const list = folder.file(`pieces-${made++}.txt`);
    writeFileSync(list, pieces.map((path) => `file '${path}'\n`).join(''));
    const video = await opened(
      await folder.convert(
        ['-f', 'concat', '-safe', '0', '-i', list, '-c', 'copy'],
        `sizes-${made++}.${container}`,
      ),
    );
    expect(video.table.formats.map(({ first, format }) => [first, format.width])).toEqual([
      [0, 192],
      [count, 240],
    ]);
    for (const index of [3, count - 1, count, count + 5, 2 * count - 1]) {
      const frame = await video.frame(index, { priority: 'work' });
      expect([readCounter(frame), frame.width]).toEqual([index, index < count ? 192 : 240]);
    }
    expect(video.playbackPlan().kind).toBe('transcoded');
    video.dispose();
  });

  it('in an MP4 with a description for each part: every frame by its own, whichever is asked for first', async () => {
    const sizes = [
      [192, 144],
      [240, 180],
    ] as const;
    const parts = await Promise.all(
      sizes.map(([width, height], part) =>
        folder.make(`description-${part}`, {
          ...{ frames: perPiece, first: part * perPiece, width, height, extension: 'mp4' },
          output: [...optionsOf('h264', {}), '-bf', '0', '-use_editlist', '0'],
        }),
      ),
    );
    const path = folder.file('two-descriptions.mp4');
    writeFileSync(path, joinDescriptions(parts as [string, string]));
    for (const asked of [
      [0, 49, 50, 99],
      [99, 60, 50, 49, 3],
    ]) {
      const video = await opened(path);
      expect(video.probe.hasSeveralKinds).toBe(true);
      expect(video.summary().frames).toBe(2 * perPiece);
      for (const index of asked) {
        const frame = await video.frame(index, { priority: 'work' });
        expect([readCounter(frame), frame.width]).toEqual([index, index < perPiece ? 192 : 240]);
      }
      video.dispose();
    }
  });

  it.each([
    ['its own, where the container states none', 'ts', [192, 273, 273, 192]],
    // What the container states holds for the whole recording, as every player has it.
    ['the one that the container states', 'mp4', [192, 192, 192, 192]],
    ['the one that the container states', 'mkv', [192, 192, 192, 192]],
  ])(
    'has pixels of a shape: %s (%s)',
    async (_, container, expected) => {
      const pieces: Piece[] = [{ shape: '1' }, { shape: '64/45' }, { shape: '1' }];
      const video = await opened((await recording('h264', pieces, container)).path);
      const widths = [];
      for (const index of [10, 60, 99, 100]) {
        const frame = await video.frame(index);
        expect(readCounter(frame)).toBe(index);
        widths.push(frame.width);
      }
      expect(widths).toEqual(expected);
      video.dispose();
    },
    120_000,
  );
});
