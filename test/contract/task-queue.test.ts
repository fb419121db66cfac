import { expect, test } from 'vitest';
import { TaskQueue } from '../../preload/contract/task-queue.ts';

/** Tasks that end when they are told to, and say when they begin. */
function heldTasks(): {
  begun: string[];
  task: (name: string) => () => Promise<string>;
  end: (name: string) => void;
} {
  const begun: string[] = [];
  const ends = new Map<string, (name: string) => void>();
  return {
    begun,
    task: (name) => () => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    },
    end: (name) => ends.get(name)!(name),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('begins in order: some together, some alone', async () => {
  const queue = new TaskQueue({ most: () => 2 });
  const { begun, task, end } = heldTasks();
  const done = ['a', 'b', 'c', 'load', 'd'].map((name) => queue.run(task(name), { alone: name === 'load' }));
  expect(queue.idle).toBe(false);
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  end('a');
  await settled();
  // What has to be alone waits for all before it, and all after it wait for that.
  expect(begun).toEqual(['a', 'b', 'c']);
  end('c');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'load']);
  end('load');
  await settled();
  end('d');
  expect(await Promise.all(done)).toEqual(['a', 'b', 'c', 'load', 'd']);
  expect(queue.idle).toBe(true);
});

test('a task that fails ends its turn, also one that throws at once', async () => {
  const queue = new TaskQueue();
  await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const thrown = queue.run(() => {
    throw new Error('at once');
  });
  await expect(thrown).rejects.toThrow('at once');
  await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1);
});

test('what waits is withdrawn at once, never begins, and keeps none waiting', async () => {
  const queue = new TaskQueue({ most: () => 2 });
  const { begun, task, end } = heldTasks();
  const running = queue.run(task('first'));
  const controller = new AbortController();
  const alone = queue.run(task('alone'), { alone: true, signal: controller.signal });
  const after = queue.run(task('after'));
  expect(begun).toEqual(['first']);
  controller.abort();
  await expect(alone).rejects.toMatchObject({ code: 'cancelled' });
  expect(begun).toEqual(['first', 'after']);
  const late = queue.run(task('late'), { signal: controller.signal });
  await expect(late).rejects.toMatchObject({ code: 'cancelled' });
  end('first');
  end('after');
  expect(await Promise.all([running, after])).toEqual(['first', 'after']);
  expect(begun).not.toContain('late');
});

test('a task that has begun heeds the signal itself', async () => {
  const queue = new TaskQueue();
  const { task, end } = heldTasks();
  const controller = new AbortController();
  const running = queue.run(task('a'), { signal: controller.signal });
  controller.abort();
  end('a');
  expect(await running).toBe('a');
});

test('the higher priority goes first, equal ones in the order of asking', async () => {
  const queue = new TaskQueue();
  const { begun, task, end } = heldTasks();
  const done = [
    queue.run(task('first')),
    ...['low 1', 'low 2'].map((name) => queue.run(task(name), { priority: -1 })),
    ...['high 1', 'high 2'].map((name) => queue.run(task(name), { priority: 1 })),
    queue.run(task('usual')),
  ];
  for (const name of ['first', 'high 1', 'high 2', 'usual', 'low 1', 'low 2']) {
    end(name);
    await settled();
  }
  await Promise.all(done);
  expect(begun).toEqual(['first', 'high 1', 'high 2', 'usual', 'low 1', 'low 2']);
});

test('where tasks hand on, the next begins only then, or when the one before ends', async () => {
  const queue = new TaskQueue({ most: () => 3, handingOn: true });
  const begun: string[] = [];
  const handed = new Map<string, () => void>();
  const ended = new Map<string, () => void>();
  const withdraws = ['a', 'b', 'c', 'd', 'e'].map((name) =>
    queue.add((handOn) => {
      begun.push(name);
      handed.set(name, handOn);
      return new Promise((resolve) => ended.set(name, resolve));
    }),
  );
  expect(begun).toEqual(['a']);
  handed.get('a')!();
  expect(begun).toEqual(['a', 'b']);
  // Handing on twice begins nothing more.
  handed.get('a')!();
  expect(begun).toEqual(['a', 'b']);
  ended.get('b')!();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  handed.get('c')!();
  handed.get('b')!();
  // Three may run together: a, c and one more.
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  expect(withdraws[4]!()).toBe(true);
  expect(withdraws[4]!()).toBe(false);
  expect(withdraws[0]!()).toBe(false);
  let idle = false;
  const whenIdle = queue.onIdle().then(() => (idle = true));
  for (const name of ['a', 'c']) ended.get(name)!();
  await settled();
  expect(idle).toBe(false);
  ended.get('d')!();
  await whenIdle;
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('at least one runs, and a limit that grows is heeded when the next one ends', async () => {
  let most = 0;
  const queue = new TaskQueue({ most: () => most });
  const { begun, task, end } = heldTasks();
  const done = ['a', 'b', 'c', 'd'].map((name) => queue.run(task(name)));
  expect(begun).toEqual(['a']);
  most = 2;
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  end('b');
  end('c');
  await settled();
  end('d');
  await Promise.all(done);
});
