import type { FrameIndex, Segment, Span } from '../../preload/contract/index.ts';
import type { FramePlace } from './frame-times.ts';
import type { Stretch } from './loop.svelte.ts';
import { isShowable, type Recordings } from './recordings.svelte.ts';

/**
 * The frames between two places, as one span in each recording: a segment lies within one recording, so one that goes over a
 * join is kept in as many parts. A recording that is away has no part.
 */
export function spansBetween(recordings: Recordings, first: FramePlace, last: FramePlace): Span[] {
  if (first.videoId === last.videoId) {
    return [{ videoId: first.videoId, from: first.index, to: last.index }];
  }
  const ids = recordings.time.stretches.map(({ id }) => id);
  const between = ids.slice(ids.indexOf(first.videoId) + 1, ids.indexOf(last.videoId));
  const isBeside = (id: Span['videoId']): boolean =>
    [first, last].some(({ videoId }) => recordings.numberOf(videoId) === recordings.numberOf(id));
  return [
    { videoId: first.videoId, from: first.index, to: lastOf(recordings, first.videoId) ?? first.index },
    ...between.flatMap((videoId) => {
      const to = lastOf(recordings, videoId);
      return to === null || isBeside(videoId) ? [] : [{ videoId, from: 0 as FrameIndex, to }];
    }),
    { videoId: last.videoId, from: 0 as FrameIndex, to: last.index },
  ];
}

function lastOf(recordings: Recordings, id: Span['videoId']): FrameIndex | null {
  const video = recordings.find(id);
  return video?.frameCount && isShowable(video) ? ((video.frameCount - 1) as FrameIndex) : null;
}

/** A segment as a stretch to play, with its times in that of the case. */
export function stretchOfSegment({ span, seconds }: Segment, recordings: Recordings): Stretch {
  const { videoId, from, to } = span;
  return {
    from: { videoId, index: from },
    to: { videoId, index: to },
    seconds: {
      from: recordings.secondsOf(videoId, seconds.from),
      to: recordings.secondsOf(videoId, seconds.to),
    },
  };
}
