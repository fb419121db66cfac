import {
  awaitsVerdict,
  decisionWords,
  type ActorId,
  type AnswerSummary,
  type Decision,
  type EntrySummary,
} from '../../preload/contract/index.ts';

/** Where a question stands in the review: its newest answer is judged by this person, or waits for that. */
export type ReviewState = 'open' | Decision;

/** In the order in which the list offers them. */
export const reviewStates = [
  'open',
  'accepted',
  'corrected',
  'rejected',
] as const satisfies readonly ReviewState[];

/** Null for an answer that nobody has to judge: it is still written, or there is none. */
export function reviewStateOf(
  { status, decisions }: Pick<AnswerSummary, 'status' | 'decisions'>,
  actor: ActorId | null,
): ReviewState | null {
  const own = decisions.find((one) => one.actor === actor);
  if (own) return own.decision;
  return awaitsVerdict(status) ? 'open' : null;
}

/** How many questions stand in each state. */
export function countStates(
  entries: readonly EntrySummary[],
  actor: ActorId | null,
): Record<ReviewState, number> {
  const counts: Record<ReviewState, number> = { open: 0, accepted: 0, corrected: 0, rejected: 0 };
  for (const { newest } of entries) {
    const state = reviewStateOf(newest, actor);
    if (state !== null) counts[state] += 1;
  }
  return counts;
}

export const stateWord = (state: ReviewState): string => decisionWords[state].word;

/** "Accepted": as a word of its own. */
export const stateTitle = (state: ReviewState): string =>
  stateWord(state).replace(/^./, (letter) => letter.toUpperCase());
