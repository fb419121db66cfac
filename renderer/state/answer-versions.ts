import type { Answer } from '../../preload/contract/index.ts';

type Staged = Pick<Answer, 'status'>;

const stageOf = ({ status }: Staged): number => (status === 'queued' ? 0 : status === 'running' ? 1 : 2);

/** Of two reports of one answer, the one that is further on: they may come in another order than they were sent. */
export const later = <Before extends Staged, Now extends Staged>(before: Before, now: Now): Before | Now =>
  stageOf(now) >= stageOf(before) ? now : before;

/** All versions of an answer as they are told now, none of them less far on than it was known to be. */
export function noEarlier(known: readonly Answer[], told: readonly Answer[]): Answer[] {
  const before = new Map(known.map((answer) => [answer.id, answer]));
  return told.map((answer) => later(before.get(answer.id) ?? answer, answer));
}
