import { parseAnswerText } from '../grammar/answer-parser.ts';
import { EngineLostError, type AskRequest, type PartialAnswer } from './engine.ts';
import { ProcessLost, StopOverdue, type EngineProcess } from './engine-link.ts';
import { ceilingHint } from '../model/memory-estimate.ts';
import { noTimings, type AnswerResult, type EngineSettings } from '../messages.ts';

/**
 * Asks a running process one question, and keeps what it writes in case it is lost.
 * @throws EngineLostError with the partial text; ProcessLost where nothing was written yet and the process had others
 *   to answer too; WorkstationError as the engine says.
 */
export async function askProcess(
  engine: EngineProcess,
  request: AskRequest,
  hardStopMilliseconds: number,
): Promise<AnswerResult> {
  let raw = '';
  let generatedTokens = 0;
  const partial = (): PartialAnswer => {
    const { label, reasoning } = parseAnswerText(raw);
    return { raw, label, reasoning, generatedTokens };
  };
  try {
    return await engine.ask(
      {
        frame: request.frame,
        ...(request.region && { region: request.region }),
        question: request.question,
        settings: request.settings ?? {},
        reproducible: request.reproducible ?? false,
        onlyTaught: request.onlyTaught ?? false,
        onlyLike: request.onlyLike ?? false,
      },
      {
        ...(request.signal ? { signal: request.signal } : {}),
        hardStopMilliseconds,
        onText: (message) => {
          raw += message.raw;
          generatedTokens = message.generatedTokens;
          request.onRaw?.(raw);
          for (const { section, text } of message.shown) {
            request.onToken?.({ section, text, generatedTokens });
          }
        },
      },
    );
  } catch (error) {
    if (error instanceof StopOverdue) return stoppedAnswer(request.settings, partial());
    if (!(error instanceof ProcessLost)) throw error;
    if (request.signal?.aborted) return stoppedAnswer(request.settings, partial());
    if (raw === '' && error.calls > 1 && error.device === null) throw error;
    throw new EngineLostError(
      error.message,
      partial(),
      error.kind === 'memory' ? ceilingHint : undefined,
      error.device,
    );
  }
}

const emptyPartial: PartialAnswer = { raw: '', reasoning: '', label: null, generatedTokens: 0 };

/** A stop that the engine itself could not report: it had not begun, or was ended by force. */
export function stoppedAnswer(
  settings: EngineSettings = {},
  partial: PartialAnswer = emptyPartial,
): AnswerResult {
  return {
    status: 'stopped',
    label: partial.label,
    box: null,
    items: [],
    reasoning: partial.reasoning,
    raw: partial.raw,
    probability: null,
    evidence: null,
    notes: [],
    tokens: { prompt: 0, image: 0, generated: partial.generatedTokens },
    modelInput: null,
    settings: {
      temperature: settings.temperature ?? 0,
      topK: settings.topK ?? 0,
      topP: settings.topP ?? 1,
      repetitionPenalty: settings.repetitionPenalty ?? 1,
      seed: settings.seed ?? 0,
      maxNewTokens: settings.maxNewTokens ?? null,
    },
    frameSeenBefore: false,
    timings: { ...noTimings },
  };
}
