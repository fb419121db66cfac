export { listActors, localActor, workstationActor } from './actors.ts';
export { MOST_BODY_BYTES, type ChangeContext, type Command } from './commit.ts';
export { changesOfCase, eraseCase } from './erase.ts';
export { byItself, ChangeRecord, mustBelong, type NewCommand } from './record.ts';
export type { WrittenHead } from './chain-check.ts';
export { runCheck, runCheckInTurns, verifyRecord, type VerifyOptions } from './verify.ts';
