import type { Answer } from './domain.ts';

/** The threshold of a site that has set none. With a smaller share, the model found all other answers together likelier than the one that it gave. */
const half = 0.5;

/** How sure a model was of its answer, by its own numbers. It does not tell whether the answer is right. */
export interface Sureness {
  /** The one number that is shown to people, 0..1; see {@link surenessOf}. */
  readonly probability: number;
  /** Whether the answer needs a closer look. */
  readonly unsure: boolean;
}

type Told = Pick<Answer, 'status' | 'label' | 'probability' | 'evidence'>;

/**
 * The one measure of how sure a model was; window, picture and command line show no other. Null where there is no
 * label, or no number for it.
 *
 * Null, too, where the number would say nothing: the question is of no kind that the model was taught, or the picture
 * is unlike those that it was taught with (`doubtsOf` says which).
 *
 * It is the calibrated probability that the answer is right, if the model has a calibration. Otherwise it is the label's
 * share among the labels that could have been given, which are the shares that "also considered" names; if those are not
 * known, it is the probability of the label's tokens among all tokens. An answer is unsure if that number is below one half,
 * and also if the label's tokens had less than half among all tokens: the model would then rather have written something
 * that is no label at all, which a large share among labels hides. A site may set another threshold than one half, which then holds
 * for answers that are given from that time on.
 */
export function surenessOf(answer: Told): Sureness | null {
  const { status, label, evidence } = answer;
  if (label === null || status === 'malformed' || status === 'failed') return null;
  const picture = evidence?.picture;
  if (evidence?.question !== undefined || (picture && picture.distance > picture.threshold)) return null;
  const calibrated = evidence?.calibrated;
  const least = evidence?.unsureBelow ?? half;
  if (typeof calibrated === 'number') return { probability: calibrated, unsure: calibrated < least };
  const among = evidence?.choices.find((choice) => choice.label === label)?.probability;
  const probability = among ?? answer.probability;
  if (probability === null) return null;
  return { probability, unsure: probability < least || (answer.probability ?? 1) < Math.min(least, half) };
}

/** 0.8712 -> "0.87": no better known than to two places. Rounding never turns "almost" into 1 or 0. */
export function probabilityInWords(value: number): string {
  const rounded = value.toFixed(2);
  if (rounded === '1.00' && value < 1) return '> 0.99';
  if (rounded === '0.00' && value > 0) return '< 0.01';
  return rounded;
}
