import { describe, expect, it } from 'vitest';
import { open, temporaryFolder } from './helpers.ts';
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
