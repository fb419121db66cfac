import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMediaTools } from '../../main/video/ffmpeg.ts';
import type { DecodedFrame } from '../../main/video/decoder.ts';
import type { VideoSource } from '../../main/video/index.ts';
import { readProcess } from '../../main/video/process.ts';
import { ClipFolder, opened, quickH264 } from './clips.ts';
import { everyKind } from './every-kind.ts';

/** Frames of the clip that every file here is made of. */
const count = 20;
/** Where the clip begins so that it runs over the 33 bits of a transport stream's clock, in seconds. */
const beforeWrap = String(2 ** 33 / 90_000 - 0.4);

interface OddFile {
  /** ffmpeg's options behind the input. */
  readonly output: readonly string[];
  readonly extension: string;
  /** An input with sound, beside the clip. */
  readonly sound?: boolean;
  /** Options in front of the clip. */
  readonly before?: readonly string[];
  readonly encoder?: string;
  /** Changes the bytes of the file that was made. */
  readonly bytes?: (file: Buffer) => Buffer;
}

const tone = ['-f', 'lavfi', '-i', 'sine=frequency=300:duration=2'];
const quick = ['-q:v', '3', '-g', '8'];
const mpeg2 = ['-c:v', 'mpeg2video', ...quick, '-bf', '2'];
const bFrames = quickH264('-g', '8', '-bf', '2', '-b_strategy', '0');
const vp9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '8'];
const x265 = (options: string) => [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  `${options}:log-level=none`,
];
const lossless = ['-c:v', 'ffv1', '-g', '1'];
const scaled = (size: string) => ['-vf', `scale=${size}:flags=neighbor`];

/** Without its index, of both kinds, an AVI can only be read from front to back. */
const withoutIndex = (file: Buffer): Buffer => {
  for (const name of ['idx1', 'indx']) {
    for (let at = file.indexOf(name); at >= 0; at = file.indexOf(name, at + 4))
      file.write('JUNK', at, 'latin1');
  }
  return file;
};

/** Ends a Matroska file before its table of key frames, as a recorder does that lost its power. */
const withoutCues = (file: Buffer): Buffer => {
  const cues = file.lastIndexOf(Buffer.from([0x1c, 0x53, 0xbb, 0x6b]));
  expect(cues).toBeGreaterThan(0);
  return file.subarray(0, cues);
};

/** One of each family of containers, of codecs and of habits. */
const oddFiles: Record<string, OddFile> = {
  'Theora in Ogg': {
    encoder: 'libtheora',
    extension: 'ogv',
    output: ['-c:v', 'libtheora', '-q:v', '8', '-g', '16'],
  },
  'WMV2 in ASF': { extension: 'wmv', output: ['-c:v', 'wmv2', ...quick] },
  '10-bit FFV1 in Matroska': { extension: 'mkv', output: ['-pix_fmt', 'yuv420p10le', ...lossless] },
  'ProRes with a timecode track': {
    extension: 'mov',
    output: ['-c:v', 'prores_ks', '-profile:v', '2', '-timecode', '01:02:03:04'],
  },
  'bare H.264': { extension: 'h264', output: bFrames },
  'H.264 in AVI without index': { extension: 'avi', output: bFrames, bytes: withoutIndex },
  'NTSC DV': {
    before: ['-r', '30000/1001'],
    extension: 'dv',
    output: [...scaled('720x480'), '-c:v', 'dvvideo', '-pix_fmt', 'yuv411p'],
  },
  'VP9 with transparency': {
    encoder: 'libvpx-vp9',
    extension: 'webm',
    output: [...vp9, '-pix_fmt', 'yuva420p'],
  },
  'open groups in a transport stream': {
    extension: 'ts',
    output: [...bFrames, '-x264-params', 'open-gop=1'],
  },
  'interlaced MPEG-2 in a program stream': {
    extension: 'mpg',
    output: [...mpeg2, '-flags', '+ildct+ilme', '-f', 'vob'],
  },
  'interlaced H.264 in MP4': { extension: 'mp4', output: [...bFrames, '-x264-params', 'interlaced=1'] },
  'a picture that begins after the sound': {
    extension: 'mp4',
    before: ['-itsoffset', '1.3'],
    sound: true,
    output: [...bFrames, '-c:a', 'aac'],
  },
  'packets of 192 bytes, whose clock runs over its 33 bits': {
    extension: 'm2ts',
    output: [...bFrames, '-mpegts_m2ts_mode', '1', '-output_ts_offset', beforeWrap, '-muxdelay', '0'],
  },
  'Matroska without a table, and with gaps': {
    extension: 'mkv',
    output: ['-vf', "select='mod(n\\,3)'", ...bFrames],
    bytes: withoutCues,
  },
  'MPEG-2 in MXF': { extension: 'mxf', output: mpeg2 },
  'Sorenson Video 1': { extension: 'mov', output: ['-c:v', 'svq1', '-g', '15'] },
  'H.261 in AVI': { extension: 'avi', output: [...scaled('176x144'), '-c:v', 'h261', ...quick] },
};

