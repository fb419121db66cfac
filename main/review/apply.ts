import type { CallInput, CallOutput } from '../../preload/contract/calls.ts';
import type { VerdictCommand } from '../../preload/contract/commands.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { SessionId } from '../../preload/contract/values.ts';
import {
  answers,
  caseRecordings,
  mustExist,
  questions,
  sessions,
  verdicts,
  videos,
  type ChangeContext,
  type Store,
} from '../store/index.ts';
import { planRecordings } from './commands/recordings.ts';
import { planVerdict, type JudgedAnswer } from './commands/verdicts.ts';

export interface ApplyContext {
  store: Pick<Store, 'database' | 'record'>;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
}

/** Plans a command from what is there now and commits its edits, in one transaction. */
export function applyCommand(
  { store: { database, record }, now }: ApplyContext,
  { sessionId, command, groupId }: CallInput<'apply'>,
  by: ChangeContext,
): CallOutput<'apply'> {
  return database.transaction(() => {
    const { caseId } = mustExist(sessions.findSession(database, sessionId), 'session');
    const edits =
      'answerId' in command
        ? planVerdict(judgedAnswer(database, { sessionId, command, actor: by.actor, now: now() }), command)
        : planRecordings(caseRecordings.listCaseRecordings(database, caseId), command);
    return {
      change: record.commit(by, { name: command.name, caseId, sessionId, groupId: groupId ?? null }, edits),
    };
  });
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
  return { answer, picture: answer.frame?.picture ?? video, verdict, actor, now: given.now };
}

const deleted = (): WorkstationError =>
  new WorkstationError('not-found', 'This answer was deleted.', 'Undo that first, then judge it.');
