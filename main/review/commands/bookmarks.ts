import type { Edit } from '../../../preload/contract/changes.ts';
import type { BookmarkCommand } from '../../../preload/contract/commands.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { mostMarkName, mostMarks, type Bookmark } from '../../../preload/contract/marks.ts';
import type { FrameLocation } from '../../../preload/contract/places.ts';
import type { BookmarkId, SessionId } from '../../../preload/contract/values.ts';
import { checkedName, checkedNote, refusal } from './texts.ts';

/** The state from which a command on a bookmark is planned. */
export interface BookmarkState {
  readonly sessionId: SessionId;
  readonly actor: ActorId;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** How many bookmarks the session has, as there is a limit. */
  readonly count: number;
  /** The bookmark that the command names; null if there is none, or it was deleted. */
  readonly bookmark: Bookmark | null;
  /** Id and frame of a new bookmark; null for any other command. */
  readonly fresh: { readonly id: BookmarkId; readonly location: FrameLocation } | null;
}

/**
 * Plans the edits of a command on a bookmark. An edit that changes nothing is not recorded.
 *
 * @throws WorkstationError `invalid-input` with what is wrong, `not-found` for a bookmark that is not there
 */
export function planBookmark(state: BookmarkState, command: BookmarkCommand): Edit[] {
  if (command.name === 'bookmark.add') return addition(state, command);
  const before = state.bookmark;
  if (before === null) throw gone();
  const { id } = before;
  if (command.name === 'bookmark.delete') return [{ entity: 'bookmark', id, before, after: null }];
  const { title, note } = command;
  const after = {
    ...before,
    ...(title !== undefined && { name: nameOf(title) }),
    ...(note !== undefined && { note: checkedNote(note) }),
  };
  return [{ entity: 'bookmark', id, before, after }];
}

function addition(
  { sessionId, actor, now, count, fresh }: BookmarkState,
  { videoId, title = '', note = '' }: Extract<BookmarkCommand, { name: 'bookmark.add' }>,
): Edit[] {
  if (fresh === null) throw new Error('a new bookmark has no frame');
  if (count >= mostMarks) {
    throw refusal(
      `This session has ${mostMarks} bookmarks, which is as many as can be kept apart.`,
      'Delete some that you no longer need, or start another session.',
    );
  }
  const { id, location } = fresh;
  const kept = { name: nameOf(title), note: checkedNote(note) };
  const after: Bookmark = { id, sessionId, videoId, location, ...kept, actor, createdAt: now };
  return [{ entity: 'bookmark', id, before: null, after }];
}

const nameOf = (given: string): string => checkedName(given, mostMarkName, 'A bookmark’s name');

const gone = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'This bookmark was deleted.',
    'Undo that first, or set another one. Nothing was changed.',
  );
