export { openStore, type Store, type StoreOptions } from './open.ts';
export { mustExist } from './must-exist.ts';
export { presentCase, presentSession } from './bin.ts';
export { defaultHome, homeLayout, type HomeLayout } from './home.ts';
export type { Log } from '../platform/log.ts';
export type { ReadableDatabase, WritableDatabase } from './database.ts';
export type { StoreReader } from './reader/index.ts';
export type { FrameIndexFiles } from './frame-indexes.ts';
export { entriesTouchedBy, summariesOf } from './entries.ts';
export { endAnswer, moveBoxesToDisplayed } from './answer-ends.ts';
export {
  byItself,
  localActor,
  mustBelong,
  type ChangeContext,
  type ChangeRecord,
  type NewCommand,
} from './changes/index.ts';
export * as answers from './answers.ts';
export * as bookmarks from './bookmarks.ts';
export * as caseRecordings from './case-recordings.ts';
export * as cases from './cases.ts';
export * as keptPictures from './kept-pictures.ts';
export * as library from './library.ts';
export * as models from './models.ts';
export * as questions from './questions.ts';
export * as segments from './segments.ts';
export * as sessions from './sessions.ts';
export * as sessionViews from './session-views.ts';
export * as preferences from './preferences.ts';
export * as settings from './settings.ts';
export * as tracks from './tracks.ts';
export * as siteSettings from './site-settings.ts';
export * as verdicts from './verdicts.ts';
export * as videos from './videos.ts';
export { MOST_ATTEMPTS, priorityOfQuestion, type Task, type Tasks } from './tasks.ts';
export type { ModelRecord } from './models.ts';
export type { PlacedQuestion } from './questions.ts';
export type { StoredSession } from './sessions.ts';
export type { StoredVideo } from './videos.ts';
export { findRows, ownLabelsOf, sessionInWords, type FoundRow } from './search/index.ts';
