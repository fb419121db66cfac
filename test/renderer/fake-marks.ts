import { planBookmark } from '../../main/review/commands/bookmarks.ts';
import { planSegment } from '../../main/review/commands/segments.ts';
import { planTrack, tracksGone } from '../../main/review/commands/tracks.ts';
import type {
  ActorId,
  BookmarkCommand,
  Edit,
  FrameLocation,
  Marks,
  SegmentCommand,
  SessionId,
  Size,
  TrackCommand,
} from '../../preload/contract/index.ts';

interface Given {
  marks: Marks;
  /** Whose size every frame has. */
  video: Size;
  sessionId: SessionId;
  actor: ActorId;
  now: number;
  locationOf: (index: number) => FrameLocation;
}

/** The edits of a command on marks, planned as the workstation plans it. */
export function planMark(given: Given, command: BookmarkCommand | SegmentCommand | TrackCommand): Edit[] {
  const { marks, video, sessionId, actor, now, locationOf } = given;
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
  if ('trackId' in command || command.name === 'track.add') {
    const seen = 'frameHash' in command && {
      ...{ videoId: command.videoId, location: locationOf(command.frameIndex), hash: command.frameHash },
      ...{ eye: null, picture: { width: video.width, height: video.height } },
    };
    const within = command.name === 'track.add' && 'from' in command.within ? command.within : null;
    const stretch = within && stretchOf(within, locationOf);
    const { tracks, segments } = marks;
    const ids = { track: newId, segment: `of-${newId as string}` as never };
    return planTrack({ ...by, tracks, segments, newId: ids, stretch, seen: seen || null }, command);
  }
  const named = 'from' in command ? command : null;
  const stretch = named && stretchOf(named, locationOf);
  const gone = command.name === 'segment.delete' ? tracksGone(marks.tracks, command.segmentId) : [];
  return [...gone, ...planSegment({ ...by, segments: marks.segments, newId, stretch }, command)];
}

const stretchOf = ({ from, to }: { from: number; to: number }, locationOf: Given['locationOf']) => ({
  ...{ from: locationOf(from), to: locationOf(to), endSeconds: locationOf(to).seconds + 0.04 },
});

let made = 0;

/** What an edit makes of the marks that are there. */
export function withMark(marks: Marks, edit: Edit): Marks {
  if (edit.entity === 'bookmark') {
    const others = marks.bookmarks.filter(({ id }) => id !== edit.id);
    return { ...marks, bookmarks: edit.after === null ? others : [...others, edit.after] };
  }
  if (edit.entity === 'track') {
    const others = marks.tracks.filter(({ id }) => id !== edit.id);
    return { ...marks, tracks: edit.after === null ? others : [...others, edit.after] };
  }
  if (edit.entity !== 'segment') return marks;
  const others = marks.segments.filter(({ id }) => id !== edit.id);
  return { ...marks, segments: edit.after === null ? others : [...others, edit.after] };
}
