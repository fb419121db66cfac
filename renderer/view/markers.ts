import {
  bookmarkInWords,
  type Bookmark,
  type EntrySummary,
  type Segment,
} from '../../preload/contract/index.ts';
import { written } from './format.ts';
import type { Edge } from './segments.ts';
import { headline } from './statuses.ts';

/** A place in a recording that N and P go to. */
export type Marker =
  | { readonly kind: 'answer'; readonly key: string; readonly index: number; readonly entry: EntrySummary }
  | { readonly kind: 'bookmark'; readonly key: string; readonly index: number; readonly bookmark: Bookmark }
  | {
      readonly kind: 'edge';
      readonly key: string;
      readonly index: number;
      readonly segment: Segment;
      readonly edge: Edge;
    };

export const answerKey = (id: string): string => `answer ${id}`;
export const bookmarkKey = (id: string): string => `bookmark ${id}`;
export const edgeKey = (id: string, edge: Edge): string => `segment ${id} ${edge}`;

/** All of them in the order of their frames; of those on one frame segments' edges first, then bookmarks, then answers. */
export function markersOf(marked: {
  entries: readonly EntrySummary[];
  bookmarks: readonly Bookmark[];
  segments: readonly Segment[];
}): Marker[] {
  const markers: Marker[] = [
    ...marked.segments.flatMap((segment): Marker[] =>
      (segment.span.from === segment.span.to ? (['from'] as const) : (['from', 'to'] as const)).map(
        (edge) => ({
          ...{ kind: 'edge', key: edgeKey(segment.id, edge), index: segment.span[edge], segment, edge },
        }),
      ),
    ),
    ...marked.bookmarks.map((bookmark): Marker => {
      return { kind: 'bookmark', key: bookmarkKey(bookmark.id), index: bookmark.location.index, bookmark };
    }),
    ...marked.entries.map((entry): Marker => {
      const { id, location } = entry.question;
      return { kind: 'answer', key: answerKey(id), index: location.index, entry };
    }),
  ];
  return markers.sort((one, other) => one.index - other.index);
}

/**
 * The marker behind (1) or before (-1) the one with a key, each once also where several are on one frame; from a frame where
 * none has the key. Null where there is none.
 */
export function nextMarker(
  markers: readonly Marker[],
  from: { key: string | null; index: number },
  direction: -1 | 1,
): Marker | null {
  const at = markers.findIndex(({ key, index }) => key === from.key && index === from.index);
  if (at >= 0) return markers[at + direction] ?? null;
  return direction > 0
    ? (markers.find(({ index }) => index > from.index) ?? null)
    : (markers.findLast(({ index }) => index < from.index) ?? null);
}

/** As it is read out. */
export function markerInWords(marker: Marker): string {
  switch (marker.kind) {
    case 'answer':
      return `${written(marker.entry.question.text)} ${headline(marker.entry.newest)}`;
    case 'bookmark':
      return `Bookmark ${bookmarkInWords(marker.bookmark)}`;
    case 'edge':
      return `${marker.edge === 'from' ? 'Begin' : 'End'} of segment “${written(marker.segment.name)}”`;
  }
}
