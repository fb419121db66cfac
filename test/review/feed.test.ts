import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore, type Store } from '../../main/store/index.ts';
import type { Case, WorkstationEvent } from '../../preload/contract/index.ts';
import { testContext } from '../context.ts';
import { Bench, ScriptedEngine, silent } from './helpers.ts';

/** A second connection stands for another process: SQLite's count of what others committed is kept for each connection. */
let bench: Bench;
let other: Store;
let made: Case;
beforeEach(async () => {
  bench = new Bench(new ScriptedEngine());
  other = openStore({ home: bench.home, now: Date.now, log: silent });
  made = await bench.calls.createCase({ pseudonym: 'Case 1' });
  bench.events = [];
});
afterEach(async () => {
  other.close();
  await bench.remove();
});

const changes = () =>
  bench.events.filter(
    (event): event is Extract<WorkstationEvent, { type: 'changes' }> => event.type === 'changes',
  );
const seqs = () => changes().flatMap((event) => event.changes.map(({ seq }) => seq));

function renameElsewhere(before: Case, pseudonym: string): Case {
  const after = { ...before, pseudonym };
  other.record.addActor({ id: testContext().actor, kind: 'person', name: 'tester' });
  const command = { name: 'case.rename', caseId: before.id, sessionId: null };
  other.record.commit(testContext(), command, [{ entity: 'case', id: before.id, before, after }]);
  return after;
}

it('what another process commits is told once, in its place, with what this one commits behind it', async () => {
  const first = bench.store.record.seq;
  let now = made;
  for (let step = 0; step < 5; step += 1) now = renameElsewhere(now, `Case 1.${step}`);
  // Committed before anybody has looked: what the others did comes first all the same.
  await bench.calls.renameCase({ caseId: made.id, pseudonym: 'Case 2' });
  expect(seqs()).toEqual([1, 2, 3, 4, 5, 6].map((later) => first + later));
  expect(changes().at(-1)?.changes.at(-1)?.edits).toMatchObject([{ after: { pseudonym: 'Case 2' } }]);
  await new Promise((looked) => setTimeout(looked, 500));
  expect(seqs()).toHaveLength(6);
  renameElsewhere({ ...made, pseudonym: 'Case 2' }, 'Case 3');
  await expect.poll(() => seqs().length).toBe(7);
});

it('what another process writes that is no change is not told', async () => {
  const { database } = other;
  database.run({
    name: 'a setting',
    sql: `INSERT INTO settings (name, value) VALUES ('lastVideoFolder', '"/x"')`,
  });
  await new Promise((looked) => setTimeout(looked, 500));
  expect(changes()).toEqual([]);
});

it('a database that takes the place of another is said, and its own changes are told from there on', async () => {
  for (let step = 0; step < 4; step += 1)
    await bench.calls.renameCase({ caseId: made.id, pseudonym: `Case 1.${step}` });
  bench.events = [];
  bench.review.databaseReplaced();
  expect(bench.events).toEqual([{ type: 'replaced' }]);
  await bench.calls.renameCase({ caseId: made.id, pseudonym: 'Case 9' });
  expect(seqs()).toEqual([bench.store.record.seq]);
});
