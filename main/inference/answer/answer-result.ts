import type { AnswerEvidence, AnswerSettings } from '../../../preload/contract/domain.ts';
import type { ModelCalibration, ModelLabels, ModelManifest } from '../../../preload/contract/model.ts';
import { inFrame, sizeOfRegion } from '../../../preload/contract/regions.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import { usualAbsentLabel } from '../grammar/answer-constraints.ts';
import type { AnswerDecoding, WrittenToken } from './answer-decoding.ts';
import {
  parseAnswer,
  type AnswerContext,
  type ParsedAnswer,
  type TextEnding,
} from '../grammar/answer-parser.ts';
import { noTimings, type AnswerResult, type GivenRegion } from '../messages.ts';

/** The generated text with its probabilities, from the engine's own decoding or from a server. */
export type AnswerWriting = Pick<
  AnswerDecoding,
  'raw' | 'written' | 'notes' | 'choices' | 'entropy' | 'firstTokenMilliseconds'
>;

/** State of one answer that is being generated. After a stop, what there is can be read from here. */
export interface AnswerProgress<Writing extends AnswerWriting = AnswerDecoding> {
  readonly decoding: Writing;
  tokens: Omit<AnswerResult['tokens'], 'generated'>;
  modelInput: Size | null;
  frameSeenBefore: boolean;
  /** The taught wording that was asked in place of what was typed; null where the typed words were asked. */
  askedAs: string | null;
  /** Why the question is none that the model was taught; null for a taught one. */
  question: AnswerEvidence['question'] | null;
  /** The region that was asked about, once it is known how the model has it; null for the whole frame. */
  region: (GivenRegion & { readonly box: Box }) | null;
  /** How unlike the training pictures this one is; null where the model does not state how those look. */
  picture: AnswerEvidence['picture'] | null;
  readonly timings: AnswerResult['timings'];
}

/** The state of an answer before its first token. */
export function newProgress<Writing extends AnswerWriting>(decoding: Writing): AnswerProgress<Writing> {
  return {
    decoding,
    tokens: { prompt: 0, image: 0 },
    modelInput: null,
    frameSeenBefore: false,
    askedAs: null,
    question: null,
    region: null,
    picture: null,
    timings: { ...noTimings },
  };
}

/** Parses the generated text by the model's answer format, and adds what the token probabilities say about it. */
export function answerResult(
  manifest: Pick<ModelManifest, 'coordinateSpace' | 'labels' | 'answerFormat'> &
    Partial<Pick<ModelManifest, 'calibration' | 'source'>>,
  frame: Size,
  settings: AnswerSettings,
  progress: AnswerProgress<AnswerWriting>,
  ending: TextEnding,
): AnswerResult {
  const { decoding } = progress;
  const alone = progress.region?.given === 'alone' ? progress.region.box : null;
  const source = alone === null ? frame : sizeOfRegion(alone);
  const parsed = parseAnswer(decoding.raw, {
    mapping: { space: manifest.coordinateSpace, resized: progress.modelInput ?? source, source },
    ...labelMeanings(manifest.labels),
    ending,
    format: manifest.answerFormat,
  });
  const evidence =
    ending === 'end-token'
      ? evidenceOf(parsed, progress, calibrationOf(manifest))
      : // Of an unfinished answer nothing can be weighed, but what it is an answer to is known.
        progress.askedAs === null
        ? null
        : { ...noEvidence, askedAs: progress.askedAs };
  const label = labelLogProbability(parsed, decoding);
  const said = {
    box: parsed.box,
    items: parsed.items.map(({ label: name, box }) => ({ label: name, box })),
  };
  return {
    status: parsed.status,
    label: parsed.label,
    ...(alone === null ? said : inFrame(said, alone)),
    reasoning: parsed.reasoning,
    raw: decoding.raw,
    probability: label === null ? null : Math.exp(label),
    evidence,
    notes: [...decoding.notes, ...parsed.notes, ...foreignCalibration(manifest)],
    tokens: { ...progress.tokens, generated: decoding.written.length },
    modelInput: progress.modelInput,
    ...givenRegion(progress),
    settings,
    frameSeenBefore: progress.frameSeenBefore,
    timings: { ...progress.timings, firstTokenMilliseconds: decoding.firstTokenMilliseconds },
  };
}

function givenRegion({ region }: Pick<AnswerProgress, 'region'>): Pick<AnswerResult, 'region'> {
  if (region === null) return {};
  const { box: _box, ...given } = region;
  return { region: given };
}

const noEvidence = { labelLogProbability: null, boxLogProbability: null, choices: [], entropy: null };

/** The result for a question that the model was not taught, where the caller did not ask for an answer anyway. */
export function refusedResult(
  settings: AnswerSettings,
  { question, picture, tokens, timings }: AnswerProgress,
): AnswerResult {
  return {
    status: 'refused',
    label: null,
    box: null,
    items: [],
    reasoning: '',
    raw: '',
    probability: null,
    evidence: { ...noEvidence, ...(question && { question }), ...(picture && { picture }) },
    notes: [],
    tokens: { ...tokens, generated: 0 },
    modelInput: null,
    settings,
    frameSeenBefore: false,
    timings,
  };
}

