import type { Edit, AnswerFacts } from '../../preload/contract/changes.ts';
import type { Question } from '../../preload/contract/domain.ts';
import type { QuestionId } from '../../preload/contract/values.ts';
import {
  answers,
  mustExist,
  presentSession,
  questions,
  type ChangeContext,
  type Store,
} from '../store/index.ts';

type Recorded = Pick<Store, 'database' | 'record'>;

/** Deletes a question with its answers by hiding them, so that they can be restored. Throws `not-found`. */
export function deleteQuestion({ database, record }: Recorded, by: ChangeContext, id: QuestionId): void {
  database.transaction(() => {
    const { sessionId } = mustExist(questions.findQuestion(database, id), 'question');
    const { caseId } = presentSession(database, sessionId);
    const before = questions.findPresentQuestion(database, id);
    record.commit(by, { name: 'question.delete', caseId, sessionId }, deletion(id, before));
  });
}

/** Restores a deleted question, and returns it; one that is not deleted stays as it is. Throws `not-found`. */
export function restoreQuestion({ database, record }: Recorded, by: ChangeContext, id: QuestionId): Question {
  return database.transaction(() => {
    const question = mustExist(questions.findQuestion(database, id), 'question');
    const { sessionId } = question;
    const { caseId } = presentSession(database, sessionId);
    const edits = restoration(question, {
      present: questions.findPresentQuestion(database, id),
      versions: answers.listAnswers(database, id).length,
      hidden: answers.listHiddenAnswers(database, id),
    });
    record.commit(by, { name: 'question.restore', caseId, sessionId }, edits);
    return question;
  });
}

export const deletion = (id: QuestionId, before: Question | null): Edit[] => [
  { entity: 'question', id, before, after: null },
];

/** The edits that restore a question. If it has no answer left, the hidden ones come back too, as a list shows none without. */
export function restoration(
  question: Question,
  state: { present: Question | null; versions: number; hidden: readonly AnswerFacts[] },
): Edit[] {
  const back = state.versions > 0 ? [] : state.hidden;
  return [
    { entity: 'question', id: question.id, before: state.present, after: question },
    ...back.map((answer): Edit => ({ entity: 'answer', id: answer.id, before: null, after: answer })),
  ];
}
