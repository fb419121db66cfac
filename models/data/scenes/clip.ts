import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import { z } from 'zod';
import { drawScene } from './draw.ts';
import { DEMO_SCRIPT, describeClipFrame } from './timeline.ts';
import { GENERATOR, GENERATOR_VERSION } from './write.ts';
import { SceneTruth } from './types.ts';

/**
 * Re-makes the bundled clip and its ground truth: `node models/data/scenes/clip.ts [folder]`,
 * `resources/clip` when absent. Frames are piped to ffmpeg as raw RGBA.
 */

/** Ground truth beside a clip: one entry a frame, in presentation order, boxes in pixels counted from 0. */
export const ClipTruth = z.object({
  generator: z.string(),
  version: z.int(),
  fps: z.number().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
  frames: z.array(
    z.object({
      index: z.int().nonnegative(),
      organ: SceneTruth.shape.organ,
      instruments: SceneTruth.shape.instruments,
    }),
  ),
});

export type ClipTruth = z.infer<typeof ClipTruth>;

function ffmpegPath(): string {
  const chosen = process.env['FFMPEG_BIN'];
  if (chosen) return chosen;
  return (createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string }).path;
}

/** Draw and encode the bundled clip into `folder` as demo.mp4 and demo.json. */
export async function makeClip(folder: string): Promise<{ frames: number; bytes: number }> {
  const size = { width: 640, height: 512 };
  const fps = DEMO_SCRIPT.framesPerSecond;
  const total = Math.round(DEMO_SCRIPT.seconds * fps);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'demo.mp4');
  const frames: ClipTruth['frames'] = [];
  async function* pixels(): AsyncGenerator<Buffer> {
    for (let index = 0; index < total; index++) {
      const { scene, truth } = describeClipFrame(DEMO_SCRIPT, index, size);
      frames.push({ index, organ: truth.organ, instruments: truth.instruments });
      yield Buffer.from(drawScene(scene, size).buffer);
    }
  }
  await new Promise<void>((resolve, reject) => {
    ffmpeg(Readable.from(pixels(), { objectMode: false, highWaterMark: 4 * size.width * size.height }))
      .setFfmpegPath(ffmpegPath())
      .inputFormat('rawvideo')
      .inputOptions(['-pix_fmt rgba', `-s ${size.width}x${size.height}`, `-r ${fps}`])
      .videoFilters('scale=in_range=full:out_range=tv:out_color_matrix=bt709')
      .videoCodec('libx264')
      .outputOptions([
        '-pix_fmt yuv420p',
        '-preset slow',
        '-crf 18',
        '-g 50',
        '-keyint_min 50',
        '-sc_threshold 0',
      ])
      .outputOptions([
        '-bf 2',
        '-colorspace bt709',
        '-color_primaries bt709',
        '-color_trc bt709',
        '-color_range tv',
      ])
      // One thread and no version strings: the same script gives the same bytes.
      .outputOptions(['-threads 1', '-fflags +bitexact', '-flags:v +bitexact', '-movflags +faststart'])
      .on('error', reject)
      .on('end', () => resolve())
      .save(file);
  });
  const truth: ClipTruth = { generator: GENERATOR, version: GENERATOR_VERSION, fps, ...size, frames };
  writeFileSync(join(folder, 'demo.json'), JSON.stringify(truth));
  return { frames: total, bytes: statSync(file).size };
}

if (import.meta.main) {
  const made = await makeClip(process.argv[2] ?? join(import.meta.dirname, '../../../resources/clip'));
  console.log(`${made.frames} frames, ${(made.bytes / 1e6).toFixed(2)} MB`);
}
