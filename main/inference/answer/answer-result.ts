import type { AnswerEvidence, AnswerSettings } from '../../../preload/contract/domain.ts';
import type { ModelManifest } from '../../../preload/contract/model.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { usualAbsentLabel } from './answer-constraints.ts';
import type { AnswerDecoding, WrittenToken } from './answer-decoding.ts';
import { parseAnswer, type ParsedAnswer, type TextEnding } from './answer-parser.ts';
import { noTimings, type AnswerResult } from '../engine/engine-messages.ts';

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
  readonly timings: AnswerResult['timings'];
}

/** Of an answer of which nothing is written yet. */
export function newProgress<Writing extends AnswerWriting>(decoding: Writing): AnswerProgress<Writing> {
  return {
    decoding,
    tokens: { prompt: 0, image: 0 },
    modelInput: null,
    frameSeenBefore: false,
    timings: { ...noTimings },
  };
}

/** What was written, read by the model's format, with what its own numbers say of it. */
export function answerResult(
  manifest: Pick<ModelManifest, 'coordinateSpace' | 'labels' | 'answerFormat'>,
  frame: Size,
  settings: AnswerSettings,
  progress: AnswerProgress<AnswerWriting>,
  ending: TextEnding,
): AnswerResult {
  const { decoding } = progress;
  const parsed = parseAnswer(decoding.raw, {
    mapping: { space: manifest.coordinateSpace, resized: progress.modelInput ?? frame, source: frame },
    absentLabels: [manifest.labels?.absent ?? usualAbsentLabel],
    ending,
    format: manifest.answerFormat,
  });
  const evidence = ending === 'end-token' ? evidenceOf(parsed, decoding) : null;
  const label = logProbabilityOf(parsed.labelRange, decoding);
  return {
    status: parsed.status,
    label: parsed.label,
    box: parsed.box,
    reasoning: parsed.reasoning,
    raw: decoding.raw,
    probability: label === null ? null : Math.exp(label),
    evidence,
    notes: [...decoding.notes, ...parsed.notes],
    tokens: { ...progress.tokens, generated: decoding.written.length },
    modelInput: progress.modelInput,
    settings,
    frameSeenBefore: progress.frameSeenBefore,
    timings: { ...progress.timings, firstTokenMilliseconds: decoding.firstTokenMilliseconds },
  };
}

function evidenceOf(parsed: ParsedAnswer, decoding: AnswerWriting): AnswerEvidence {
  return {
    labelLogProbability: logProbabilityOf(parsed.labelRange, decoding),
    // Of the digits: what stands between them is the format's.
    boxLogProbability:
      parsed.box === null ? null : logProbabilityOf(parsed.boxRange, decoding, (text) => /\d/.test(text)),
    choices: decoding.choices,
    entropy: decoding.entropy,
  };
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
