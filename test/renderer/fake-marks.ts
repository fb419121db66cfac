import { planBookmark } from '../../main/review/commands/bookmarks.ts';
import { planSegment } from '../../main/review/commands/segments.ts';
import type {
  ActorId,
  BookmarkCommand,
  Edit,
  FrameLocation,
  Marks,
  SegmentCommand,
  SessionId,
} from '../../preload/contract/index.ts';

interface Given {
  marks: Marks;
  sessionId: SessionId;
  actor: ActorId;
  now: number;
  locationOf: (index: number) => FrameLocation;
}

/** The edits of a command on marks, planned as the workstation plans it. */
export function planMark(given: Given, command: BookmarkCommand | SegmentCommand): Edit[] {
  const { marks, sessionId, actor, now, locationOf } = given;
  const by = { sessionId, actor, now };
  const newId = `mark${(made += 1)}` as never;
  if (
    command.name === 'bookmark.add' ||
    command.name === 'bookmark.edit' ||
    command.name === 'bookmark.delete'
  ) {
    const isNew = command.name === 'bookmark.add';
    const found = isNew ? null : (marks.bookmarks.find(({ id }) => id === command.bookmarkId) ?? null);
    const fresh = isNew ? { id: newId, location: locationOf(command.frameIndex) } : null;
    return planBookmark({ ...by, count: marks.bookmarks.length, bookmark: found, fresh }, command);
  }
  const named = 'from' in command ? command : null;
  const stretch = named && {
    from: locationOf(named.from),
    to: locationOf(named.to),
    endSeconds: locationOf(named.to).seconds + 0.04,
  };
  return planSegment({ ...by, segments: marks.segments, newId, stretch }, command);
}

let made = 0;

/** What an edit makes of the marks that are there. */
export function withMark(marks: Marks, edit: Edit): Marks {
  if (edit.entity === 'bookmark') {
    const others = marks.bookmarks.filter(({ id }) => id !== edit.id);
    return { ...marks, bookmarks: edit.after === null ? others : [...others, edit.after] };
  }
  if (edit.entity !== 'segment') return marks;
  const others = marks.segments.filter(({ id }) => id !== edit.id);
  return { ...marks, segments: edit.after === null ? others : [...others, edit.after] };
}
