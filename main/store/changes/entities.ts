import { isDeepStrictEqual } from 'node:util';
import {
  recordedEntities,
  type EntityName,
  type EntityValue,
  type Seal,
} from '../../../preload/contract/changes.ts';
import { ActorId } from '../../../preload/contract/context.ts';
import {
  AnswerId,
  BookmarkId,
  CaseId,
  QuestionId,
  SegmentId,
  SessionId,
  TrackId,
  VideoId,
} from '../../../preload/contract/values.ts';
import { findAnswerFacts, hideAnswer, putAnswer } from '../answers.ts';
import { findCaseRecording, putCaseRecording, removeCaseRecording } from '../case-recordings.ts';
import { findPresentCase, putCase, removeCase } from '../cases.ts';
import type { ReadableDatabase, WritableDatabase } from '../database.ts';
import { findPresentQuestion, hideQuestion, putQuestion } from '../questions.ts';
import { findPresentSession, putSession, removeSession } from '../sessions.ts';
import { findAnchor, putAnchor } from './anchors.ts';
import { canonicalText } from './chain.ts';
import { findBookmark, putBookmark, removeBookmark } from '../bookmarks.ts';
import { findSegment, putSegment, removeSegment } from '../segments.ts';
import { putSiteSettings, readSiteSettings, removeSiteSettings } from '../site-settings.ts';
import { findErasure, putErasure } from './erasures.ts';
import { findTrack, putTrack, removeTrack } from '../tracks.ts';
import { findVerdict, putVerdict, removeVerdict, type VerdictKey } from '../verdicts.ts';
import { findSeal, putSeal } from './sealed-answers.ts';

/** Who removes something, and when, in milliseconds since the Unix epoch. */
export interface Removal {
  readonly at: number;
  readonly actor: ActorId;
}

/** How one kind of thing is read and written. `at` means the same as in `Removal`. */
interface Entity<Value> {
  /** Reads the thing; null if it is not there, or was deleted. */
  read(database: ReadableDatabase, id: string): Value | null;
  /** Adds the thing, replaces it, or brings it back. */
  put(database: WritableDatabase, value: Value, at: number): void;
  remove(database: WritableDatabase, id: string, removal: Removal): void;
}

const stays = (what: string) => (): never => {
  throw new Error(`${what} is never removed`);
};

const entities: { readonly [Name in EntityName]: Entity<EntityValue<Name>> } = {
  case: {
    read: (database, id) => findPresentCase(database, CaseId.parse(id)),
    put: putCase,
    remove: (database, id, removal) => removeCase(database, CaseId.parse(id), removal),
  },
  recording: {
    read: (database, id) => findCaseRecording(database, VideoId.parse(id)),
    put: putCaseRecording,
    remove: (database, id) => removeCaseRecording(database, VideoId.parse(id)),
  },
  session: {
    read: (database, id) => {
      const found = findPresentSession(database, SessionId.parse(id));
      return found === null ? null : recordedEntities.session.parse(found);
    },
    put: putSession,
    remove: (database, id, removal) => removeSession(database, SessionId.parse(id), removal),
  },
  question: {
    read: (database, id) => findPresentQuestion(database, QuestionId.parse(id)),
    put: putQuestion,
    remove: (database, id, { at }) => hideQuestion(database, QuestionId.parse(id), at),
  },
  answer: {
    read: (database, id) => findAnswerFacts(database, AnswerId.parse(id)),
    put: putAnswer,
    remove: (database, id, { at }) => hideAnswer(database, AnswerId.parse(id), at),
  },
  seal: {
    read: (database, id): Seal | null => findSeal(database, AnswerId.parse(id)),
    put: putSeal,
    remove: stays('the end of an answer'),
  },
  anchor: { read: findAnchor, put: putAnchor, remove: stays('a mark of the record') },
  erasure: { read: findErasure, put: putErasure, remove: stays('an erasure') },
  verdict: {
    read: (database, id) => findVerdict(database, keyOfVerdict(id)),
    put: putVerdict,
    remove: (database, id, { at }) => removeVerdict(database, keyOfVerdict(id), at),
  },
  bookmark: {
    read: (database, id) => findBookmark(database, BookmarkId.parse(id)),
    put: putBookmark,
    remove: (database, id, { at }) => removeBookmark(database, BookmarkId.parse(id), at),
  },
  segment: {
    read: (database, id) => findSegment(database, SegmentId.parse(id)),
    put: putSegment,
    remove: (database, id, { at }) => removeSegment(database, SegmentId.parse(id), at),
  },
  track: {
    read: (database, id) => findTrack(database, TrackId.parse(id)),
    put: putTrack,
    remove: (database, id, { at }) => removeTrack(database, TrackId.parse(id), at),
  },
  site: { read: readSiteSettings, put: putSiteSettings, remove: removeSiteSettings },
  mention: { read: () => null, put: () => undefined, remove: stays('what was done') },
};

/** Whether a kind of thing exists in the record alone, without a table to compare. */
export const isInRecordAlone = (name: EntityName): boolean => name === 'mention';

/** Reverses `verdictId`, whose two parts never contain the colon between them. */
function keyOfVerdict(id: string): VerdictKey {
  const [answerId, actor] = id.split(':');
  return { answerId: AnswerId.parse(answerId), actor: ActorId.parse(actor) };
}

/** Reads a thing as it is now, in the form that the record uses. */
export function readEntity(database: ReadableDatabase, name: EntityName, id: string): unknown {
  return entities[name].read(database, id);
}

/**
 * Whether a thing in the tables is as the record says. Fields that the record lacks are not compared, since earlier versions
 * did not know those that came later.
 */
export function isAsRecorded(name: EntityName, recorded: unknown, present: unknown): boolean {
  const schema = recordedEntities[name].nullable();
  const said = schema.parse(recorded);
  const found = schema.parse(present);
  if (said === null || found === null) return said === found;
  const compared = Object.fromEntries(Object.entries(found).filter(([field]) => Object.hasOwn(said, field)));
  // Most are equal, and comparing values takes a fraction of the time that writing both as text takes.
  return isDeepStrictEqual(said, compared) || canonicalText(said) === canonicalText(compared);
}

/** Writes a thing as a change leaves it; a `value` of null removes it. */
export function writeEntity<Name extends EntityName>(
  database: WritableDatabase,
  name: Name,
  { id, value, at, actor }: { id: string; value: EntityValue<Name> | null } & Removal,
): void {
  const entity: Entity<EntityValue<Name>> = entities[name];
  if (value === null) entity.remove(database, id, { at, actor });
  else entity.put(database, value, at);
}
