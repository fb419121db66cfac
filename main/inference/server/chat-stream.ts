import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { MalformedStreamError, serverWords } from './connection-trouble.ts';

const TokenProbability = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)).nullish(),
});

/** A token as the server lists it, with its alternatives. */
const ListedToken = TokenProbability.extend({ top_logprobs: z.array(TokenProbability).nullish() });

const Count = z.int().min(0);
const Chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: z.string().nullish(),
            /** The text that a reasoning parser of the server has taken out of the content. */
            reasoning: z.string().nullish(),
            reasoning_content: z.string().nullish(),
          })
          .nullish(),
        logprobs: z.object({ content: z.array(ListedToken).nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: Count.nullish(),
      completion_tokens: Count.nullish(),
      prompt_tokens_details: z.object({ cached_tokens: Count.nullish() }).nullish(),
    })
    .nullish(),
});

/** A token's text with the natural logarithm of its probability. */
export interface TokenChoice {
  readonly text: string;
  readonly logProbability: number;
}

/** A token that the server wrote, with the likeliest that could have stood there. */
export interface ServerToken extends TokenChoice {
  readonly top: readonly TokenChoice[];
}

/** One event of the stream. */
export interface ChatChunk {
  readonly text: string;
  readonly tokens: readonly ServerToken[];
  /** Text that the server has parted from the answer as reasoning. */
  readonly reasoning: string;
  /** Null while it goes on. */
  readonly finish: string | null;
  readonly usage: { readonly prompt: number; readonly generated: number; readonly cached: number } | null;
}

/** No event of an answer is longer: its tokens come one or a few at a time. */
const longestEvent = 2 ** 20;

/**
 * Reads the events of a streamed chat completion.
 * @throws MalformedStreamError when an event is not one, when the server reports an error in mid-stream, or when
 *   the stream ends without its end mark; and what the body itself throws.
 */
export async function* readChatStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<ChatChunk> {
  const events: string[] = [];
  let trouble: string | null = null;
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ data }) => events.push(data),
    onError: ({ type }) => {
      // By the standard, a parser ignores unknown fields; text that is no event at all also arrives as one.
      if (type !== 'invalid-retry') trouble = 'sent something that is no stream of events';
    },
  });
  const decoder = new TextDecoder();
  let ended = false;
  for await (const piece of body) {
    parser.feed(decoder.decode(piece, { stream: true }));
    for (const data of events.splice(0)) {
      if (data === '[DONE]') ended = true;
      else if (!ended) yield parseChunk(data);
    }
    if (trouble !== null) throw new MalformedStreamError(trouble);
  }
  if (!ended) throw new MalformedStreamError('ended its answer without the end mark');
}

function parseChunk(data: string): ChatChunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new MalformedStreamError('sent an event that is not JSON');
  }
  if (typeof value === 'object' && value !== null && 'error' in value) {
    const words = serverWords(value);
    throw new MalformedStreamError(words === '' ? 'reported an error' : `reported an error: ${words}`);
  }
  const parsed = Chunk.safeParse(value);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new MalformedStreamError(`sent an event of another form than a chat completion's (at ${at})`);
  }
  const { choices, usage } = parsed.data;
  const choice = choices?.[0];
  return {
    text: choice?.delta?.content ?? '',
    reasoning: choice?.delta?.reasoning ?? choice?.delta?.reasoning_content ?? '',
    tokens: (choice?.logprobs?.content ?? []).map(({ top_logprobs: top, ...token }) => ({
      ...choiceOf(token),
      top: (top ?? []).map(choiceOf),
    })),
    finish: choice?.finish_reason ?? null,
    usage: usage
      ? {
          prompt: usage.prompt_tokens ?? 0,
          generated: usage.completion_tokens ?? 0,
          cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
        }
      : null,
  };
}

const bytesToText = new TextDecoder();

function choiceOf({ token, logprob, bytes }: z.infer<typeof TokenProbability>): TokenChoice {
  return {
    text: bytes ? bytesToText.decode(Uint8Array.from(bytes)) : token,
    logProbability: Math.min(0, logprob),
  };
}
