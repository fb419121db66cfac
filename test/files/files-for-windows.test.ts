import { expect, it } from 'vitest';
import { FilesForWindows } from '../../main/files/index.ts';
import { windowId, type GrantId } from '../../preload/contract/index.ts';

const file = (name: string) => ({ grantId: name as GrantId, name });
const one = windowId('electron', '11111111');
const other = windowId('electron', '22222222');

it('gives each file once, to the window that it is for, in the order that they came', () => {
  const files = new FilesForWindows();
  files.offer(file('a'), one);
  files.offer(file('b'), other);
  files.offer(file('c'), null);
  files.offer(file('d'), one);
  expect(files.take(other, false)).toEqual([file('b')]);
  expect(files.take(one, false)).toEqual([file('a'), file('d')]);
  expect(files.take(one, false)).toEqual([]);
  // What waits for the next window goes to none that is there.
  expect(files.take(windowId('web', '33333333'), true)).toEqual([file('c')]);
  expect(files.take(one, true)).toEqual([]);
});
