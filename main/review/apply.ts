import type { CallInput, CallOutput } from '../../preload/contract/calls.ts';
import type { Edit } from '../../preload/contract/changes.ts';
import type { Command, VerdictCommand } from '../../preload/contract/commands.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { endSecondsOfFrame } from '../../preload/contract/frames.ts';
import { locationOf } from '../../preload/contract/places.ts';
import {
  BookmarkId,
  SegmentId,
  TrackId,
  type CaseId,
  type SessionId,
  type VideoId,
} from '../../preload/contract/values.ts';
import { mustBeRecordingOf, type VideoLibrary } from '../recordings/index.ts';
import {
  answers,
  bookmarks,
  caseRecordings,
  mustExist,
  presentSession,
  questions,
  segments,
  sessions,
  tracks,
  siteSettings,
  verdicts,
  videos,
  type ChangeContext,
  type Store,
} from '../store/index.ts';
import { planBookmark, type BookmarkState } from './commands/bookmarks.ts';
import { planRecordings } from './commands/recordings.ts';
import { planSegment, type Stretch } from './commands/segments.ts';
import { planTrack, tracksGone, type SeenFrame } from './commands/tracks.ts';
import { planVerdict, type JudgedAnswer } from './commands/verdicts.ts';
import { seenFrame } from './seen-frame.ts';

export interface ApplyContext {
  store: Pick<Store, 'database' | 'record'>;
  /** Gives the times of a recording's frames, from its stored index if the file is missing. */
  library: Pick<VideoLibrary, 'index' | 'find' | 'frame'>;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** A new random id. */
  newId: () => string;
}

/** Plans a command from the present state and commits its edits, all in one transaction so that nothing changes between. */
export async function applyCommand(
  context: ApplyContext,
  { sessionId, command, groupId }: CallInput<'apply'>,
  by: ChangeContext,
): Promise<CallOutput<'apply'>> {
  const { database, record } = context.store;
  // Looked up before the transaction, which must not wait for a file; where frames lie in a recording never changes.
  const stretch = await stretchOf(context, sessionId, command);
  const seen = await seenFrame(context.library, command);
  return database.transaction(() => {
    const { caseId } = presentSession(database, sessionId);
    const edits = plan(context, { sessionId, caseId, command, stretch, seen, actor: by.actor });
    return {
      change: record.commit(by, { name: command.name, caseId, sessionId, groupId: groupId ?? null }, edits),
    };
  });
}

interface Planned {
  sessionId: SessionId;
  caseId: CaseId;
  command: Command;
  stretch: Stretch | null;
  seen: SeenFrame | null;
  actor: ActorId;
}

function plan({ store: { database }, now, newId }: ApplyContext, given: Planned): Edit[] {
  const { sessionId, caseId, command, stretch, seen, actor } = given;
  const by = { sessionId, actor, now: now() };
  switch (command.name) {
    case 'bookmark.add':
      return planBookmark({ ...by, ...freshBookmark(database, { sessionId, stretch, newId }) }, command);
    case 'bookmark.edit':
    case 'bookmark.delete': {
      const bookmark = inSession(sessionId, bookmarks.findBookmark(database, command.bookmarkId));
      return planBookmark({ ...by, bookmark, count: 0, fresh: null }, command);
    }
    case 'segment.add':
    case 'segment.edit':
    case 'segment.move':
    case 'segment.delete': {
      const present = segments.listSegments(database, sessionId);
      const edits = planSegment(
        { ...by, segments: present, stretch, newId: SegmentId.parse(newId()) },
        command,
      );
      return command.name === 'segment.delete'
        ? [...tracksGone(tracks.listTracks(database, sessionId), command.segmentId), ...edits]
        : edits;
    }
    case 'track.add':
    case 'track.set-key-frame':
    case 'track.move-key-frame':
    case 'track.remove-key-frame':
    case 'track.rename':
    case 'track.delete':
      return planTrack(
        {
          ...{ ...by, stretch, seen },
          tracks: tracks.listTracks(database, sessionId),
          segments: segments.listSegments(database, sessionId),
          newId: { track: TrackId.parse(newId()), segment: SegmentId.parse(newId()) },
        },
        command,
      );
    case 'recording.remove':
    case 'recording.reorder':
    case 'recording.choose-eye':
    case 'recording.set-start':
      return planRecordings(caseRecordings.listCaseRecordings(database, caseId), command);
    default:
      return planVerdict(judgedAnswer(database, { ...by, command }), command);
  }
}

/** Finds where the frames that a command names lie in their recording; null if it names none. */
async function stretchOf(
  { store: { database }, library }: ApplyContext,
  sessionId: SessionId,
  command: Command,
): Promise<Stretch | null> {
  let videoId: VideoId;
  let range: { from: number; to: number };
  if (command.name === 'bookmark.add') {
    const { frameIndex } = command;
    videoId = command.videoId;
    range = { from: frameIndex, to: frameIndex };
  } else if (command.name === 'segment.add') {
    videoId = command.videoId;
    range = command;
  } else if (command.name === 'track.add' && 'from' in command.within) {
    videoId = command.videoId;
    range = command.within;
  } else if (command.name === 'segment.move') {
    const segment = segments.findSegment(database, command.segmentId);
    // The plan looks for the segment again, and refuses the command if it is not there.
    if (segment === null) return null;
    videoId = segment.span.videoId;
    range = command;
  } else return null;
  mustBeRecordingOf(mustExist(sessions.findSession(database, sessionId), 'session'), library.find(videoId));
  const { times } = await library.index(videoId);
  return {
    from: locationOf(times, range.from),
    to: locationOf(times, range.to),
    endSeconds: endSecondsOfFrame(times, range.to),
  };
}

function freshBookmark(
  database: Store['database'],
  { sessionId, stretch, newId }: { sessionId: SessionId; stretch: Stretch | null; newId: () => string },
): Pick<BookmarkState, 'count' | 'bookmark' | 'fresh'> {
  return {
    count: bookmarks.countBookmarks(database, sessionId),
    bookmark: null,
    fresh: stretch && { id: BookmarkId.parse(newId()), location: stretch.from },
  };
}

function inSession<Mark extends { sessionId: SessionId }>(
  sessionId: SessionId,
  mark: Mark | null,
): Mark | null {
  return mark?.sessionId === sessionId ? mark : null;
}

function judgedAnswer(
  database: Store['database'],
  given: { sessionId: SessionId; command: VerdictCommand; actor: ActorId; now: number },
): JudgedAnswer {
  const { actor } = given;
  const answer = mustExist(answers.findAnswer(database, given.command.answerId), 'answer');
  if (answer.sessionId !== given.sessionId) {
    throw new WorkstationError(
      'invalid-input',
      'This answer belongs to another session.',
      'Open the session that it was given in.',
    );
  }
  const question = questions.findPresentQuestion(database, answer.questionId);
  if (question === null || answers.findAnswerFacts(database, answer.id) === null) throw deleted();
  const video = mustExist(videos.findVideo(database, question.videoId), 'video');
  const verdict = verdicts.findVerdict(database, { answerId: answer.id, actor });
  const settings = siteSettings.readSiteSettings(database);
  const site = settings === null ? null : siteSettings.hashOfSiteSettings(settings);
  return { answer, picture: answer.frame?.picture ?? video, verdict, actor, site, now: given.now };
}

const deleted = (): WorkstationError =>
  new WorkstationError('not-found', 'This answer was deleted.', 'Undo that first, then judge it.');
