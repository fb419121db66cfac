import type { AnswerEvidence, AnswerSettings } from '../../../preload/contract/domain.ts';
import type { ModelCalibration, ModelLabels, ModelManifest } from '../../../preload/contract/model.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { usualAbsentLabel } from '../grammar/answer-constraints.ts';
import type { AnswerDecoding, WrittenToken } from './answer-decoding.ts';
import {
  parseAnswer,
  type AnswerContext,
  type ParsedAnswer,
  type TextEnding,
} from '../grammar/answer-parser.ts';
import { noTimings, type AnswerResult } from '../messages.ts';

/** What was written, and what its own numbers say: of the engine's decoding, or of a server's. */
export type AnswerWriting = Pick<
  AnswerDecoding,
  'raw' | 'written' | 'notes' | 'choices' | 'entropy' | 'firstTokenMilliseconds'
>;

/** State of one answer under way; what a stop leaves behind is read from here. */
export interface AnswerProgress<Writing extends AnswerWriting = AnswerDecoding> {
  readonly decoding: Writing;
  tokens: Omit<AnswerResult['tokens'], 'generated'>;
  modelInput: Size | null;
  frameSeenBefore: boolean;
  /** What was asked in place of the question as it was typed; null where that was asked itself. */
  askedAs: string | null;
  /** Of a question of no kind that the model was taught; null of any other. */
  question: AnswerEvidence['question'] | null;
  /** How far the picture lies from those that the model was taught with; null where the model cannot tell. */
  picture: AnswerEvidence['picture'] | null;
  readonly timings: AnswerResult['timings'];
}

/** Of an answer of which nothing is written yet. */
export function newProgress<Writing extends AnswerWriting>(decoding: Writing): AnswerProgress<Writing> {
  return {
    decoding,
    tokens: { prompt: 0, image: 0 },
    modelInput: null,
    frameSeenBefore: false,
    askedAs: null,
    question: null,
    picture: null,
    timings: { ...noTimings },
  };
}

/** What was written, read by the model's format, with what its own numbers say of it. */
export function answerResult(
  manifest: Pick<ModelManifest, 'coordinateSpace' | 'labels' | 'answerFormat'> &
    Partial<Pick<ModelManifest, 'calibration' | 'source'>>,
  frame: Size,
  settings: AnswerSettings,
  progress: AnswerProgress<AnswerWriting>,
  ending: TextEnding,
): AnswerResult {
  const { decoding } = progress;
  const parsed = parseAnswer(decoding.raw, {
    mapping: { space: manifest.coordinateSpace, resized: progress.modelInput ?? frame, source: frame },
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
  return {
    status: parsed.status,
    label: parsed.label,
    box: parsed.box,
    items: parsed.items.map(({ label: name, box }) => ({ label: name, box })),
    reasoning: parsed.reasoning,
    raw: decoding.raw,
    probability: label === null ? null : Math.exp(label),
    evidence,
    notes: [...decoding.notes, ...parsed.notes, ...foreignCalibration(manifest)],
    tokens: { ...progress.tokens, generated: decoding.written.length },
    modelInput: progress.modelInput,
    settings,
    frameSeenBefore: progress.frameSeenBefore,
    timings: { ...progress.timings, firstTokenMilliseconds: decoding.firstTokenMilliseconds },
  };
}

const noEvidence = { labelLogProbability: null, boxLogProbability: null, choices: [], entropy: null };

/** Of a question that the model was not taught, and that nobody wanted to be answered all the same. */
export function refusedResult(
  settings: AnswerSettings,
  { question, tokens, timings }: AnswerProgress,
): AnswerResult {
  return {
    status: 'refused',
    label: null,
    box: null,
    items: [],
    reasoning: '',
    raw: '',
    probability: null,
    evidence: { ...noEvidence, ...(question && { question }) },
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
  // Of a list without a label of its own, what else its first item could have been says nothing of the whole.
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

/** Of the answer's label; of a list without one, of its items' labels together. */
function labelLogProbability(
  { labelRange, items }: Pick<ParsedAnswer, 'labelRange' | 'items'>,
  decoding: AnswerWriting,
): number | null {
  if (labelRange !== null || items.length === 0) return logProbabilityOf(labelRange, decoding);
  return together(items.map((item) => logProbabilityOf(item.labelRange, decoding)));
}

/** A model's calibration, where it is of the weights that answer. */
export function calibrationOf({
  calibration,
  source,
}: Partial<Pick<ModelManifest, 'calibration' | 'source'>>): ModelCalibration | null {
  const own = calibration !== undefined && calibration.weightsSha256 === source?.sha256;
  return own && source?.adapter === undefined ? calibration : null;
}

/** What is said of a calibration that is of other weights than those that answer. */
function foreignCalibration(manifest: Partial<Pick<ModelManifest, 'calibration' | 'source'>>): string[] {
  if (manifest.calibration === undefined || calibrationOf(manifest) !== null) return [];
  return ["The model's calibration is of other weights; its probability is as the model gave it."];
}

/** How likely an answer is right whose tokens have this log-probability together; see {@link ModelCalibration}. */
export function calibrated(logProbability: number, { slope, intercept }: ModelCalibration): number {
  // ln(p / (1 - p)), which has no end at p = 1; a token is never told to better than this.
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
  // A sum of logarithms of 32-bit shares can end up a hair above that of one.
  return Math.min(0, sum);
}
