import type { AnsweredRow, EvaluationRow, RowAnswer } from '../../models/evaluation/rows.ts';

/** A question about the picture `image` of 100 x 100 pixels. */
export function question(
  image: string,
  questionType: EvaluationRow['questionType'],
  label: string,
  more: Partial<EvaluationRow> = {},
): EvaluationRow {
  const subject = questionType === 'organ' ? null : 'suction';
  const text = `${questionType} of ${more.subject ?? subject ?? 'it'}?`;
  return {
    id: `${image}/${text}/${more.wording ?? 'dataset'}`,
    image,
    question: text,
    questionType,
    subject,
    wording: 'dataset',
    label,
    box: label === 'not visible' ? null : [0, 0, 10, 10],
    width: 100,
    height: 100,
    ...more,
  };
}

export function said(
  label: string | null,
  box: RowAnswer['box'] = [0, 0, 10, 10],
  more: Partial<RowAnswer> = {},
): RowAnswer {
  return { label, box, reasoning: '', wellFormed: true, probability: null, ...more };
}

export const answered = (row: EvaluationRow, answer: RowAnswer): AnsweredRow => ({ row, answer });
