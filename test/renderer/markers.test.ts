import { describe, expect, it } from 'vitest';
import type { Segment, Track } from '../../preload/contract/index.ts';
import { markerInWords, markersOf, nextMarker } from '../../renderer/view/markers.ts';

const segment = (id: string, from: number, to: number): Segment =>
  ({ id, span: { videoId: 'v', from, to }, name: 'Dissection' }) as unknown as Segment;
const track = (id: string, segmentId: string, ...frames: number[]): Track =>
  ({
    ...{ id, segmentId, videoId: 'v', label: 'Needle' },
    keyFrames: frames.map((index) => ({ location: { index } })),
  }) as unknown as Track;

describe('what N and P go through', () => {
  const markers = markersOf(
    {
      ...{ entries: [], bookmarks: [] },
      segments: [segment('s', 10, 50), segment('t', 60, 70)],
      tracks: [track('a', 's', 5, 10, 20, 30, 55), track('b', 't', 65), track('c', 'gone', 40)],
    },
    ({ index }) => index,
  );

  it('has the key frames of boxes within their segments, each between the edges around it', () => {
    expect(markers.map(({ kind, index }) => `${kind} ${index}`)).toEqual([
      ...['edge 10', 'key-frame 10', 'key-frame 20', 'key-frame 30', 'edge 50'],
      ...['edge 60', 'key-frame 65', 'edge 70'],
    ]);
  });

  it('stops at each of them once, also where an edge lies on the same frame', () => {
    const seen: string[] = [];
    for (let at = nextMarker(markers, { key: null, order: 0 }, 1); at !== null;) {
      seen.push(`${at.kind} ${at.index}`);
      at = nextMarker(markers, at, 1);
    }
    expect(seen).toHaveLength(markers.length);
    expect(markerInWords(nextMarker(markers, { key: null, order: 25 }, -1)!)).toBe('Key frame of “Needle”');
  });
});
