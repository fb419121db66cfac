import { describe, expect, it } from 'vitest';
import { open, temporaryFolder } from './helpers.ts';
import { killWhileCommitting } from './record-kills.ts';
import { RecordModel } from './record-model.ts';

const seeds = Array.from({ length: 20 }, (_, index) => 1000 + index);

describe('random commands, undos, redos, restarts and other people', () => {
  it.each(seeds)('seed %i: tables, fold of the log and model are equal', (seed) => {
    const home = temporaryFolder();
    const model = new RecordModel(seed, () => open(home));
    model.run(120);
    expect(model.store.record.seq).toBeGreaterThan(40);
  });
});

describe('a process that is killed while it commits', () => {
  it('loses nothing that it had said was accepted, and nothing is there twice', async () => {
    const home = temporaryFolder();
    let accepted = 0;
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) accepted += (await killWhileCommitting(home, seed)).accepted;
    expect(accepted).toBeGreaterThan(0);
  });
});
