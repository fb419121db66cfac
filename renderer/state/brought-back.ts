import type { AnswerId, Edit, QuestionId } from '../../preload/contract/index.ts';

/** What a step of undo or redo should be seen in. */
export interface BroughtBack {
  readonly questionId: QuestionId;
  /** The answer that the step judged; null where it brought the question itself back. */
  readonly answerId: AnswerId | null;
}

/** The question that some edits brought back, or the answer whose verdict they changed; null where there is neither. */
export function broughtBack(edits: readonly Edit[]): BroughtBack | null {
  for (const edit of edits) {
    if (edit.entity === 'question' && edit.after !== null)
      return { questionId: edit.after.id, answerId: null };
    const verdict = edit.entity === 'verdict' ? (edit.after ?? edit.before) : null;
    if (verdict !== null) return { questionId: verdict.questionId, answerId: verdict.answerId };
  }
  return null;
}
