import type { StoredVideo } from '../store/index.ts';
import type { VideoFacts } from './ports.ts';

/** The columns of a video's row that its file decides. */
export const columnsOf = (facts: VideoFacts) =>
  ({
    fingerprint: facts.fingerprint,
    streams: [...facts.streams],
    streamIndex: facts.streamIndex,
    sizeBytes: facts.sizeBytes,
    container: facts.container,
    codec: facts.codec,
    width: facts.width,
    height: facts.height,
    timeBase: facts.timeBase,
    recordedAt: facts.recordedAt,
    durationSeconds: facts.durationSeconds,
    incomplete: facts.incomplete,
    playback: facts.playback,
  }) satisfies Partial<StoredVideo>;
