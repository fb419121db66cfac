export { listActors, localActor, workstationActor } from './actors.ts';
export { MOST_BODY_BYTES, type ChangeContext, type Command } from './commit.ts';
export { changesOfCase, eraseCase } from './erase.ts';
export { byItself, ChangeRecord, mustBelong, type NewCommand } from './record.ts';
export type { WrittenHead } from './chain-check.ts';
export { changesSince } from './log.ts';
export { changesToCheck, verifyRecord, type Verified, type VerifyOptions } from './verify.ts';
