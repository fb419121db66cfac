import type { Migration } from './migration.ts';
import { migration as casesAndVideos } from './0001-cases-and-videos.ts';
import { migration as sessions } from './0002-sessions.ts';
import { migration as questionsAndAnswers } from './0003-questions-and-answers.ts';
import { migration as evidence } from './0004-evidence.ts';
import { migration as models } from './0005-models.ts';
import { migration as answerFormat } from './0006-answer-format.ts';
import { migration as clockJoins } from './0007-clock-joins.ts';
import { migration as waitingAnswers } from './0008-waiting-answers.ts';
import { migration as pictureStreamsOfVideos } from './0009-picture-streams.ts';
import { migration as order } from './0010-order.ts';
import { migration as incompleteRecordings } from './0011-incomplete-recordings.ts';
import { migration as record } from './0012-record.ts';
import { migration as answerItems } from './0013-answer-items.ts';
import { migration as places } from './0014-places.ts';
import { migration as verdicts } from './0015-verdicts.ts';
import { migration as tasks } from './0016-tasks.ts';
import { migration as recordingsOfCases } from './0017-recordings-of-cases.ts';
import { migration as keptPictures } from './0018-kept-pictures.ts';
import { migration as marks } from './0019-marks.ts';
import { migration as library } from './0020-library.ts';
import { migration as stereo } from './0021-stereo.ts';
import { migration as bin } from './0022-bin.ts';
import { migration as caseTime } from './0023-case-time.ts';
import { migration as tracks } from './0024-tracks.ts';

export type { Migration } from './migration.ts';

/** All steps, in the order in which they are applied. */
export const migrations: readonly Migration[] = [
  casesAndVideos,
  sessions,
  questionsAndAnswers,
  evidence,
  models,
  answerFormat,
  clockJoins,
  waitingAnswers,
  pictureStreamsOfVideos,
  order,
  incompleteRecordings,
  record,
  answerItems,
  places,
  verdicts,
  tasks,
  recordingsOfCases,
  keptPictures,
  marks,
  library,
  stereo,
  bin,
  caseTime,
  tracks,
];
