import type { ListMatch } from './lists.ts';
import type { BoxPair, LabelPair } from './metrics/index.ts';
import type { AnsweredRow, EvaluationRow } from './rows.ts';

/** An answer beside the truth, labels mapped. */
export interface ScoredRow {
  row: EvaluationRow;
  label: LabelPair;
  right: boolean;
  /** Null where the row has no true box. */
  box: BoxPair | null;
  /** Overlap with the true box, 0 without a usable one; null where the row has no true box. */
  overlap: number | null;
  /** Whether label, reasoning and box of the answer tell one story. */
  coherent: boolean;
  /** Whether a place that label or reasoning name goes against the answer's own box. */
  contradictory: boolean;
  blind: LabelPair;
  /** Of a row whose answer names several things. */
  list: ListMatch | null;
  answer: AnsweredRow['answer'];
}
