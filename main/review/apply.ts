import type { CallInput, CallOutput } from '../../preload/contract/calls.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import {
  answers,
  mustExist,
  questions,
  sessions,
  verdicts,
  videos,
  type ChangeContext,
  type Store,
} from '../store/index.ts';
import { planVerdict } from './commands/verdicts.ts';

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
    const session = mustExist(sessions.findSession(database, sessionId), 'session');
    const answer = mustExist(answers.findAnswer(database, command.answerId), 'answer');
    if (answer.sessionId !== sessionId) {
      throw new WorkstationError(
        'invalid-input',
        'This answer belongs to another session.',
        'Open the session that it was given in.',
      );
    }
    const question = questions.findPresentQuestion(database, answer.questionId);
    if (question === null || answers.findAnswerFacts(database, answer.id) === null) throw deleted();
    const video = mustExist(videos.findVideo(database, question.videoId ?? session.videoId), 'video');
    const edits = planVerdict(
      {
        answer,
        picture: answer.frame?.picture ?? video,
        verdict: verdicts.findVerdict(database, { answerId: answer.id, actor: by.actor }),
        actor: by.actor,
        now: now(),
      },
      command,
    );
    const { caseId } = session;
    return {
      change: record.commit(by, { name: command.name, caseId, sessionId, groupId: groupId ?? null }, edits),
    };
  });
}

const deleted = (): WorkstationError =>
  new WorkstationError('not-found', 'This answer was deleted.', 'Undo that first, then judge it.');
