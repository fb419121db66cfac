import { z } from 'zod';
import type { Change } from '../../preload/contract/changes.ts';
import type { Answer } from '../../preload/contract/domain.ts';
import {
  decisionsOn,
  distinctModels,
  notesOn,
  summaryOf,
  type Entry,
  type EntryPage,
  type EntryPlace,
} from '../../preload/contract/entries.ts';
import { QuestionId, type AnswerId, type SessionId, type Size } from '../../preload/contract/values.ts';
import { listAnswersOf, listNewestAnswers } from './answers.ts';
import { statement, type ReadableDatabase } from './database.ts';
import { mustExist } from './must-exist.ts';
import { findQuestions, listQuestions, type PlacedQuestion } from './questions.ts';
import { parseRows } from './rows.ts';
import { listVerdicts } from './verdicts.ts';
import { findVideo } from './videos.ts';

const QuestionRow = z.object({ question_id: QuestionId });

export const statements = {
  questionsOfAnswers: statement(
    'entries.questionsOfAnswers',
    'SELECT DISTINCT question_id FROM answers WHERE id IN (SELECT value FROM json_each(:ids))',
  ),
};

/** Gives an answer as it is now, which may be ahead of the database while the answer is being written. */
export type Current = (answer: Answer) => Answer;

const asStored: Current = (answer) => answer;

/** Reads questions with every version of their answers and people's verdicts, in the given order, three statements in all. */
export function entriesOf(database: ReadableDatabase, asked: readonly PlacedQuestion[]): Entry[] {
  const ids = asked.map(({ question }) => question.id);
  const versions = byQuestion(listAnswersOf(database, ids));
  const said = byQuestion(listVerdicts(database, ids));
  return asked.flatMap(({ question, place }) => {
    const answers = versions.get(question.id);
    if (answers === undefined) return [];
    return [{ question, place, answers, verdicts: said.get(question.id) ?? [] }];
  });
}

/** Reads the entries of all questions that some changes touched, as they are now; those of deleted questions are missing. */
export function entriesTouchedBy(database: ReadableDatabase, changes: readonly Change[]): Entry[] {
  const touched = new Set<QuestionId>();
  const sealed: AnswerId[] = [];
  for (const edit of changes.flatMap(({ edits }) => edits ?? [])) {
    if (edit.entity === 'question') touched.add((edit.after ?? edit.before)!.id);
    else if (edit.entity === 'answer' || edit.entity === 'verdict')
      touched.add((edit.after ?? edit.before)!.questionId);
    else if (edit.entity === 'seal') sealed.push((edit.after ?? edit.before)!.answerId);
  }
  if (sealed.length > 0) {
    const rows = database.all(statements.questionsOfAnswers, { ids: JSON.stringify(sealed) });
    for (const row of parseRows(database, QuestionRow, rows, 'answers')) touched.add(row.question_id);
  }
  return touched.size === 0 ? [] : entriesOf(database, findQuestions(database, [...touched]));
}

/** Reads a page of a session's questions, newest first, with what a list shows of each. */
export function pageOfEntries(
  database: ReadableDatabase,
  sessionId: SessionId,
  { before, limit }: { before?: EntryPlace | undefined; limit: number },
): EntryPage {
  const asked = listQuestions(database, sessionId, { before, limit });
  return {
    ...summariesOf(database, asked),
    next: asked.length < limit ? null : (asked.at(-1)?.place ?? null),
  };
}

/** Reads what a list shows of some questions, in the given order, and the models that answered them. */
export function summariesOf(
  database: ReadableDatabase,
  asked: readonly PlacedQuestion[],
  current = asStored,
): Pick<EntryPage, 'list' | 'models'> {
  const ids = asked.map(({ question }) => question.id);
  const newest = listNewestAnswers(database, ids);
  const judged = byQuestion(listVerdicts(database, ids));
  const sizes = new Map<PlacedQuestion['question']['videoId'], Size>();
  const list = asked.flatMap(({ question, place }) => {
    const found = newest.get(question.id);
    if (found === undefined) return [];
    const { videoId } = question;
    const video = sizes.get(videoId) ?? mustExist(findVideo(database, videoId), 'video');
    sizes.set(videoId, video);
    const said = judged.get(question.id) ?? [];
    const summary = summaryOf(current(found.answer), {
      question: question.text,
      video,
      decisions: decisionsOn(found.answer.id, said),
      notes: notesOn(found.answer.id, said),
    });
    return [{ question, place, versions: found.versions, newest: summary }];
  });
  return { list, models: distinctModels([...newest.values()].map(({ answer }) => answer.model)) };
}

function byQuestion<Row extends { questionId: QuestionId }>(rows: readonly Row[]): Map<QuestionId, Row[]> {
  const found = new Map<QuestionId, Row[]>();
  for (const row of rows) {
    const of = found.get(row.questionId);
    if (of === undefined) found.set(row.questionId, [row]);
    else of.push(row);
  }
  return found;
}
