import type { Answer } from '../../preload/contract/index.ts';

const stageOf = ({ status }: Answer): number => (status === 'queued' ? 0 : status === 'running' ? 1 : 2);

/** Of two reports of one answer, the one that is further on: they may come in another order than they were sent. */
export const later = (before: Answer, now: Answer): Answer =>
  stageOf(now) >= stageOf(before) ? now : before;

/** Versions of an answer as they were known and as they are told now, oldest first. */
export function mergedVersions(known: readonly Answer[], told: readonly Answer[]): Answer[] {
  const merged = new Map(known.map((answer) => [answer.id, answer]));
  for (const answer of told) {
    const before = merged.get(answer.id);
    merged.set(answer.id, before ? later(before, answer) : answer);
  }
  return [...merged.values()];
}