function evidenceOf(
  parsed: ParsedAnswer,
  { decoding, askedAs, question, picture }: AnswerProgress<AnswerWriting>,
  calibration: ModelCalibration | null,
): AnswerEvidence {
  const reasoning = reasoningLogProbability(decoding.written);
  const label = labelLogProbability(parsed, decoding);
  // For a list without a label of its own, the alternatives of its first item say nothing about the whole.
  const weighed = parsed.labelRange !== null;
  return {
    ...(askedAs !== null && { askedAs }),
    ...(question && { question }),
    ...(picture && { picture }),
    ...(calibration !== null && {
      calibrated: reasoning === null || label === null ? null : calibrated(reasoning + label, calibration),
    }),
    reasoningLogProbability: reasoning,
    labelLogProbability: label,
    // Of the digits: what stands between them is the format's.
    boxLogProbability: together(
      (parsed.items.length > 0 ? parsed.items : [parsed])
        .filter(({ box }) => box !== null)
        .map(({ boxRange }) => logProbabilityOf(boxRange, decoding, (text) => /\d/.test(text))),
    ),
    choices: weighed ? decoding.choices : [],
    entropy: weighed ? decoding.entropy : null,
  };
}

/** What the model's labels mean to the reader of its text. */
export const labelMeanings = (
  labels: ModelLabels | undefined,
): Pick<AnswerContext, 'absentLabels' | 'refusals' | 'boxless'> => ({
  absentLabels: [labels?.absent ?? usualAbsentLabel],
  refusals: labels?.refusals ?? [],
  boxless: labels?.presence ? [labels.presence.no] : [],
});

/** Sum of log-probabilities; null where there are none, or one is not known. */
function together(parts: readonly (number | null)[]): number | null {
  if (parts.length === 0) return null;
  return parts.reduce<number | null>((sum, part) => (sum === null || part === null ? null : sum + part), 0);
}

/** Log-probability of the answer's label; for a list without one, of all its items' labels together. */
function labelLogProbability(
  { labelRange, items }: Pick<ParsedAnswer, 'labelRange' | 'items'>,
  decoding: AnswerWriting,
): number | null {
  if (labelRange !== null || items.length === 0) return logProbabilityOf(labelRange, decoding);
  return together(items.map((item) => logProbabilityOf(item.labelRange, decoding)));
}

/** The model's calibration, if it was fitted on the very weights that answer; else null. */
export function calibrationOf({
  calibration,
  source,
}: Partial<Pick<ModelManifest, 'calibration' | 'source'>>): ModelCalibration | null {
  const own = calibration !== undefined && calibration.weightsSha256 === source?.sha256;
  return own && source?.adapter === undefined ? calibration : null;
}

/** Note on a calibration that was fitted on other weights than those that answer. */
function foreignCalibration(manifest: Partial<Pick<ModelManifest, 'calibration' | 'source'>>): string[] {
  if (manifest.calibration === undefined || calibrationOf(manifest) !== null) return [];
  return ["The model's calibration is of other weights; its probability is as the model gave it."];
}

/** Calibrated probability of a right answer, from the joint log-probability of its tokens; see {@link ModelCalibration}. */
export function calibrated(logProbability: number, { slope, intercept }: ModelCalibration): number {
  // The logit ln(p / (1 - p)) is infinite at p = 1, so p is limited to what 32-bit logits can resolve.
  const most = -1e-7;
  const log = Math.min(logProbability, most);
  const odds = log - Math.log(-Math.expm1(log));
  return 1 / (1 + Math.exp(-(slope * odds + intercept)));
}

/** Sum of the log-probabilities of the reasoning's tokens; null where there are none, or one is not known. */
function reasoningLogProbability(written: readonly WrittenToken[]): number | null {
  const scores = written.filter(({ reasoning }) => reasoning).map(({ logProbability }) => logProbability);
  if (scores.length === 0 || scores.includes(null)) return null;
  return Math.min(
    0,
    scores.reduce<number>((sum, score) => sum + (score ?? 0), 0),
  );
}

/** Sum of the log-probabilities of the tokens whose text overlaps the range; null where one is not known. */
function logProbabilityOf(
  range: readonly [number, number] | null,
  { raw, written }: { readonly raw: string; readonly written: readonly WrittenToken[] },
  counts: (text: string) => boolean = () => true,
): number | null {
  if (range === null) return null;
  let sum = 0;
  let start = 0;
  for (const token of written) {
    const inside = raw.slice(Math.max(start, range[0]), Math.min(token.end, range[1]));
    if (token.end > range[0] && start < range[1] && counts(inside)) {
      if (token.logProbability === null) return null;
      sum += token.logProbability;
    }
    start = token.end;
  }
  // Rounding of 32-bit probabilities can leave the sum of logarithms slightly above 0.
  return Math.min(0, sum);
}
