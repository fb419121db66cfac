import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { answers, endAnswer, videos, type Store } from '../../main/store/index.ts';
import { LEASE_MILLISECONDS, Tasks } from '../../main/store/tasks.ts';
import type { AnswerId } from '../../preload/contract/values.ts';
import { open, temporaryFolder } from './helpers.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';
import { addAnswer, addCase, addQuestion, addSession } from './write.ts';

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const input = { settings: { seed: 3 }, anyway: true };

/** Questions that wait, the tasks of a workstation in a process that lives. */
function waiting(store: Store, ids: readonly string[]): Tasks {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(other);
  const tasks = new Tasks(store.database, { id: 'other', processId: other.pid! });
  addCase(store, aCase('c'));
  videos.insertVideo(store.database, aVideo('v', 'c'));
  addSession(store, { id: 's', caseId: 'c', videoId: 'v' });
  for (const id of ids) {
    addQuestion(store, aQuestion(`q-${id}`, 's'));
    addAnswer(store, runningAnswer(id, `q-${id}`, 's', { status: 'queued' }), other.pid);
    tasks.add({ answerId: id as AnswerId, input }, { outlivesOwner: true, now: noon });
  }
  return tasks;
}

const x = 'x' as AnswerId;

it('a lease that runs out is taken over; who had it can neither begin nor end it any more', () => {
  const store = open(temporaryFolder());
  const other = waiting(store, ['x', 'y']);
  expect(other.begin(x, noon)).toBe(true);
  expect(store.tasks.takeOver(noon + LEASE_MILLISECONDS)).toEqual([]);
  expect(store.tasks.begin(x, noon)).toBe(false);

  other.renew(noon + 60_000);
  expect(store.tasks.takeOver(noon + LEASE_MILLISECONDS + 1)).toEqual([]);
  const later = noon + 60_000 + LEASE_MILLISECONDS + 1;
  const taken = store.tasks.takeOver(later);
  expect(taken).toEqual([
    { answerId: 'x', state: 'waiting', input, attempts: 1 },
    { answerId: 'y', state: 'waiting', input, attempts: 0 },
  ]);
  expect(store.tasks.takeOver(later)).toEqual([]);
  expect(answers.findAnswer(store.database, x)).toMatchObject({ status: 'queued', raw: '' });

  expect(other.begin(x, later)).toBe(false);
  expect(other.pause(x)).toBe(false);
  const silent = { database: store.database, record: store.record, tasks: other };
  expect(endAnswer(silent, fullAnswer('x', 'q-x', 's'))).toBe(false);

  expect(store.tasks.begin(x, later)).toBe(true);
  expect(store.tasks.begin(x, later)).toBe(false);
  expect(endAnswer(store, fullAnswer('x', 'q-x', 's'))).toBe(true);
  expect(store.tasks.list()).toMatchObject([{ answerId: 'y' }]);
});

it('what a command asked ends with it, and is no task any more', async () => {
  const store = open(temporaryFolder());
  waiting(store, []);
  const command = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(command);
  addQuestion(store, aQuestion('q', 's'));
  addAnswer(store, runningAnswer('x', 'q', 's'), command.pid);
  const of = new Tasks(store.database, { id: 'command', processId: command.pid! });
  of.add({ answerId: x, input }, { outlivesOwner: false, now: noon });
  expect(store.endAbandoned()).toBe(0);
  expect(store.tasks.takeOver(noon + 10 * LEASE_MILLISECONDS)).toEqual([]);
  const gone = once(command, 'exit');
  command.kill('SIGKILL');
  await gone;
  expect(store.endAbandoned()).toBe(1);
  expect(answers.findAnswer(store.database, x)).toMatchObject({ status: 'stopped' });
  expect(store.tasks.list()).toEqual([]);
});

it('a task is added with its question or not at all', () => {
  const store = open(temporaryFolder());
  const other = waiting(store, []);
  const adding = () =>
    store.database.transaction(() => {
      other.add({ answerId: x, input }, { outlivesOwner: true, now: noon });
      throw new Error('the disk is full');
    });
  expect(adding).toThrow('the disk is full');
  expect(store.tasks.list()).toEqual([]);
});

it('two workstations that take over at the same moment never get the same', async () => {
  const home = temporaryFolder();
  const ids = Array.from({ length: 40 }, (_, index) => `a${index}`);
  const store = open(home);
  waiting(store, ids);
  const script = new URL('taking-process.ts', import.meta.url).pathname;
  const takers = [1, 2].map(() => {
    const child = spawn(process.execPath, [script, home, String(noon + 2 * LEASE_MILLISECONDS)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, line: async () => ((await lines.next()) as IteratorYieldResult<string>).value };
  });
  for (const { line } of takers) expect(await line()).toBe('open');
  for (const { child } of takers) child.stdin.write('take\n');
  const taken = await Promise.all(takers.map(async ({ line }) => JSON.parse(await line()) as string[]));
  for (const { child } of takers) {
    child.stdin.write('end\n');
    await once(child, 'exit');
  }
  expect(taken.flat().sort()).toEqual([...ids].sort());
});
