import type { WorkstationEvent } from '../../preload/contract/index.ts';

export type AnswerText = Extract<WorkstationEvent, { type: 'answer-text' }>;

/** What a model has written so far, while it writes. Never with a hole: a lost word may turn its meaning round. */
export interface AnswerStream {
  readonly reasoning: string;
  /** Characters of the answer itself; null where some may have been missed. */
  readonly answerLength: number | null;
  readonly tokens: number;
}

export const noText: AnswerStream = { reasoning: '', answerLength: 0, tokens: 0 };

/**
 * The stream with one more piece of text, each where it says that it belongs. Null where it does not fit: something
 * before it was missed, or what is here belongs to an attempt that was given up. Then the answer has to be fetched.
 */
export function withPiece(
  stream: AnswerStream,
  { section, at, text, generatedTokens }: AnswerText,
): AnswerStream | null {
  const tokens = Math.max(stream.tokens, generatedTokens);
  if (section === 'answer') {
    const length = stream.answerLength ?? at;
    if (at > length) return null;
    return { ...stream, answerLength: Math.max(length, at + text.length), tokens };
  }
  const { reasoning } = stream;
  if (at > reasoning.length) return null;
  const known = reasoning.slice(at, at + text.length);
  if (!text.startsWith(known)) return null;
  return { ...stream, reasoning: reasoning + text.slice(known.length), tokens };
}

/**
 * The stream after the answer was fetched, whose text is whole but may be older than the last pieces that came: those
 * stay where they go on from it.
 */
export function withFetched(stream: AnswerStream, reasoning: string): AnswerStream {
  const ahead = stream.reasoning.startsWith(reasoning);
  return { ...stream, reasoning: ahead ? stream.reasoning : reasoning, answerLength: null };
}
