import {
  bookmarksInOrder,
  segmentsInOrder,
  tracksInOrder,
  type Bookmark,
  type Edit,
  type Marks,
  type Segment,
  type SessionId,
  type Track,
} from '../../preload/contract/index.ts';

/** What is marked in a session, as whoever changed it left it. */
export class RecordedMarks {
  /** In the order of their frames. */
  bookmarks = $state.raw<readonly Bookmark[]>([]);
  /** In the order of their beginnings. */
  segments = $state.raw<readonly Segment[]>([]);
  /** In the order of their first key frames. */
  tracks = $state.raw<readonly Track[]>([]);
  readonly #sessionId: SessionId;

  constructor(sessionId: SessionId, { bookmarks, segments, tracks }: Marks) {
    this.#sessionId = sessionId;
    this.bookmarks = bookmarksInOrder(bookmarks);
    this.segments = segmentsInOrder(segments);
    this.tracks = tracksInOrder(tracks);
  }

  /** Takes changes in, which may be of other things and of other sessions. */
  take(edits: readonly Edit[]): void {
    const bookmarks = changed(this.#sessionId, this.bookmarks, edits, 'bookmark');
    if (bookmarks !== null) this.bookmarks = bookmarksInOrder(bookmarks);
    const segments = changed(this.#sessionId, this.segments, edits, 'segment');
    if (segments !== null) this.segments = segmentsInOrder(segments);
    const tracks = changed(this.#sessionId, this.tracks, edits, 'track');
    if (tracks !== null) this.tracks = tracksInOrder(tracks);
  }
}

/** Null where nothing of them was changed. */
function changed<Mark extends Bookmark | Segment | Track>(
  sessionId: SessionId,
  known: readonly Mark[],
  edits: readonly Edit[],
  entity: 'bookmark' | 'segment' | 'track',
): Mark[] | null {
  const touched = edits.filter((edit) => edit.entity === entity);
  if (touched.length === 0) return null;
  const found = Object.fromEntries(known.map((mark) => [mark.id, mark as Mark | null]));
  for (const { id, after } of touched) {
    // The registry of the record says which kind of thing an edit holds.
    const mark = after as Mark | null;
    found[id] = mark?.sessionId === sessionId ? mark : null;
  }
  return Object.values(found).filter((mark) => mark !== null);
}
