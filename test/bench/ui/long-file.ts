import { spawnSync } from 'node:child_process';
import { findMediaTools } from '../../../main/video/index.ts';
import type { ClipFolder } from '../../video/clips.ts';

export const hours = 6;
export const framesOfHours = hours * 3600 * 25;

/**
 * Six hours of 1080p, H.264 with a key frame every 250 frames: ten seconds that are drawn and encoded, copied 2,160 times without
 * being encoded again. So its bytes per second are those of a drawn picture; its tables are as long as those of any recording.
 */
export async function makeLongFile(folder: ClipFolder): Promise<string> {
  const group = await folder.convert(
    [
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc=s=1920x1080:r=25:d=10',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-crf',
        '34',
      ],
      ...['-g', '250', '-keyint_min', '250', '-sc_threshold', '0', '-bf', '2', '-pix_fmt', 'yuv420p'],
    ],
    'group.mp4',
  );
  return folder.convert(
    ['-stream_loop', String(hours * 360 - 1), '-i', group, '-c', 'copy', '-movflags', '+faststart'],
    'six hours.mp4',
  );
}

/** Seconds that a plain ffmpeg takes for one frame of a file, from its start to the pixels. */
export async function plainFfmpeg(path: string, seconds: number): Promise<number> {
  const { ffmpeg } = await findMediaTools();
  const begun = performance.now();
  const { status } = spawnSync(
    ffmpeg.path,
    [
      '-v',
      'error',
      '-ss',
      String(seconds),
      '-i',
      path,
      '-frames:v',
      '1',
      '-pix_fmt',
      'rgb24',
      '-f',
      'rawvideo',
      'pipe:1',
    ],
    { maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error('ffmpeg gave no frame');
  return (performance.now() - begun) / 1000;
}
