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
import { planAcross, planSegment, type Stretch } from './commands/segments.ts';
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
  const stretches = await stretchesOf(context, sessionId, command);
  const seen = await seenFrame(context.library, command);
  return database.transaction(() => {
    const { caseId } = presentSession(database, sessionId);
    const edits = plan(context, { sessionId, caseId, command, stretches, seen, actor: by.actor });
    return {
      change: record.commit(by, { name: command.name, caseId, sessionId, groupId: groupId ?? null }, edits),
    };
  });
}

interface Planned {
  sessionId: SessionId;
  caseId: CaseId;
  command: Command;
  stretches: readonly Stretch[];
  seen: SeenFrame | null;
  actor: ActorId;
}

function plan({ store: { database }, now, newId }: ApplyContext, given: Planned): Edit[] {
  const { sessionId, caseId, command, stretches, seen, actor } = given;
  const stretch = stretches[0] ?? null;
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
    case 'segment.add-across': {
      const present = segments.listSegments(database, sessionId);
      const next = (): SegmentId => SegmentId.parse(newId());
      return planAcross({ ...by, segments: present, stretches, newId: next }, command);
    }
    case 'recording.remove':
    case 'recording.reorder':
    case 'recording.choose-eye':
    case 'recording.set-start':
      return planRecordings(caseRecordings.listCaseRecordings(database, caseId), command);
    default:
      return planVerdict(judgedAnswer(database, { ...by, command }), command);
  }
}

/** Finds where the frames that a command names lie in their recordings; none if it names none. */
async function stretchesOf(
  context: ApplyContext,
  sessionId: SessionId,
  command: Command,
): Promise<readonly Stretch[]> {
  const of = (videoId: VideoId, range: { from: number; to: number }): Promise<Stretch> =>
    stretchOf(context, sessionId, { videoId, ...range });
  switch (command.name) {
    case 'bookmark.add':
      return [await of(command.videoId, { from: command.frameIndex, to: command.frameIndex })];
    case 'segment.add':
      return [await of(command.videoId, command)];
    case 'segment.add-across':
      return Promise.all(command.spans.map((span) => of(span.videoId, span)));
    case 'track.add':
      return 'from' in command.within ? [await of(command.videoId, command.within)] : [];
    case 'segment.move': {
      const segment = segments.findSegment(context.store.database, command.segmentId);
      // The plan looks for the segment again, and refuses the command if it is not there.
      return segment === null ? [] : [await of(segment.span.videoId, command)];
    }
    default:
      return [];
  }
}

async function stretchOf(
  { store: { database }, library }: ApplyContext,
  sessionId: SessionId,
  { videoId, from, to }: { videoId: VideoId; from: number; to: number },
): Promise<Stretch> {
  mustBeRecordingOf(mustExist(sessions.findSession(database, sessionId), 'session'), library.find(videoId));
  const { times } = await library.index(videoId);
  return {
    from: locationOf(times, from),
    to: locationOf(times, to),
    endSeconds: endSecondsOfFrame(times, to),
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
