import { expect, test } from 'vitest';
import { Turns } from '../../main/platform/task-queue.ts';

/** Work that ends when it is told to, and says when it begins. */
function held(name: string, begun: string[]): { work: () => Promise<string>; end: () => void } {
  const ended = Promise.withResolvers<string>();
  return {
    work: () => {
      begun.push(name);
      return ended.promise;
    },
    end: () => ended.resolve(name),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const prepare = (): Promise<void> => Promise.resolve();

test('begins in order: some of it together, some alone', async () => {
  const turns = new Turns(() => 2);
  const begun: string[] = [];
  const pieces = ['a', 'b', 'c', 'load', 'd'].map((name) => ({ name, ...held(name, begun) }));
  const done = pieces.map(({ name, work }) =>
    name === 'load'
      ? turns.take(work)
      : turns.takeUnlessStopped(
          undefined,
          () => 'stopped',
          prepare,
          () => work(),
        ),
  );
  expect(turns.idle).toBe(false);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  pieces[1]!.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  pieces[0]!.end();
  await settled();
  // What has to be alone waits for all before it, and all after it wait for that.
  expect(begun).toEqual(['a', 'b', 'c']);
  pieces[2]!.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'load']);
  pieces[3]!.end();
  pieces[4]!.end();
  expect(await Promise.all(done)).toEqual(['a', 'b', 'c', 'load', 'd']);
  expect(turns.idle).toBe(true);
});

test('work that fails ends its turn', async () => {
  const turns = new Turns();
  await expect(turns.take(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(turns.take(() => Promise.resolve(1))).resolves.toBe(1);
});

test('who waits is stopped at once, and keeps none waiting', async () => {
  const turns = new Turns();
  const begun: string[] = [];
  const first = held('first', begun);
  const running = turns.take(first.work);
  const controller = new AbortController();
  const waiting = turns.takeUnlessStopped(
    controller.signal,
    () => 'stopped',
    prepare,
    () => Promise.resolve('done'),
  );
  controller.abort();
  expect(await waiting).toBe('stopped');
  first.end();
  expect(await running).toBe('first');
  expect(await turns.take(() => Promise.resolve('next'))).toBe('next');
});
