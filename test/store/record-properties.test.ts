import { describe, expect, it } from 'vitest';
import { open, temporaryFolder } from './helpers.ts';
import { killWhileCommitting } from './record-kills.ts';
import { RecordModel } from './record-model.ts';

const killSeeds = Array.from({ length: 20 }, (_, index) => 1 + index);
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
    let accepted = 0;
    // Two data folders side by side, in each of which ten processes follow one another.
    const lane = async (seeds: readonly number[]): Promise<void> => {
      const home = temporaryFolder();
      for (const seed of seeds) accepted += (await killWhileCommitting(home, seed)).accepted;
    };
    await Promise.all([lane(killSeeds.slice(0, 10)), lane(killSeeds.slice(10))]);
    expect(accepted).toBeGreaterThan(0);
  });
});
