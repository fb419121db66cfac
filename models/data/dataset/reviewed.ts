import { absentLabel, isAbsentLabel } from '../../../preload/contract/coherence.ts';
import { PLACES, STATES } from '../labels.ts';
import type { Place, State } from '../labels.ts';
import { recordFaults } from './check-record.ts';
import { reasonAbsent, reasonGrounding, reasonLocation, reasonOrgan, reasonState } from './grammar.ts';
import type { Reasoning } from './grammar.ts';
import { recogniseQuestion } from './recognise.ts';
import type { DatasetRecord, Split } from './record.ts';
import type { ReviewSheet, SheetEntry } from './review-sheet.ts';
import { spansOf } from './writer.ts';

export interface ReviewedContext {
  source: string;
  split: Split;
  onProblem: (reason: string) => void;
}

/**
 * The records of a review sheet: answers that were accepted or corrected. An accepted answer keeps the model's
 * reasoning where that is sound and goes with the box; all else gets the grammar's.
 */
export function reviewedRecords(sheet: ReviewSheet, context: ReviewedContext): DatasetRecord[] {
  return sheet.entries.flatMap((entry, n) => {
    const record = recordOf(sheet, entry, n, context);
    if (record === null) return [];
    if ('reason' in record) {
      context.onProblem(`question ${entry.questionId}: ${record.reason}`);
      return [];
    }
    return [record];
  });
}

function recordOf(
  sheet: ReviewSheet,
  entry: SheetEntry,
  n: number,
  { source, split }: ReviewedContext,
): DatasetRecord | null | { reason: string } {
  const { verdict, answer, width, height, image } = entry;
  // The answer is one to these words: "are the scissors cutting?" is not answered by "idle" in a model's own language.
  const question = entry.askedAs ?? entry.question;
  if (verdict === null || verdict.decision === 'rejected') return null;
  if (verdict.decision === 'corrected' && verdict.things !== undefined)
    return { reason: 'an answer that names several things, of which there are no records yet' };
  const said = verdict.decision === 'corrected' ? verdict.label : answer.label;
  const box = verdict.decision === 'corrected' ? verdict.box : answer.box;
  if (said === null) return { reason: 'an accepted answer without a label' };
  if (entry.questionType === null)
    return { reason: 'a question outside the grammar, without its questionType filled in' };
  const label = isAbsentLabel(said) ? absentLabel : said;
  if ((label === absentLabel) !== (box === null))
    return { reason: `the label ${label} ${box === null ? 'without' : 'with'} a box` };
  const subject = entry.subject ?? (entry.questionType === 'organ' ? label : null);
  if (subject === null) return { reason: 'no subject filled in' };
  const wording = recogniseQuestion(question)?.wording === 'dataset' ? 'dataset' : 'paraphrase';
  const generated = reasoningOf({ ...entry, subject }, label, box);
  if (generated === null) return { reason: `an unknown ${entry.questionType} label "${label}"` };
  const record: DatasetRecord = {
    id: `${source}/${image.replace(/\.[^./]+$/, '')}#${n}`,
    kind: entry.questionType === 'grounding' ? 'grounding-qa' : 'chain-of-thought',
    split,
    source,
    sequence: sheet.sessionId,
    image,
    width,
    height,
    questionType: entry.questionType,
    subject,
    question,
    wording,
    label,
    box,
    reasoning: generated.text,
    spans: generated.spans,
    provenance: {
      type: 'reviewed',
      sessionId: sheet.sessionId,
      questionId: entry.questionId,
      ...(entry.askedAs !== undefined && { typed: entry.question }),
      answerId: answer.id,
      verdict: verdict.decision,
      reviewer: sheet.reviewer,
      reviewedAt: verdict.at,
      model: answer.model && { name: answer.model.name, sha256: answer.model.sha256 },
      answeredAt: answer.createdAt,
      frame: entry.frame,
    },
  };
  const own = answer.reasoning.trim();
  if (verdict.decision === 'accepted' && own !== '') {
    const kept = { ...record, reasoning: own, spans: spansOf(own, label, question) };
    if (recordFaults(kept).length === 0) return kept;
  }
  const faults = recordFaults(record);
  return faults.length === 0 ? record : { reason: faults.join('; ') };
}

function reasoningOf(
  { questionType, subject, width, height }: SheetEntry & { subject: string },
  label: string,
  box: DatasetRecord['box'],
): Reasoning | null {
  const size = { width, height };
  if (box === null) return reasonAbsent(subject);
  switch (questionType) {
    case 'organ':
      return reasonOrgan(label, box, size, 'real');
    case 'state': {
      const state = STATES.find((known): known is State => known === label);
      return state === undefined ? null : reasonState(subject, state, box, size, 'real');
    }
    case 'location': {
      const place = PLACES.find((known): known is Place => known === label);
      return place === undefined ? null : reasonLocation(subject, place);
    }
    case 'grounding':
    case null:
      return reasonGrounding(subject, false, box, size);
  }
}
