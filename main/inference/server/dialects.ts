import type { AnswerSettings } from '../../../preload/contract/domain.ts';
import type { AnswerPattern } from './answer-pattern.ts';
import type { ServerConfiguration } from './configuration.ts';

/** The program that serves, as far as it matters what it is. */
export type Software = Exclude<ServerConfiguration['software'], 'auto'>;

export interface ServedModel {
  readonly software: Software;
  /** Of the program, such as `0.11.0`; null where it doesn't say. */
  readonly version: string | null;
  /** Tokens of question, picture and answer together; null where the server doesn't say. */
  readonly contextTokens: number | null;
}

export interface ChatRequest {
  readonly model: string;
  readonly question: string;
  /** PNG of exactly the size that the model sees, of each picture in its order. */
  readonly pictures: readonly Buffer[];
  /** The answer's beginning, to be gone on with; null for a new answer. */
  readonly begun: string | null;
  readonly settings: AnswerSettings;
  readonly maxTokens: number;
  readonly pattern: AnswerPattern | null;
  readonly structuredOutput: ServerConfiguration['structuredOutput'];
  /** Text at which the server cuts the answer off; null to let the model end it. */
  readonly stop: string | null;
}

/** The most alternatives of a token that vLLM lists unless it is started with another `--max-logprobs`. */
const listedAlternatives = 20;
/** For a server that doesn't say how much it holds. */
const usualContext = 8192;

/** The body of a streamed chat completion, with what each program names in its own way. */
export function chatBody(request: ChatRequest, served: ServedModel): Record<string, unknown> {
  const { settings, pictures, question } = request;
  return {
    model: request.model,
    messages: [
      {
        role: 'user',
        content: [
          ...pictures.map((picture) => ({
            type: 'image_url',
            image_url: { url: `data:image/png;base64,${picture.toString('base64')}` },
          })),
          { type: 'text', text: question },
        ],
      },
      ...(request.begun === null ? [] : [{ role: 'assistant', content: request.begun }]),
    ],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: request.maxTokens,
    temperature: settings.temperature,
    top_p: settings.topP,
    // Every setting is sent: a missing one would be the server's own default, and the stored settings untrue.
    top_k: settings.topK === 0 ? -1 : settings.topK,
    seed: settings.seed,
    logprobs: true,
    top_logprobs: listedAlternatives,
    ...ownParameters(request, served),
    ...(request.begun === null ? structured(request, served) : {}),
  };
}

function ownParameters({ settings, stop, begun }: ChatRequest, served: ServedModel): object {
  const repetition = settings.repetitionPenalty;
  switch (served.software) {
    case 'llama-server':
      return {
        repeat_penalty: repetition,
        // The whole text counts, as with the others.
        repeat_last_n: served.contextTokens ?? usualContext,
        // Otherwise `<think>` is taken out of the text.
        reasoning_format: 'none',
        cache_prompt: true,
      };
    case 'sglang':
      return {
        repetition_penalty: repetition,
        separate_reasoning: false,
        ...(stop === null ? {} : { stop: [stop], no_stop_trim: true }),
        ...(begun === null ? {} : { continue_final_message: true }),
      };
    case 'vllm':
      return {
        repetition_penalty: repetition,
        ...(stop === null ? {} : { stop: [stop], include_stop_str_in_output: true }),
        ...(begun === null ? {} : { continue_final_message: true, add_generation_prompt: false }),
      };
    case 'other':
      return repetition === 1 ? {} : { repetition_penalty: repetition };
  }
}

/**
 * Whether the probabilities of an answer that was held to a pattern are among what the pattern allows, rather than
 * among all texts: vLLM and SGLang mask the scores before they compute them, llama-server computes them first.
 */
export const masksProbabilities = ({ software }: ServedModel): boolean => software !== 'llama-server';

/** Whether an answer that has begun can be gone on with, which weighing labels takes. */
export const canContinue = ({ software }: ServedModel): boolean => software !== 'other';

function structured({ pattern, structuredOutput: wanted }: ChatRequest, served: ServedModel): object {
  if (pattern === null || wanted === 'none') return {};
  const schema = pattern.jsonSchema;
  const asSchema =
    schema === null
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } };
  if (wanted === 'json_schema') return asSchema;
  switch (served.software) {
    case 'vllm':
      return isBefore(served.version, [0, 11])
        ? { guided_regex: pattern.regex }
        : { structured_outputs: { regex: pattern.regex } };
    case 'sglang':
      return { regex: pattern.regex };
    case 'llama-server':
      return { grammar: pattern.grammar };
    case 'other':
      return wanted === 'regex' ? { structured_outputs: { regex: pattern.regex } } : asSchema;
  }
}

/** An unknown version counts as a new one. */
function isBefore(version: string | null, [major, minor]: readonly [number, number]): boolean {
  const found = version?.match(/^v?(\d+)\.(\d+)/);
  if (!found) return false;
  const [foundMajor, foundMinor] = [Number(found[1]), Number(found[2])];
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}
