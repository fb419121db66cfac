import {
  bookmarkInWords,
  frameOf,
  frameOfBookmark,
  type Bookmark,
  type EntrySummary,
  readable,
  type FrameIndex,
  type KeyFrame,
  type Segment,
  type Track,
} from '../../preload/contract/index.ts';
import { written } from './format.ts';
import type { Edge } from './segments.ts';
import { headline } from './statuses.ts';
import type { FrameName, OrderOf } from './timeline.ts';

/** A frame that N and P go to. `order`: where it comes among all frames of the case. */
export type Marker = { readonly key: string; readonly index: FrameIndex; readonly order: number } & (
  | { readonly kind: 'answer'; readonly entry: EntrySummary }
  | { readonly kind: 'bookmark'; readonly bookmark: Bookmark }
  | { readonly kind: 'edge'; readonly segment: Segment; readonly edge: Edge }
  | { readonly kind: 'key-frame'; readonly track: Track; readonly keyFrame: KeyFrame }
);

export const answerKey = (id: string): string => `answer ${id}`;
export const bookmarkKey = (id: string): string => `bookmark ${id}`;
export const keyFrameKey = (id: string, index: number): string => `track ${id} ${index}`;
export const edgeKey = (id: string, edge: Edge): string => `segment ${id} ${edge}`;

/**
 * All of them in the order of their frames; of those on one frame segments' edges first, then key frames of boxes, then bookmarks,
 * then answers. Those of a recording that is none of the case's are left out, and key frames outside their segment.
 */
export function markersOf(
  marked: {
    entries: readonly EntrySummary[];
    bookmarks: readonly Bookmark[];
    segments: readonly Segment[];
    tracks: readonly Track[];
  },
  orderOf: OrderOf,
): Marker[] {
  const at = (frame: FrameName) => ({ index: frame.index, order: orderOf(frame) });
  const markers = [
    ...marked.segments.flatMap((segment) => {
      const { id, span } = segment;
      const edges = span.from === span.to ? (['from'] as const) : (['from', 'to'] as const);
      return edges.map((edge) => ({
        ...{ kind: 'edge' as const, key: edgeKey(id, edge), segment, edge },
        ...at({ videoId: span.videoId, index: span[edge] }),
      }));
    }),
    ...marked.tracks.flatMap((track) => {
      const span = marked.segments.find(({ id }) => id === track.segmentId)?.span;
      return track.keyFrames.flatMap((keyFrame) => {
        const { index } = keyFrame.location;
        if (span === undefined || index < span.from || index > span.to) return [];
        return [
          {
            ...{ kind: 'key-frame' as const, key: keyFrameKey(track.id, index), track, keyFrame },
            ...at({ videoId: track.videoId, index }),
          },
        ];
      });
    }),
    ...marked.bookmarks.map((bookmark) => ({
      ...{ kind: 'bookmark' as const, key: bookmarkKey(bookmark.id), bookmark },
      ...at(frameOfBookmark(bookmark)),
    })),
    ...marked.entries.map((entry) => ({
      ...{ kind: 'answer' as const, key: answerKey(entry.question.id), entry },
      ...at(frameOf(entry.question)),
    })),
  ];
  return markers
    .flatMap((marker): Marker[] => (marker.order === null ? [] : [{ ...marker, order: marker.order }]))
    .sort((one, other) => one.order - other.order);
}

/**
 * The marker behind (1) or before (-1) the one with a key, each once also where several are on one frame; from a frame where
 * none has the key. Null where there is none.
 */
export function nextMarker(
  markers: readonly Marker[],
  from: { key: string | null; order: number },
  direction: -1 | 1,
): Marker | null {
  const at = markers.findIndex(({ key, order }) => key === from.key && order === from.order);
  if (at >= 0) return markers[at + direction] ?? null;
  return direction > 0
    ? (markers.find(({ order }) => order > from.order) ?? null)
    : (markers.findLast(({ order }) => order < from.order) ?? null);
}

/** As it is read out. */
export function markerInWords(marker: Marker): string {
  switch (marker.kind) {
    case 'answer':
      return `${written(marker.entry.question.text)} ${headline(marker.entry.newest)}`;
    case 'bookmark':
      return `Bookmark ${bookmarkInWords(marker.bookmark)}`;
    case 'key-frame':
      return `Key frame of “${written(readable(marker.track.label))}”`;
    case 'edge':
      return `${marker.edge === 'from' ? 'Begin' : 'End'} of segment “${written(marker.segment.name)}”`;
  }
}
