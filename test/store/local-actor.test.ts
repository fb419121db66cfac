import { expect, it } from 'vitest';
import { localActor } from '../../main/store/index.ts';
import { open, temporaryFolder } from './helpers.ts';

it('an account is the same actor for every process and at every start, and another account another one', () => {
  const home = temporaryFolder();
  const window = open(home, { exclusive: true });
  const command = open(home);
  let count = 0;
  const newId = () => `actor-${count++}`;
  const first = localActor(window.database, 'anna', newId);
  expect(first).toEqual({ id: 'actor-0', kind: 'person', name: 'anna' });
  expect(localActor(command.database, 'anna', newId)).toEqual(first);
  expect(localActor(command.database, 'bert', newId)).toMatchObject({ id: 'actor-1', name: 'bert' });
  window.close();
  command.close();
  const again = open(home);
  expect(localActor(again.database, 'anna', newId)).toEqual(first);
  again.close();
});
