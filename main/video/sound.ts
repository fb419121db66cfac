import { ticksToSeconds } from '../../preload/contract/frames.ts';
import { reviewClock } from '../../preload/contract/review-clock.ts';
import type { Sound } from '../../preload/contract/sound.ts';
import type { MediaTools } from './ffmpeg.ts';
import type { FrameTable } from './frame-table.ts';
import type { SoundStream, VideoProbe } from './probe.ts';

/** The codecs of sound that Chromium decodes from a file which it plays by itself. */
const browserCodecs = new Set(['aac', 'mp3', 'opus', 'vorbis', 'flac']);

/**
 * How the sound of a converted stream is encoded, by its container. Encoders such as AAC put samples before the first one, for which
 * the muxer of fragments moves all pictures but the first; FLAC has none, costs little, and is built into ffmpeg.
 */
const encoders = { mp4: 'flac', webm: 'libopus' } as const;

/**
 * Whether the sound of a video can be heard, and how. It is left out where the file's clock begins anew or leaps, since sound and
 * picture then leap at different places, and where ffmpeg has no encoder for it.
 *
 * @param isNative whether the browser plays the file itself
 */
export function planSound(
  probe: VideoProbe,
  tools: MediaTools,
  table: FrameTable | null,
  { isNative, container }: { isNative: boolean; container: keyof typeof encoders },
): Sound {
  if (!probe.sound) return 'none';
  if (isNative && browserCodecs.has(probe.sound.codec)) return 'native';
  if (table && (table.parts.length > 1 || !reviewClock(table).isOwn)) return 'left-out';
  return tools.encoders.has(encoders[container]) ? 'converted' : 'left-out';
}

/** The part of the sound that belongs to a converted stream, in seconds of the file's own clock. */
export interface SoundStretch {
  readonly sound: SoundStream;
  readonly start: number;
  readonly end: number;
}

/** The stretch from frame `first` to before frame `end`, which may be the number of frames. */
export function soundStretch(
  sound: SoundStream,
  table: FrameTable,
  first: number,
  end: number,
): SoundStretch {
  const at = (index: number): number => ticksToSeconds(table.ticks[index] ?? table.endTicks, table.timeBase);
  return { sound, start: at(first), end: at(end) };
}

/**
 * A filter graph that gives the sound of a stretch with time 0 at the very time of its first frame. What the file has no sound for
 * stays silent, so that later sound is neither early nor late, and the muxer never waits for sound that comes late.
 */
export function soundFilter({ sound, start, end }: SoundStretch, output: string): string {
  const from = start.toFixed(6);
  return (
    `[0:${sound.index}]atrim=start=${from}:end=${end.toFixed(6)},asetpts=PTS-${from}/TB,` +
    `aresample=48000:async=1:first_pts=0,aformat=sample_rates=48000:channel_layouts=stereo[${output}]`
  );
}

/** ffmpeg's arguments for the encoding of the sound in a converted stream. */
export const soundEncoding = (container: keyof typeof encoders): string[] => [
  ...['-c:a', encoders[container], '-strict', '-2'],
];