/** The rest of what was tried. */
const further: Record<string, OddFile> = {
  'program stream': { extension: 'mpg', output: [...mpeg2, '-f', 'vob'] },
  'negative times of composition': {
    extension: 'mp4',
    output: [...bFrames, '-movflags', '+negative_cts_offsets'],
  },
  'Flash video': { extension: 'flv', output: bFrames },
  'WMV1 in ASF with sound': {
    extension: 'asf',
    sound: true,
    output: ['-c:v', 'wmv1', ...quick, '-c:a', 'wmav2'],
  },
  'MS MPEG-4 v3 in AVI': { extension: 'avi', output: ['-c:v', 'msmpeg4', ...quick] },
  'H.264 with a timecode track and sound': {
    extension: 'mov',
    sound: true,
    output: [...bFrames, '-timecode', '10:00:00:00', '-c:a', 'aac', '-shortest'],
  },
  'program stream of MPEG-1 with sound': {
    extension: 'mpg',
    sound: true,
    output: ['-c:v', 'mpeg1video', ...quick, '-bf', '2', '-c:a', 'mp2', '-f', 'mpeg'],
  },
  'bare MPEG-1': { extension: 'm1v', output: ['-c:v', 'mpeg1video', ...quick, '-bf', '2'] },
  'bare MPEG-2': { extension: 'm2v', output: mpeg2 },
  'bare HEVC': { encoder: 'libx265', extension: 'hevc', output: x265('keyint=15:bframes=2') },
  'bare MPEG-4': { extension: 'm4v', output: ['-c:v', 'mpeg4', ...quick, '-bf', '2'] },
  'bare Motion JPEG': { extension: 'mjpeg', output: ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj420p'] },
  'AVI without index': {
    extension: 'avi',
    output: ['-c:v', 'mpeg4', ...quick, '-bf', '2'],
    bytes: withoutIndex,
  },
  'Motion JPEG in AVI with sound': {
    extension: 'avi',
    sound: true,
    output: ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj422p', '-c:a', 'pcm_s16le'],
  },
  DV: { extension: 'dv', output: [...scaled('720x576'), '-c:v', 'dvvideo', '-pix_fmt', 'yuv420p'] },
  'DV in AVI': { extension: 'avi', output: [...scaled('720x576'), '-c:v', 'dvvideo', '-pix_fmt', 'yuv420p'] },
  'VP8 with transparency': {
    encoder: 'libvpx',
    extension: 'webm',
    output: [
      '-c:v',
      'libvpx',
      '-pix_fmt',
      'yuva420p',
      '-auto-alt-ref',
      '0',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-b:v',
      '1M',
      '-g',
      '16',
    ],
  },
  'VP9 with hidden frames in MP4': {
    encoder: 'libvpx-vp9',
    extension: 'mp4',
    output: [
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'good',
      '-cpu-used',
      '8',
      '-b:v',
      '500k',
      '-g',
      '20',
      '-auto-alt-ref',
      '1',
      '-lag-in-frames',
      '12',
    ],
  },
  'VP9 in IVF': { encoder: 'libvpx-vp9', extension: 'ivf', output: [...vp9] },
  AV1: {
    encoder: 'libaom-av1',
    extension: 'mp4',
    output: ['-c:v', 'libaom-av1', '-cpu-used', '8', '-strict', '-2', '-b:v', '500k', '-g', '16'],
  },
  'open groups': { extension: 'mp4', output: [...bFrames, '-x264-params', 'open-gop=1'] },
  'interlaced H.264': { extension: 'ts', output: [...bFrames, '-x264-params', 'interlaced=1'] },
  'a picture that begins after the sound, in Matroska': {
    extension: 'mkv',
    before: ['-itsoffset', '1.3'],
    sound: true,
    output: [...bFrames, '-c:a', 'aac'],
  },
  'a picture that begins after the sound, in a transport stream': {
    extension: 'ts',
    before: ['-itsoffset', '1.3'],
    sound: true,
    output: [...bFrames, '-c:a', 'aac'],
  },
  'no edit list': { extension: 'mp4', output: [...bFrames, '-use_editlist', '0'] },
  fragments: {
    extension: 'mp4',
    output: [...bFrames, '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  },
  'Matroska of a live recording': { extension: 'mkv', output: [...bFrames, '-live', '1'] },
  'times far from zero': { extension: 'mkv', output: [...bFrames, '-output_ts_offset', '36000'] },
  'Sorenson H.263 in Flash video': { extension: 'flv', output: ['-c:v', 'flv', ...quick] },
  'H.263 in 3GP': { extension: '3gp', output: [...scaled('176x144'), '-c:v', 'h263', ...quick] },
  'DNxHD in MXF': {
    extension: 'mxf',
    output: [...scaled('1280x720'), '-c:v', 'dnxhd', '-b:v', '60M', '-pix_fmt', 'yuv422p'],
  },
  'DNxHR in QuickTime': {
    extension: 'mov',
    output: [...scaled('1280x720'), '-c:v', 'dnxhd', '-profile:v', 'dnxhr_sq', '-pix_fmt', 'yuv422p'],
  },
  GXF: { extension: 'gxf', output: [...scaled('720x576'), ...mpeg2] },
  'JPEG 2000 in QuickTime': { extension: 'mov', output: ['-c:v', 'jpeg2000', '-pix_fmt', 'yuv420p'] },
  'PNG in QuickTime': { extension: 'mov', output: ['-c:v', 'png'] },
  'plain RGB in AVI': { extension: 'avi', output: ['-c:v', 'rawvideo', '-pix_fmt', 'bgr24'] },
  'plain 4:2:2 in QuickTime': { extension: 'mov', output: ['-c:v', 'rawvideo', '-pix_fmt', 'uyvy422'] },
  '10-bit v210 in QuickTime': { extension: 'mov', output: ['-c:v', 'v210', '-pix_fmt', 'yuv422p10le'] },
  YUV4MPEG: { extension: 'y4m', output: ['-pix_fmt', 'yuv420p'] },
  HuffYUV: { extension: 'avi', output: ['-c:v', 'huffyuv', '-pix_fmt', 'yuv422p'] },
  'Ut Video': { extension: 'avi', output: ['-c:v', 'utvideo', '-pix_fmt', 'yuv422p'] },
  Cinepak: { extension: 'avi', output: ['-c:v', 'cinepak'] },
  'MS Video 1': { extension: 'avi', output: ['-c:v', 'msvideo1', '-pix_fmt', 'rgb555le'] },
  'QuickTime Animation': { extension: 'mov', output: ['-c:v', 'qtrle', '-g', '15'] },
  'Zip screen recording': { extension: 'avi', output: ['-c:v', 'zmbv', '-pix_fmt', 'bgr0', '-g', '15'] },
  'Flash screen recording': { extension: 'flv', output: ['-c:v', 'flashsv', '-g', '15'] },
  'RealVideo 2': { extension: 'rm', output: [...scaled('176x144'), '-c:v', 'rv20', ...quick] },
  NUT: { extension: 'nut', output: bFrames },
  WTV: { extension: 'wtv', sound: true, output: [...mpeg2, '-c:a', 'mp2'] },
  Snow: { extension: 'avi', output: ['-c:v', 'snow', '-q:v', '2', '-g', '15', '-strict', '-2'] },
  GIF: { extension: 'gif', output: [] },
  'IMX in MXF': {
    extension: 'mxf',
    output: [
      ...scaled('720x576'),
      '-c:v',
      'mpeg2video',
      '-g',
      '1',
      '-bf',
      '0',
      '-b:v',
      '30M',
      '-minrate',
      '30M',
      '-maxrate',
      '30M',
      '-bufsize',
      '2M',
      '-pix_fmt',
      'yuv422p',
    ],
  },
  'lossless JPEG in AVI': {
    extension: 'avi',
    output: ['-c:v', 'ljpeg', '-pix_fmt', 'yuvj444p', '-strict', '-1'],
  },
  '16-bit grey FFV1': { extension: 'mkv', output: ['-c:v', 'ffv1', '-g', '1', '-pix_fmt', 'gray16le'] },
  '4:1:1 FFV1': { extension: 'mkv', output: ['-c:v', 'ffv1', '-g', '1', '-pix_fmt', 'yuv411p'] },
  'AVI with a table of tables': {
    extension: 'avi',
    output: ['-c:v', 'mpeg4', ...quick, '-bf', '2', '-reserve_index_space', '4096'],
  },
  'a long group in HEVC with two layers of B frames': {
    encoder: 'libx265',
    extension: 'mp4',
    output: x265('keyint=40:bframes=4:b-pyramid=1:open-gop=1'),
  },
};

const folder = new ClipFolder();
afterAll(() => folder.remove());
let clip: string;
beforeAll(async () => {
  clip = await folder.make('clip', { frames: count, extension: 'mkv', output: lossless });
});

/**
 * What ffmpeg itself makes of a file from its beginning to its end, by its own conversion to RGB in the size shown; and the times of the
 * frames in ticks, of which it leaves out those that it does not know.
 */
async function fullDecode({ path, probe }: VideoSource, { width, height }: DecodedFrame) {
  const { ffmpeg, ffprobe, everyFrame } = await findMediaTools();
  const demuxer = ['-v', 'error', '-f', probe.input.demuxer as string];
  const shown = `scale=${width}:${height}:flags=bicubic+accurate_rnd+full_chroma_int`;
  const listing = ['-show_entries', 'frame=best_effort_timestamp', '-of', 'csv=p=0'];
  const [times] = await Promise.all([
    readProcess(ffprobe.path, [...demuxer, '-select_streams', `${probe.streamIndex}`, ...listing, path]),
    readProcess(ffmpeg.path, [
      ...['-noautorotate', ...demuxer, '-i', path, '-map', `0:${probe.streamIndex}`],
      ...[...everyFrame, '-vf', shown, '-pix_fmt', 'rgb24', '-f', 'rawvideo', `${path}.rgb`],
    ]),
  ]);
  const rgb = readFileSync(`${path}.rgb`);
  const size = width * height * 3;
  return {
    pts: times.output
      .split('\n')
      .map((line) => Number.parseInt(line, 10))
      .filter((time) => !Number.isNaN(time)),
    pictures: Array.from({ length: rgb.length / size }, (_, at) => rgb.subarray(at * size, (at + 1) * size)),
  };
}

/** How far two pictures are apart in the mean, of 255; a sample of their bytes tells. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  let samples = 0;
  for (let at = 0; at < a.length; at += 7, samples++) sum += Math.abs((a[at] as number) - (b[at] as number));
  return sum / samples;
}

const { encoders, everyFrame } = await findMediaTools();
const chosen = everyKind ? { ...oddFiles, ...further } : oddFiles;

describe.concurrent.each(Object.entries(chosen))('%s', (name, file) => {
  const { before = [], sound = false, output, extension, encoder, bytes } = file;

  it.runIf(encoder === undefined || encoders.has(encoder))(
    'is frame for frame what ffmpeg decodes',
    async () => {
      const path = await folder.convert(
        [
          ...[
            ...before,
            '-i',
            clip,
            ...(sound ? tone : []),
            '-map',
            '0:v',
            ...(sound ? ['-map', '1:a'] : []),
          ],
          ...[...everyFrame, ...output],
        ],
        `${Object.keys(chosen).indexOf(name)}.${extension}`,
      );
      if (bytes) writeFileSync(path, bytes(readFileSync(path)));
      const video = await opened(path);
      const right = await fullDecode(video, await video.frame(0));
      const frames = right.pictures.length;
      expect(frames).toBeGreaterThan(5);
      const { ticks } = video.table;
      expect(ticks).toHaveLength(frames);
      // ffprobe knows no time of the last frame of some streams, and of none where there are no times at all.
      expect(Array.from(ticks).filter((tick) => right.pts.includes(tick))).toEqual(right.pts);

      const hashes: string[] = [];
      for (let index = 0; index < frames; index++) {
        const frame = await video.frame(index);
        expect(frame.pts, `time of frame ${index}`).toBe(ticks[index]);
        expect(frame.isDamaged, `frame ${index} is whole`).toBe(false);
        expect(
          difference(frame.rgb, right.pictures[index] as Buffer),
          `picture of frame ${index}`,
        ).toBeLessThan(3);
        hashes.push(frame.hash);
      }
      expect(new Set(hashes).size, 'every frame is another').toBe(frames);
      // By a reader that has decoded nothing yet: backwards from the end, then here and there.
      const again = await opened(path, { index: video.encodedIndex() });
      const order = [frames - 1, frames - 2, frames - 3, 9, 3, 8, 7, 0, 13, 1];
      for (const index of order.filter((at) => at < frames)) {
        expect((await again.frame(index)).hash, `hash of frame ${index}`).toBe(hashes[index]);
      }
      video.dispose();
      again.dispose();
    },
  );
});
