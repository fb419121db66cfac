import { bytesInWords } from '../../main/platform/bytes-in-words.ts';
import { readHeartbeat } from '../../main/inference/processes/heartbeat.ts';
import { describe, expect, test } from 'vitest';
import { explainExit } from '../../main/inference/processes/process-exit.ts';
import {
  ProcessWatch,
  usualMemoryCeiling,
  usualWatchLimits,
} from '../../main/inference/engine/engine-watch.ts';

const limits = { ...usualWatchLimits, memoryCeilingBytes: 2 ** 30 };
const second = (count: number, act: () => unknown): void => {
  for (let at = 0; at < count; at += 1) act();
};

describe('which silence is a hang', () => {
  test('an idle process that beats is left alone for as long as one likes', () => {
    const watch = new ProcessWatch(limits, 1);
    second(2000, () => {
      watch.heard();
      watch.heartbeat(0);
      expect(watch.tick(null)).toBeNull();
    });
  });

  test('an idle thread that is silent is hung, though its second thread goes on', () => {
    const watch = new ProcessWatch(limits, 1);
    const tick = () => {
      watch.heartbeat(0);
      return watch.tick(null);
    };
    second(30, () => expect(tick()).toBeNull());
    expect(tick()).toEqual({ kind: 'hung', reason: 'stopped responding: no sign of life for 30 s' });
  });

  test('a long run that uses the processor is no hang until it has taken too long', () => {
    const watch = new ProcessWatch(limits, 1);
    let processor = 0;
    const tick = () => {
      watch.heartbeat((processor += 1500));
      return watch.tick('vision');
    };
    second(900, () => expect(tick()).toBeNull());
    expect(tick()).toEqual({
      kind: 'hung',
      reason: 'stopped responding while it looked at the frame: one step took more than 900 s',
    });
    watch.heard();
    expect(tick()).toBeNull();
  });

  test('a run that waits for what does not come is one sooner', () => {
    const watch = new ProcessWatch(limits, 1);
    const tick = () => {
      watch.heartbeat(40);
      return watch.tick('load');
    };
    // The first tick sees the 40 ms, which count as work.
    second(121, () => expect(tick()).toBeNull());
    expect(tick()?.reason).toBe(
      'stopped responding while it loaded the model: it waited 120 s for something that did not come',
    );
  });

  test('a process that is silent altogether is one sooner still, at work too', () => {
    const watch = new ProcessWatch(limits, 0.5);
    watch.heartbeat(10);
    second(60, () => expect(watch.tick('decode')).toBeNull());
    expect(watch.tick('decode')?.reason).toMatch(/while it wrote the answer: no sign of life for 30 s/);
  });

  test('without a second thread, only a long step counts', () => {
    const watch = new ProcessWatch(limits, 1);
    second(300, () => expect(watch.tick('decode')).toBeNull());
    expect(watch.tick('decode')?.reason).toMatch(/one step took more than 300 s/);
  });
});

describe('memory', () => {
  test('more than the ceiling is said at once', () => {
    const watch = new ProcessWatch(limits, 1);
    expect(watch.resident(2 ** 30)).toBeNull();
    expect(watch.resident(2 ** 30 + 1)).toEqual({
      kind: 'memory',
      reason: 'memory ceiling of 1.0 GB reached',
    });
  });

  test('the usual ceiling follows what is free, and stays between 512 MB and what there is', () => {
    const gibibyte = 2 ** 30;
    expect(usualMemoryCeiling(10 * gibibyte, 16 * gibibyte)).toBe(9 * gibibyte);
    expect(usualMemoryCeiling(gibibyte / 8, 4 * gibibyte)).toBe(gibibyte / 2);
    expect(usualMemoryCeiling(gibibyte / 8, gibibyte / 4)).toBe(gibibyte / 4);
  });

  test('bytes in words', () => {
    expect([640 * 2 ** 20, 2 ** 30, 5.25 * 2 ** 30].map(bytesInWords)).toEqual([
      '640 MB',
      '1.0 GB',
      '5.3 GB',
    ]);
  });
});

test('a pulse is told from what else a process writes', () => {
  expect(readHeartbeat('heartbeat 123456 789')).toEqual({
    residentBytes: 123456,
    processorMilliseconds: 789,
  });
  for (const line of ['heartbeat 1', 'heartbeat a b', 'x heartbeat 1 2', '']) {
    expect(readHeartbeat(line)).toBeNull();
  }
});

describe('why a process ended', () => {
  test.each([
    ['signal SIGKILL', /^signal SIGKILL: ended from outside, most often by the system when memory runs out$/],
    ['signal SIGSEGV', /: a fault in the runtime$/],
    ['signal SIGABRT', /: the runtime gave up/],
    ['signal SIGILL', /instructions that this processor does not have/],
    ['exit code 139', /: a fault in the runtime$/],
    ['exit code 9', /: ended from outside/],
    ['exit code 3221225477', /: a fault in the runtime$/],
    ['exit code -1073741819', /: a fault in the runtime$/],
    ['exit code 3221225495', /: memory ran out$/],
    ['exit code 1', /^exit code 1$/],
    ['exit code 0', /^exit code 0$/],
    ['exit code 129', /: ended from outside$/],
    ['it could not be started: spawn EAGAIN', /^it could not be started: spawn EAGAIN$/],
  ])('%s', (reason, expected) => {
    expect(explainExit(reason).words).toMatch(expected);
  });

  test('what it wrote last can tell more than its signal', () => {
    const lines = [
      'loading',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    ];
    expect(explainExit('signal SIGTRAP', lines)).toEqual({
      cause: 'memory',
      words: 'signal SIGTRAP: memory ran out',
    });
    expect(explainExit('exit code 1', ['terminate called after throwing std::bad_alloc']).words).toMatch(
      /memory/,
    );
  });
});
